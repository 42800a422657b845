/**
 * What the domain asks of the outside about how it fares: whether what is stored lasts, and how hard the process is
 * pressed. The comments are the contracts.
 */

/** What a store tells of itself. */
export interface StoreHealth {
  /**
   * Makes something durable that nobody sees, as slowly and as surely as any other change. Resolves once it is;
   * rejects if the store can't.
   */
  probe(): Promise<void>
  /** How long the change that waits longest for its commit has been waiting: milliseconds; 0 if none waits. */
  readonly waitingMs: number
}

/** How hard the process is pressed. */
export type Strain = {
  /** How long what arrived had to wait for its turn of the loop, for one in a hundred: milliseconds. */
  readonly loopLateMs: number
  /** Memory in use, of what the process may have: 1 is all of it. */
  readonly memoryShare: number
}

/** Measures the process. */
export interface Load extends Disposable {
  /** The strain since it was last asked for. Meant to be asked about twice a second. */
  measure(): Strain
}
