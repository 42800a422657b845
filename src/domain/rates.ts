/**
 * How often something may be done, for each caller: the generic cell rate algorithm, which keeps one number for each
 * of them. The number is the moment from which a caller's whole burst would be free again.
 */
import type { Limits, Rate } from '../protocol/limits.ts'
import type { Events } from './events.ts'
import type { Clock } from './ports.ts'
import type { RateStore } from './rate-port.ts'
import { SharedRates } from './shared-rates.ts'

/** What there is a rate for. */
export type RateName = keyof Limits['rates']

/** How long until one more may be done: milliseconds, 0 for at once. */
export function waitMs(freeAtMs: number, nowMs: number, { perSecond, burst }: Rate): number {
  return Math.max(0, freeAtMs - nowMs - ((burst - 1) * 1000) / perSecond)
}

/** The number to keep once one more has been done. */
export const freeAtAfter = (freeAtMs: number, nowMs: number, { perSecond }: Rate): number =>
  Math.max(freeAtMs, nowMs) + 1000 / perSecond

/** Callers remembered at most, of each of the two generations of a rate. */
const rememberedMax = 100_000

/** The longest that anybody is held back: milliseconds. */
const delayMsMax = 15_000

/** How many are held back at once. */
const heldBackMax = 10_000

/**
 * The part of a rate that a caller may take at a node without the others being told: one of so many. Most callers never
 * take more, and those who are told of go by the whole rate wherever they are.
 */
const untoldParts = 8

/** What holding callers to rates needs. */
export type RatesPorts = {
  readonly clock: Clock
  /** Where several nodes count together, and who hears when they can't. Without it this node counts for itself. */
  readonly shared?: { readonly store: RateStore; readonly events: Events } | undefined
}

/** Holds callers to the rates. */
export class Rates {
  readonly #clock: Clock
  readonly #buckets: ReadonlyMap<RateName, Buckets>
  readonly #shared: SharedRates | undefined
  /** What nobody is told of; empty where nobody else counts. */
  readonly #untold: ReadonlyMap<RateName, Buckets>
  /** Ends the waits of those who are held back. */
  readonly #heldBack = new Set<() => void>()
  #isOver = false

  /** @param rates undefined: nobody is held to anything */
  constructor({ clock, shared }: RatesPorts, rates: Limits['rates'] | undefined, max: number = rememberedMax) {
    this.#clock = clock
    const named = rates === undefined ? [] : (Object.entries(rates) as [RateName, Rate][])
    this.#buckets = new Map(named.map(([name, rate]) => [name, new Buckets(rate, max)]))
    const apart = shared === undefined ? [] : named
    this.#untold = new Map(apart.map(([name, rate]) => [name, new Buckets(partOf(rate), max)]))
    this.#shared =
      shared &&
      new SharedRates({ ...shared, clock }, ({ rate, caller }, owedMs) =>
        this.#buckets.get(rate as RateName)?.owes(caller, clock.monotonicMs() + owedMs),
      )
  }

  /** One more of this caller: 0 if it may be, else the seconds to wait, and nothing has been counted. */
  take(name: RateName, key: string): number {
    const buckets = this.#buckets.get(name)
    if (buckets === undefined) return 0
    const ms = buckets.take(key, this.#clock.monotonicMs(), 0)
    if (ms <= 0) this.#tell(name, key, buckets)
    return ms / 1000
  }

  /**
   * One more of this caller, when its time has come. Answers false, at once, if that would take longer than 15 s or too
   * many are waiting: then it may not be.
   */
  async waitFor(name: RateName, key: string): Promise<boolean> {
    const buckets = this.#buckets.get(name)
    if (buckets === undefined || this.#isOver) return true
    const ms = buckets.take(key, this.#clock.monotonicMs(), this.#heldBack.size < heldBackMax ? delayMsMax : 0)
    if (ms > 0 && (ms > delayMsMax || this.#heldBack.size >= heldBackMax)) return false
    this.#tell(name, key, buckets)
    if (ms <= 0) return true
    await new Promise<void>(resolve => {
      const end = () => {
        cancel()
        this.#heldBack.delete(end)
        resolve()
      }
      const cancel = this.#clock.after(ms, end)
      this.#heldBack.add(end)
    })
    return true
  }

  /** Holds nobody back any more, and tells nobody: whoever waits may go on, because the service is stopping. */
  letGo(): void {
    this.#isOver = true
    this.#shared?.stop()
    for (const end of [...this.#heldBack]) end()
  }

  /** How many numbers are kept. */
  get remembered(): number {
    let sum = 0
    for (const buckets of this.#buckets.values()) sum += buckets.size
    return sum
  }

  /** One more has been taken, of which the other nodes are to hear if this caller takes more than its part. */
  #tell(rate: RateName, caller: string, { intervalMs }: Buckets): void {
    if (this.#shared === undefined) return
    const isMore =
      this.#shared.tells({ rate, caller }) ||
      (this.#untold.get(rate)?.take(caller, this.#clock.monotonicMs(), 0) ?? 0) > 0
    if (isMore) this.#shared.took({ rate, caller }, intervalMs)
  }
}

const partOf = ({ perSecond, burst }: Rate): Rate => ({
  perSecond: perSecond / untoldParts,
  burst: burst / untoldParts,
})

/**
 * The numbers of one rate, in two generations. Whoever comes is counted among the young. After as long as a full
 * burst takes to be free again the young become the old, and the old are dropped: nobody among them has come since,
 * so all of theirs is free, as if they had never come. A flood of callers brings that forward, which forgets the ones
 * who have been away longest.
 */
class Buckets {
  readonly #rate: Rate
  readonly #max: number
  #young = new Map<string, number>()
  #old = new Map<string, number>()
  #turnedMs = Number.NEGATIVE_INFINITY

  constructor(rate: Rate, max: number) {
    this.#rate = rate
    this.#max = max
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** What one takes is free again after so many milliseconds. */
  get intervalMs(): number {
    return 1000 / this.#rate.perSecond
  }

  /** All that a caller has taken will not be free before this moment. */
  owes(key: string, freeAtMs: number): void {
    const known = this.#young.get(key) ?? this.#old.get(key) ?? Number.NEGATIVE_INFINITY
    this.#young.set(key, Math.max(known, freeAtMs))
  }

  /** Counts one more unless it would have to wait longer than so many milliseconds. Answers how long it has to wait. */
  take(key: string, nowMs: number, patienceMs: number): number {
    const lifeMs = (this.#rate.burst * 1000) / this.#rate.perSecond + patienceMs
    if (nowMs - this.#turnedMs > lifeMs || this.#young.size >= this.#max) {
      this.#old = this.#young
      this.#young = new Map()
      this.#turnedMs = nowMs
    }
    const freeAtMs = this.#young.get(key) ?? this.#old.get(key) ?? nowMs
    const ms = waitMs(freeAtMs, nowMs, this.#rate)
    // Whoever is refused is kept among the young too: to go on asking is not to be away.
    this.#young.set(key, ms <= patienceMs ? freeAtAfter(freeAtMs, nowMs, this.#rate) : freeAtMs)
    return ms
  }
}
