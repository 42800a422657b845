/**
 * Changes that must not overtake each other, because each reads what it writes.
 */

/** Lets one change begin when the one before it has ended, however that ended. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve()

  /** Makes the change when its turn has come. */
  do<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = this.#last.then(change)
    // Whoever asked for it hears of a failure.
    this.#last = changed.catch(() => undefined)
    return changed
  }
}
