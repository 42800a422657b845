/**
 * Bots that accept every turn and say nothing: what they answer goes somewhere else. Counted for each bot, because a bot
 * that reaches us at all reaches us for every conversation. Only a service of one node can count so: where there are
 * several, a bot's turn is at one and its answer may come to another.
 */
import type { BotId } from '../protocol/ids.ts'
import type { Bot } from './sites.ts'

/** Turns in a row without any answer that look like trouble. */
const turnsMax = 3

/** How long an answer to the last of them may still take: milliseconds. */
const answerMs = 5_000

type Heard = {
  /** Whether it has ever been heard. */
  speaks: boolean
  /** Turns accepted since it was last heard. */
  accepted: number
  /** When the last turn that was counted was accepted: milliseconds of the monotonic clock. */
  acceptedMs: number
}

/** Listens for silence. */
export class Silence {
  readonly #bots = new Map<BotId, Heard>()

  /** The bot has accepted a message. */
  accepted(bot: Bot, nowMs: number): void {
    const heard = this.#of(bot.id)
    // A bot that answers in its turns and has never called is not waited for.
    if (heard.accepted >= turnsMax || (bot.expectReplies && !heard.speaks)) return
    heard.accepted += 1
    heard.acceptedMs = nowMs
  }

  /** The bot has said something. */
  heard(bot: BotId): void {
    const heard = this.#of(bot)
    heard.speaks = true
    heard.accepted = 0
  }

  /** Whether what a bot says arrives: undefined where there have been too few turns to know. */
  isHeard(bot: BotId, nowMs: number): boolean | undefined {
    const heard = this.#bots.get(bot)
    if (heard?.speaks && heard.accepted < turnsMax) return true
    return this.silent(nowMs).includes(bot) ? false : undefined
  }

  /** Forgets all other bots. */
  keepOnly(bots: ReadonlySet<BotId>): void {
    for (const bot of this.#bots.keys()) if (!bots.has(bot)) this.#bots.delete(bot)
  }

  /** The bots that are silent now. */
  silent(nowMs: number): readonly BotId[] {
    return [...this.#bots].flatMap(([bot, { accepted, acceptedMs }]) =>
      accepted >= turnsMax && nowMs - acceptedMs >= answerMs ? [bot] : [],
    )
  }

  #of(bot: BotId): Heard {
    let heard = this.#bots.get(bot)
    if (heard === undefined) {
      heard = { speaks: false, accepted: 0, acceptedMs: 0 }
      this.#bots.set(bot, heard)
    }
    return heard
  }
}
