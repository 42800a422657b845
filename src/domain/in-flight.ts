/**
 * What is under way: work that a stop waits for.
 */

/** Counts work that has begun and not ended. */
export class InFlight {
  #count = 0
  #whenIdle: (() => void)[] = []

  /** Does the work and counts it until it has ended, well or not. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#count += 1
    try {
      return await work()
    } finally {
      this.#count -= 1
      if (this.#count === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    if (this.#count > 0) await new Promise<void>(resolve => this.#whenIdle.push(resolve))
  }
}
