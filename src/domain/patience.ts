/**
 * Waiting for a store that can't serve now. Many clients take any error for the end, so it is better to keep them
 * waiting for a moment than to tell them.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { Events } from './events.ts'
import type { Clock } from './ports.ts'

/** How often the store is tried: milliseconds. */
const retryMs = 100

/** Tries again what the store could not do. Only for what may be done twice. */
export class Patience {
  readonly #clock: Clock
  readonly #events: Events

  constructor(ports: { clock: Clock; events: Events }) {
    this.#clock = ports.clock
    this.#events = ports.events
  }

  /**
   * Does the work, again and again while the store fails.
   *
   * @param ms how long it may take
   * @throws ProtocolError what the work refuses, and `Unavailable` when the time is over
   */
  async during<Result>(ms: number, work: () => Promise<Result>): Promise<Result> {
    const untilMs = this.#clock.monotonicMs() + ms
    for (let tried = 0; ; tried += 1) {
      try {
        return await work()
      } catch (error) {
        if (error instanceof ProtocolError && error.failure !== 'Unavailable') throw error
        if (tried === 0) this.#events({ event: 'fault', during: 'asking the store', error })
        if (this.#clock.monotonicMs() >= untilMs) throw unavailable(error)
        await new Promise<void>(resolve => this.#clock.after(retryMs, resolve))
      }
    }
  }
}

/** What a caller is told when the store has failed. */
const unavailable = (cause: unknown): ProtocolError =>
  cause instanceof ProtocolError
    ? cause
    : new ProtocolError('Unavailable', 'The service cannot do this now.', { cause })
