/**
 * Waiting for the thing itself: a condition is looked at again whenever something has changed, and never by the clock.
 */

/**
 * How long a test waits for something before it fails: milliseconds. Far longer than anything takes, as a machine with
 * two cores that is busy with something else stands still for seconds. No test waits for it to pass.
 */
export const patienceMs = 30_000

/** Something that changes, and those who wait for it to have become some way. */
export class Changes {
  readonly #waiting = new Set<() => void>()
  readonly #describe: () => string

  /** @param describe says what there is, for the message of a wait that was in vain */
  constructor(describe: () => string) {
    this.#describe = describe
  }

  /** Something has changed: everybody who waits looks again. */
  tell(): void {
    for (const look of [...this.#waiting]) look()
  }

  /**
   * Resolves with the first answer of `look` that is neither undefined nor false.
   *
   * @param what names what is waited for, in the error of a wait that was in vain
   */
  until<Found>(what: string, look: () => Found | undefined | false, timeoutMs = patienceMs): Promise<Found> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        let found: Found | undefined | false
        try {
          found = look()
        } catch (error) {
          end()
          reject(error)
          return
        }
        if (found === undefined || found === false) return
        end()
        resolve(found)
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`Waited ${timeoutMs} ms in vain for ${what}. There is: ${this.#describe()}`))
      }, timeoutMs)
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(attempt)
      }
      this.#waiting.add(attempt)
      attempt()
    })
  }
}

/** The same promise, rejected if it takes too long. */
export async function inTime<Result>(what: string, work: Promise<Result>, timeoutMs = patienceMs): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${timeoutMs} ms in vain for ${what}.`)), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
