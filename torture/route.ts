/**
 * The way of one client to the service: to one node for a while, and to the next one at once when that is gone or says
 * that it can't. Whatever stands in front of several nodes leads clients so.
 */

/** How many good answers come from one node before it is the next one's turn; else all would end up at the one that was never killed. */
const staysMax = 20

/** Where the service is: one node, and others that serve the same. */
export type Bases = {
  readonly base: string
  readonly others?: readonly string[]
}

/** The way of one client. */
export class Route {
  readonly #bases: readonly [string, ...string[]]
  #at = 0
  #stayed = 0

  constructor({ base, others = [] }: Bases) {
    this.#bases = [base, ...others]
  }

  /** Where it leads now. */
  get base(): string {
    return this.#bases[this.#at % this.#bases.length] ?? this.#bases[0]
  }

  /** Where it would lead next: the same where there is one node. */
  get next(): string {
    return this.#bases[(this.#at + 1) % this.#bases.length] ?? this.#bases[0]
  }

  /**
   * Hears how a call went.
   *
   * @param base where it went: whoever has moved on meanwhile is not moved again
   * @param status undefined where there was no answer
   */
  heard(base: string, status: number | undefined): void {
    if (base !== this.base) return
    this.#stayed += 1
    if (status !== undefined && status !== 503 && this.#stayed < staysMax) return
    this.#stayed = 0
    this.#at += 1
  }
}

/** The same nodes in another order, so that clients are spread over them. */
export function turned({ base, others = [] }: Bases, by: number): Required<Bases> {
  const bases = [base, ...others]
  const at = by % bases.length
  const [first = base, ...rest] = [...bases.slice(at), ...bases.slice(0, at)]
  return { base: first, others: rest }
}
