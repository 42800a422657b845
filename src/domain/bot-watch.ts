/**
 * Whether bots are there, watched while somebody looks: their names and their ports, never anything they would notice as
 * a turn. So people are told that a bot is down before anybody has written to it, and that it is back.
 */
import type { BotHealth } from '../protocol/admin.ts'
import type { BotId } from '../protocol/ids.ts'
import type { Clock } from './ports.ts'
import type { BotProbe } from './probe-port.ts'
import { reach } from './reach.ts'
import type { Bot, Sites } from './sites.ts'

type BotWatchPorts = {
  readonly probe: BotProbe
  readonly clock: Clock
  readonly sites: Pick<Sites, 'bot' | 'bots'>
  /** Hears of a bot whose health has changed, or has been found out for the first time. Must not throw. */
  readonly noteHealth?: ((bot: BotId, health: BotHealth) => void) | undefined
}

type Watched = {
  readonly endpoint: string
  health: BotHealth
  /** When it is looked at next: by the monotonic clock. */
  dueMs: number
  /** How long to wait after the next look if it finds what the last one found. */
  waitMs: number
  isRunning: boolean
}

/** How often it is seen which bots are due: milliseconds. A bot that has just changed is looked at as often. */
const roundMs = 1_000

/** How long a bot that does not change is left alone: milliseconds. */
const waitMsMax = 10_000

/** Bots looked at at once: the others wait until one of these has been. */
const looksMax = 8

/** How long the watch goes on after somebody has looked: milliseconds. */
const watchedMs = 60_000

const unknown: BotHealth = { state: 'unknown' }

/**
 * Watches the bots there are while somebody looks, at the console or by the admin API. A bot to which nobody looks is
 * called by messages alone: connections it can't explain would worry whoever runs it.
 */
export class BotWatch {
  readonly #ports: BotWatchPorts
  readonly #watched = new Map<BotId, Watched>()
  #running = 0
  /** Whether bots are due that have found no place. */
  #isBehind = false
  #isStopped = false
  /** By the monotonic clock. */
  #watchedUntilMs = Number.NEGATIVE_INFINITY
  /** Undefined: nobody looks. */
  #cancel: (() => void) | undefined

  constructor(ports: BotWatchPorts) {
    this.#ports = ports
  }

  /** Somebody looks: the bots are watched for the next minute. */
  looked(): void {
    if (this.#isStopped) return
    this.#watchedUntilMs = this.#ports.clock.monotonicMs() + watchedMs
    if (this.#cancel === undefined) this.#next(0)
  }

  /** How a bot was found when it was last looked at, where it is now. */
  healthOf(id: BotId): BotHealth {
    const watched = this.#watched.get(id)
    return watched !== undefined && this.#ports.sites.bot(id)?.endpoint === watched.endpoint ? watched.health : unknown
  }

  /** A bot may have changed: it is looked at as soon as may be, and often for a while, if anybody looks. */
  lookSoon(bot: BotId): void {
    const watched = this.#watched.get(bot)
    if (watched === undefined || this.#isStopped) return
    watched.waitMs = roundMs
    watched.dueMs = this.#ports.clock.monotonicMs()
    // Whoever has just asked goes on first.
    if (this.#cancel !== undefined) this.#next(0)
  }

  /** Looks no more. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #next(ms: number): void {
    this.#cancel?.()
    this.#cancel = this.#ports.clock.after(ms, () => this.#round())
  }

  #round(): void {
    this.#cancel = undefined
    if (this.#ports.clock.monotonicMs() > this.#watchedUntilMs) return
    this.#next(roundMs)
    const { bots } = this.#ports.sites
    const ids = new Set(bots.map(({ id }) => id))
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id)
    this.#lookAtDue(bots)
  }

  /** Those that have waited longest come first, so that nobody's turn never comes. */
  #lookAtDue(bots: readonly Bot[]): void {
    const nowMs = this.#ports.clock.monotonicMs()
    const due = bots
      .map(bot => ({ bot, watched: this.#watchedOf(bot, nowMs) }))
      .filter(({ watched }) => !watched.isRunning && watched.dueMs <= nowMs)
      .sort((one, other) => one.watched.dueMs - other.watched.dueMs)
    const places = Math.max(looksMax - this.#running, 0)
    this.#isBehind = due.length > places
    for (const { bot, watched } of due.slice(0, places)) void this.#look(bot, watched)
  }

  #watchedOf(bot: Bot, nowMs: number): Watched {
    const known = this.#watched.get(bot.id)
    if (known?.endpoint === bot.endpoint) return known
    const watched = { endpoint: bot.endpoint, health: unknown, dueMs: nowMs, waitMs: roundMs, isRunning: false }
    this.#watched.set(bot.id, watched)
    return watched
  }

  async #look(bot: Bot, watched: Watched): Promise<void> {
    this.#running += 1
    watched.isRunning = true
    try {
      const { problem } = await reach(this.#ports, bot, {
        ...{ tls: false, otherPorts: false, mayAcceptCertificate: false, needsPath: false },
      })
      const at = new Date(this.#ports.clock.nowMs()).toISOString()
      this.#note(
        bot.id,
        watched,
        problem === undefined ? { state: 'up', at } : { state: 'down', at, problem: problem.code },
      )
    } finally {
      this.#running -= 1
      watched.isRunning = false
      watched.dueMs = this.#ports.clock.monotonicMs() + watched.waitMs
      if (this.#isBehind && !this.#isStopped) this.#lookAtDue(this.#ports.sites.bots)
    }
  }

  #note(id: BotId, watched: Watched, health: BotHealth): void {
    const { state, problem } = watched.health
    const isSame = state === health.state && problem === health.problem
    watched.health = health
    watched.waitMs = isSame ? Math.min(watched.waitMs * 2, waitMsMax) : roundMs
    // What has been looked at may have been taken away or moved meanwhile.
    if (!isSame && !this.#isStopped && this.#watched.get(id) === watched) this.#ports.noteHealth?.(id, health)
  }
}
