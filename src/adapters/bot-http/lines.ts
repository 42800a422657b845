/**
 * Calls of one conversation standing in line. A call that needs a new connection takes longer than one that finds a
 * free one; without a line the later of two could reach the bot first.
 */

/** One line for each key, for as long as somebody stands in it. */
export class Lines {
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Calls `begin` when everybody who joined this line before has called `next`: at once if nobody is there. */
  join(key: string, begin: () => void): void {
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      waiting.push(begin)
    } else {
      this.#waiting.set(key, [])
      begin()
    }
  }

  /** Whoever was first in line is done. Called once by each. */
  next(key: string): void {
    const begin = this.#waiting.get(key)?.shift()
    if (begin === undefined) this.#waiting.delete(key)
    else begin()
  }
}
