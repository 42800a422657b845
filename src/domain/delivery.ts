/**
 * An activity to its bot, and what the outcome means to whoever sent it. Turns of one conversation start in the
 * order they are asked for; a bot that hangs holds up nothing but its own conversations.
 */

import type { ConversationId } from '../protocol/ids.ts'
import { botAnswerBytesMax, botRepliesBytesMax, turnsPerBotMax, turnsPerConversationMax } from '../protocol/limits.ts'
import type { Events } from './events.ts'
import { Gate } from './gate.ts'
import type { InFlight } from './in-flight.ts'
import type { BotAnswer, BotClient, Clock } from './ports.ts'
import type { Bot } from './sites.ts'

/** One call of a bot. */
export type Turn = {
  readonly conversation: ConversationId
  readonly bot: Bot
  /** What is posted: JSON text. */
  readonly body: string
  /** The Authorization header, for bots that want one. */
  readonly authorization?: string | undefined
  /** Whether the text of the bot's answer is wanted. */
  readonly needsAnswer: boolean
  /** From now to the end of the bot's answer, waiting for a place included: milliseconds. */
  readonly timeoutMs: number
}

/** What came of a turn. */
export type Delivered =
  | { readonly outcome: 'accepted'; readonly answer: string }
  /** `status`: what the bot answered, 504 if it gave none. */
  | { readonly outcome: 'failed'; readonly answered: boolean; readonly status: number; readonly message: string }

/** Takes turns. */
export class Delivery {
  readonly #bots: BotClient
  readonly #clock: Clock
  readonly #events: Events
  readonly #inFlight: InFlight
  readonly #perConversation = new Gate<ConversationId>(turnsPerConversationMax)
  readonly #perBot = new Gate<string>(turnsPerBotMax)

  constructor(ports: { bots: BotClient; clock: Clock; events: Events; inFlight: InFlight }) {
    this.#bots = ports.bots
    this.#clock = ports.clock
    this.#events = ports.events
    this.#inFlight = ports.inFlight
  }

  /** Takes one turn. Never rejects: a bot being down is an outcome. */
  deliver(turn: Turn): Promise<Delivered> {
    return this.#inFlight.during(() => this.#deliver(turn))
  }

  async #deliver(turn: Turn): Promise<Delivered> {
    const startedMs = this.#clock.monotonicMs()
    const first = this.#perConversation.enter(turn.conversation)
    if (first !== undefined) await first
    try {
      const second = this.#perBot.enter(turn.bot.id)
      if (second !== undefined) await second
      try {
        return this.#noted(turn, await this.#call(turn, turn.timeoutMs - (this.#clock.monotonicMs() - startedMs)))
      } finally {
        this.#perBot.leave(turn.bot.id)
      }
    } finally {
      this.#perConversation.leave(turn.conversation)
    }
  }

  async #call(turn: Turn, timeoutMs: number): Promise<Delivered> {
    if (timeoutMs <= 0) return late
    const answer = await this.#bots.call({
      conversation: turn.conversation,
      endpoint: { bot: turn.bot.id, url: turn.bot.endpoint },
      activity: turn.body,
      authorization: turn.authorization,
      timeoutMs,
      answerBytesMax: turn.needsAnswer ? botRepliesBytesMax : botAnswerBytesMax,
      needsBody: turn.needsAnswer,
    })
    return understood(answer)
  }

  #noted(turn: Turn, delivered: Delivered): Delivered {
    if (delivered.outcome === 'failed') {
      this.#events({
        event: 'turnFailed',
        conversation: turn.conversation,
        bot: turn.bot.id,
        reason: delivered.message,
        status: delivered.status,
      })
    }
    return delivered
  }
}

const late: Delivered = {
  outcome: 'failed',
  answered: false,
  status: 504,
  message: 'Failed to send activity: bot timed out.',
}

function understood(answer: BotAnswer): Delivered {
  switch (answer.outcome) {
    case 'timedOut':
      return late
    case 'unreachable':
      return {
        outcome: 'failed',
        answered: false,
        status: 504,
        message: `Failed to send activity: bot could not be reached (${answer.reason}).`,
      }
    case 'answered':
      if (answer.status < 200 || answer.status > 299) {
        return {
          outcome: 'failed',
          answered: true,
          status: answer.status,
          message: 'Failed to send activity: bot returned an error.',
        }
      }
      return { outcome: 'accepted', answer: answer.body }
    default:
      return answer satisfies never
  }
}
