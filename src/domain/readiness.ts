/**
 * Whether the service may be sent work: whether what it is sent would be stored. Found out by storing something, and
 * only when somebody asks, so that an idle service does nothing.
 */
import type { Events } from './events.ts'
import type { StoreHealth } from './health-port.ts'
import type { Clock } from './ports.ts'

/** How long one commit proves that the next would succeed: milliseconds. */
const freshMs = 5_000

/** From this age on another is tried meanwhile, so that who asks every two seconds never waits: milliseconds. */
const renewMs = 2_500

/** How long whoever asks waits for a commit: milliseconds. */
const waitMs = 1_000

/** Knows whether a commit has succeeded of late. */
export class Readiness {
  readonly #ports: { readonly store: Pick<StoreHealth, 'probe'>; readonly clock: Clock; readonly events: Events }
  #committedMs = Number.NEGATIVE_INFINITY
  /** The one probe that is under way, however many ask. Never rejects. */
  #probing: Promise<void> | undefined

  constructor(ports: { readonly store: Pick<StoreHealth, 'probe'>; readonly clock: Clock; readonly events: Events }) {
    this.#ports = ports
  }

  /** Whether a commit has succeeded in the last 5 s. Tries one if need be, and answers within a second or so. */
  async isStoring(): Promise<boolean> {
    if (this.#ageMs() >= renewMs) {
      this.#probing ??= this.#probe().finally(() => {
        this.#probing = undefined
      })
    }
    if (this.#probing !== undefined && this.#ageMs() >= freshMs) await this.#soon(this.#probing)
    return this.#ageMs() < freshMs
  }

  async #probe(): Promise<void> {
    const { store, clock, events } = this.#ports
    try {
      await store.probe()
      this.#committedMs = clock.monotonicMs()
    } catch (error) {
      events({ event: 'fault', during: 'trying whether the store stores', error })
    }
  }

  async #soon(work: Promise<void>): Promise<void> {
    let cancel = (): void => undefined
    const late = new Promise<void>(resolve => {
      cancel = this.#ports.clock.after(waitMs, resolve)
    })
    await Promise.race([work, late])
    cancel()
  }

  #ageMs(): number {
    return this.#ports.clock.monotonicMs() - this.#committedMs
  }
}
