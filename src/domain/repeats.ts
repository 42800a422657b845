/**
 * The same thing asked for twice while the first is still on its way, and for a little while after: the second gets
 * the outcome of the first.
 */

/** Outcomes kept after their work has ended; beyond it the oldest go. */
const keptMax = 5_000

/** Shares work by its key. */
export class Repeats<Result> {
  readonly #running = new Map<string, Promise<Result>>()
  readonly #kept = new Map<string, Result>()

  /**
   * Does the work unless the same key is at work now; then the outcome is shared, a failure too. Without a key the
   * work is simply done.
   *
   * @param keep whether a good outcome answers the key from then on, for what no log remembers
   */
  share(key: string | undefined, keep: boolean, work: () => Promise<Result>): Promise<Result> {
    if (key === undefined) return work()
    const kept = this.#kept.get(key)
    if (kept !== undefined) return Promise.resolve(kept)
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const begun = work().then(
      result => {
        this.#running.delete(key)
        if (keep) this.#keep(key, result)
        return result
      },
      (error: unknown) => {
        this.#running.delete(key)
        throw error
      },
    )
    this.#running.set(key, begun)
    return begun
  }

  #keep(key: string, result: Result): void {
    const oldest = this.#kept.size >= keptMax ? this.#kept.keys().next() : undefined
    if (oldest?.done === false) this.#kept.delete(oldest.value)
    this.#kept.set(key, result)
  }
}
