/**
 * What is wrong with the bots now: one line for each kind of trouble of each bot, gone when it has been well for a
 * while.
 */
import type { BotHealth } from '../protocol/admin.ts'
import type { Problem, ProblemCode } from '../protocol/admin-problems.ts'
import type { BotId } from '../protocol/ids.ts'
import { problems as meanings } from '../protocol/problems.ts'
import type { Finding } from './diagnosis.ts'

/** How long a bot must have been well since a problem was last seen for it to be gone: milliseconds. */
const wellMs = 10 * 60 * 1000

/** What a connection proves wrong the moment it comes about. */
const connectionCodes: ReadonlySet<ProblemCode> = new Set([
  'BadUrl',
  'NameUnknown',
  'NobodyListens',
  'OtherFamilyOnly',
  'NoRoute',
  'TlsUntrusted',
  'TlsExpired',
  'TlsName',
])

/** Why a bot's answer is refused. */
const refusals = {
  Unauthenticated: 'its token is missing, expired or not one for this service',
  Forbidden: "the address or the token is another conversation's or another bot's",
  UnknownConversation: 'there is no such conversation',
} as const

type Refusal = keyof typeof refusals

/** Whether a failure says something about the bot that called. */
export const isRefusal = (failure: string): failure is Refusal => Object.hasOwn(refusals, failure)

type Line = {
  readonly bot: BotId
  readonly finding: Finding
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
  /** The first success since it was last seen: milliseconds since 1970. */
  readonly wellSinceMs: number | undefined
}

/** The problems of all bots. */
export class ProblemList {
  readonly #lines = new Map<string, Line>()
  readonly #changed: () => void

  /** @param changed called when the list is another */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#lines.size === 0
  }

  /** The problems, the newest first. */
  list(nowMs: number): readonly Problem[] {
    this.#forgetPast(nowMs)
    return [...this.#lines.values()]
      .sort((a, b) => b.lastMs - a.lastMs)
      .map(({ bot, finding, count, firstMs, lastMs }) => ({
        code: finding.code,
        bot,
        count,
        first: new Date(firstMs).toISOString(),
        last: new Date(lastMs).toISOString(),
        text: finding.text,
        fix: finding.fix,
      }))
  }

  /** A problem has been seen. */
  seen(bot: BotId, finding: Finding, nowMs: number): void {
    const key = keyOf(bot, finding.code)
    const known = this.#lines.get(key)
    this.#lines.set(key, {
      bot,
      finding,
      count: (known?.count ?? 0) + 1,
      firstMs: known?.firstMs ?? nowMs,
      lastMs: nowMs,
      wellSinceMs: undefined,
    })
    this.#changed()
  }

  /** A problem of this kind has been seen, of which no more is known than its code; a line that is there says more. */
  seenAgain(bot: BotId, code: ProblemCode, nowMs: number): void {
    const known = this.#lines.get(keyOf(bot, code))
    if (known === undefined) this.seen(bot, { code, text: meanings[code].means }, nowMs)
    else if (known.wellSinceMs !== undefined) this.seen(bot, known.finding, nowMs)
  }

  /** We have refused what a bot called for. */
  refused(bot: BotId, failure: Refusal, nowMs: number): void {
    this.seen(bot, { code: 'AnswerRefused', text: `The bot's answer was refused: ${refusals[failure]}.` }, nowMs)
  }

  /** A call of the bot has gone well. */
  well(bot: BotId, nowMs: number): void {
    this.connected(bot)
    for (const [key, line] of this.#lines) {
      if (line.bot === bot && line.wellSinceMs === undefined) this.#lines.set(key, { ...line, wellSinceMs: nowMs })
    }
  }

  /** The bot has accepted a connection. */
  connected(bot: BotId): void {
    this.#forgetWhere(line => line.bot === bot && connectionCodes.has(line.finding.code))
  }

  /** Something has been seen that shows that a problem is over. */
  over(bot: BotId, code: ProblemCode): void {
    if (this.#lines.delete(keyOf(bot, code))) this.#changed()
  }

  /** Forgets the problems of all other bots. */
  keepOnly(bots: ReadonlySet<BotId>): void {
    this.#forgetWhere(({ bot }) => !bots.has(bot))
  }

  /** How a bot was found by whoever watches them. */
  noteHealth(bot: BotId, { state, problem }: BotHealth, nowMs: number): void {
    if (state === 'up') this.connected(bot)
    else if (state === 'down' && problem !== undefined) {
      // What the watch found before and finds no more is over: only one thing can keep a connection from coming about.
      this.#forgetWhere(
        ({ bot: of, finding }) => of === bot && connectionCodes.has(finding.code) && finding.code !== problem,
      )
      this.seenAgain(bot, problem, nowMs)
    }
  }

  /** Forgets what is over. */
  #forgetPast(nowMs: number): void {
    this.#forgetWhere(({ wellSinceMs }) => wellSinceMs !== undefined && nowMs - wellSinceMs >= wellMs)
  }

  #forgetWhere(isOver: (line: Line) => boolean): void {
    let any = false
    for (const [key, line] of this.#lines) {
      if (!isOver(line)) continue
      this.#lines.delete(key)
      any = true
    }
    if (any) this.#changed()
  }
}

const keyOf = (bot: BotId, code: ProblemCode): string => `${code} ${bot}`
