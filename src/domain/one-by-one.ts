/**
 * Changes that must not overtake each other, because each reads what it writes.
 */
import { ProtocolError } from '../protocol/errors.ts'

/** What a change was made from is not what is kept any more: another node has changed it meanwhile. Nothing was done. */
export class OvertakenError extends Error {}

/** How often a change that was overtaken is made again. */
const triesMax = 10

/** Lets one change begin when the one before it has ended, however that ended. */
export class OneByOne {
  readonly #catchUp: (() => Promise<void>) | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @param catchUp takes up what other nodes have changed; done before each change. Undefined: there are none */
  constructor(catchUp?: () => Promise<void>) {
    this.#catchUp = catchUp
  }

  /**
   * Makes the change when its turn has come. One that throws an OvertakenError is made again, from what is kept then.
   *
   * @throws ProtocolError `Unavailable` if it was overtaken all the time; what the change throws
   */
  do<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = this.#last.then(() => this.#make(change))
    // Whoever asked for it hears of a failure.
    this.#last = changed.catch(() => undefined)
    return changed
  }

  async #make<Result>(change: () => Promise<Result>): Promise<Result> {
    for (let tried = 1; ; tried += 1) {
      await this.#catchUp?.()
      try {
        return await change()
      } catch (error) {
        if (!(error instanceof OvertakenError)) throw error
        if (tried < triesMax) continue
        throw new ProtocolError('Unavailable', 'Others are changing the same all the time.', { cause: error })
      }
    }
  }
}
