/**
 * A bound on how many things of one kind run at once, first come, first served.
 */

type Queue = { running: number; readonly waiting: (() => void)[] }

/** Lets `max` callers of each key in at once; further ones wait in the order they came. */
export class Gate<Key> {
  readonly #max: number
  readonly #queues = new Map<Key, Queue>()

  constructor(max: number) {
    this.#max = max
  }

  /**
   * Enters at once and answers undefined if there is room, else answers a promise that resolves on entry. Callers
   * enter in the order of their calls. Every entry is followed by one `leave`.
   */
  enter(key: Key): Promise<void> | undefined {
    const queue = this.#queues.get(key)
    if (queue === undefined) {
      this.#queues.set(key, { running: 1, waiting: [] })
      return undefined
    }
    if (queue.running < this.#max) {
      queue.running += 1
      return undefined
    }
    return new Promise(resolve => queue.waiting.push(resolve))
  }

  /** Gives the place to whoever waits longest. */
  leave(key: Key): void {
    const queue = this.#queues.get(key)
    if (queue === undefined) return
    const following = queue.waiting.shift()
    if (following !== undefined) following()
    else if (queue.running > 1) queue.running -= 1
    else this.#queues.delete(key)
  }
}
