/**
 * How far a long command has come: one line on a terminal, once it takes long enough to be wondered about, gone at the
 * end.
 */
import type { CommonOptions } from './context.ts'

/** Before this nobody wonders: milliseconds. */
const patienceMs = 500

/** How often the line changes: milliseconds. */
const everyMs = 100

/** A line of progress on standard error. Disposing it takes the line away. */
export class Progress implements Disposable {
  readonly #what: string
  readonly #isShown: boolean
  readonly #startedMs = performance.now()
  #toldMs = 0
  #isThere = false

  /** @param what is counted */
  constructor(what: string, { json, quiet }: CommonOptions) {
    this.#what = what
    this.#isShown = process.stderr.isTTY === true && json !== true && quiet !== true
  }

  /** Says how much is done. May be called as often as one likes. */
  tell(done: number, total?: number): void {
    const nowMs = performance.now()
    const takenMs = nowMs - this.#startedMs
    if (!this.#isShown || takenMs < patienceMs || nowMs - this.#toldMs < everyMs) return
    this.#toldMs = nowMs
    this.#isThere = true
    const of = total === undefined ? '' : ` of ${total}`
    process.stderr.write(`\r\u001b[K${done}${of} ${this.#what}, ${((done * 1000) / takenMs).toFixed(1)}/s`)
  }

  [Symbol.dispose](): void {
    if (this.#isThere) process.stderr.write('\r\u001b[K')
    this.#isThere = false
  }
}
