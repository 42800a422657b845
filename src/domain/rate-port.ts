/**
 * What nodes ask of the store they share, so that a caller who goes to several of them is held to one rate. The comments
 * are the contract; `test/contract/postgres-rates.test.ts` holds the adapter to it.
 */

/** What a caller has taken of a rate at one node. */
export type Taken = {
  readonly rate: string
  /** Any string. */
  readonly caller: string
  /** How long it takes until as much is free again: milliseconds. */
  readonly ms: number
}

/** What callers have taken at all nodes together. It is of this moment: a server that stops may forget it. */
export interface RateStore {
  /**
   * Adds what has been taken here; each caller stands once for a rate. Answers, in their order, how long it takes from
   * now until all that each has taken anywhere is free again: milliseconds. Rejects while the store does not answer.
   */
  add(taken: readonly Taken[]): Promise<readonly number[]>
}
