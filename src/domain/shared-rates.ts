/**
 * Several nodes, one rate: what a caller takes at one node is told to the store they share, and what it has taken at the
 * others is heard there. Nobody waits for that: a call is let in or refused by what is known here.
 */
import type { Events } from './events.ts'
import type { Clock } from './ports.ts'
import type { RateStore, Taken } from './rate-port.ts'

/** How often a node tells: milliseconds. Until then each goes by what it knew. */
const tellEveryMs = 250

/** For how long everything a caller takes is told after it has last taken something: milliseconds. */
const keepMs = 10_000

/** A caller at a rate. */
export type Caller = { readonly rate: string; readonly caller: string }

/** One who is told of: what it has taken since it was last told, and when it last took something. */
type Told = Caller & { ms: number; atMs: number }

type SharedRatesPorts = { readonly store: RateStore; readonly clock: Clock; readonly events: Events }

/** Tells of callers, and hears of them. */
export class SharedRates {
  readonly #ports: SharedRatesPorts
  readonly #heard: (caller: Caller, owedMs: number) => void
  readonly #told = new Map<string, Told>()
  #cancel: (() => void) | undefined
  #isTelling = false
  #hasFailed = false
  #isStopped = false

  /** @param heard is told in how long all that a caller has taken anywhere is free again, as of now: milliseconds */
  constructor(ports: SharedRatesPorts, heard: (caller: Caller, owedMs: number) => void) {
    this.#ports = ports
    this.#heard = heard
  }

  /** Whether everything this caller takes is told at present. */
  tells(caller: Caller): boolean {
    return this.#told.has(nameOf(caller))
  }

  /** A caller has taken something. @param ms how long until as much is free again */
  took({ rate, caller }: Caller, ms: number): void {
    if (this.#isStopped) return
    const name = nameOf({ rate, caller })
    const atMs = this.#ports.clock.monotonicMs()
    const told = this.#told.get(name)
    if (told === undefined) this.#told.set(name, { rate, caller, ms, atMs })
    else {
      told.ms += ms
      told.atMs = atMs
    }
    if (!this.#isTelling) this.#tellSoon()
  }

  /** Tells nothing any more. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #tellSoon(): void {
    this.#cancel ??= this.#ports.clock.after(tellEveryMs, () => void this.#tell())
  }

  async #tell(): Promise<void> {
    this.#cancel = undefined
    this.#isTelling = true
    const news = this.#news()
    try {
      if (news.length > 0) this.#hear(news, await this.#ports.store.add(news))
    } catch (error) {
      this.#failed(error)
    }
    this.#isTelling = false
    if (this.#told.size > 0 && !this.#isStopped) this.#tellSoon()
  }

  /** What has been taken since it was last told. What can't be told is let go: it would be of another moment later. */
  #news(): readonly Taken[] {
    const beforeMs = this.#ports.clock.monotonicMs() - keepMs
    const news: Taken[] = []
    for (const [name, told] of this.#told) {
      if (told.ms > 0) news.push({ rate: told.rate, caller: told.caller, ms: told.ms })
      else if (told.atMs < beforeMs) this.#told.delete(name)
      told.ms = 0
    }
    return news
  }

  /**
   * To the store all has been taken when it was told, which was up to a moment later: that much is let pass. What has
   * been taken while it was asked is not yet in its answer.
   */
  #hear(news: readonly Taken[], owedMs: readonly number[]): void {
    this.#hasFailed = false
    for (const [at, caller] of news.entries()) {
      const sinceMs = this.#told.get(nameOf(caller))?.ms ?? 0
      this.#heard(caller, (owedMs[at] ?? 0) - tellEveryMs + sinceMs)
    }
  }

  /** One line for a store that is away, not four a second. */
  #failed(error: unknown): void {
    if (!this.#hasFailed && !this.#isStopped)
      this.#ports.events({ event: 'fault', during: 'counting callers together with other nodes', error })
    this.#hasFailed = true
  }
}

const nameOf = ({ rate, caller }: Caller): string => `${rate}\n${caller}`
