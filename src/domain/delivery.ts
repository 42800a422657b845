/**
 * An activity to its bot, and what the outcome means to whoever sent it. Turns of one conversation start in the
 * order they are asked for; a bot that hangs holds up nothing but its own conversations.
 */

import type { ConversationId } from '../protocol/ids.ts'
import { botAnswerBytesMax, botRepliesBytesMax, defaultLimits, type Limits } from '../protocol/limits.ts'
import type { Authorization } from './bot-credentials.ts'
import type { BotAnswer, BotClient, BotEndpoint } from './bot-port.ts'
import type { Events } from './events.ts'
import { Gate } from './gate.ts'
import type { InFlight } from './in-flight.ts'
import type { Clock } from './ports.ts'
import type { Bot } from './sites.ts'
import type { TurnMarks } from './turn-marks.ts'

/** One call of a bot. */
export type Turn = {
  readonly conversation: ConversationId
  readonly bot: Bot
  /** What is posted: JSON text. */
  readonly body: string
  /** The Authorization header of a v1 bot. Those of others are had when their turn begins. */
  readonly authorization?: string | undefined
  /** Whether the text of the bot's answer is wanted. */
  readonly needsAnswer: boolean
  /** From now to the end of the bot's answer, waiting for a place included: milliseconds. */
  readonly timeoutMs: number
  /** Where its moments are taken down, if anybody watches. */
  readonly marks?: TurnMarks | undefined
}

/** What came of a turn. */
export type Delivered =
  | { readonly outcome: 'accepted'; readonly answer: string }
  /** `status`: what the bot answered, 504 if it gave none. */
  | { readonly outcome: 'failed'; readonly answered: boolean; readonly status: number; readonly message: string }

/** Gives what a turn carries: at once if it is at hand. Never rejects. */
export type Authorize = (turn: Turn) => Authorization | Promise<Authorization>

/** Where a bot is called. */
export const endpointOf = ({ id, endpoint, allowLinkLocal, allowSelfSigned }: Bot): BotEndpoint => ({
  bot: id,
  url: endpoint,
  allowLinkLocal,
  allowSelfSigned,
})

/** Takes turns. */
export class Delivery {
  readonly #bots: BotClient
  readonly #clock: Clock
  readonly #events: Events
  readonly #inFlight: InFlight
  readonly #authorize: Authorize
  readonly #perConversation: Gate<ConversationId>
  readonly #perBot: Gate<string>

  constructor(
    ports: { bots: BotClient; clock: Clock; events: Events; inFlight: InFlight; authorize: Authorize },
    limits: Pick<Limits, 'turnsPerConversation' | 'turnsPerBot'> = defaultLimits,
  ) {
    this.#bots = ports.bots
    this.#clock = ports.clock
    this.#events = ports.events
    this.#inFlight = ports.inFlight
    this.#authorize = ports.authorize
    this.#perConversation = new Gate(limits.turnsPerConversation)
    this.#perBot = new Gate(limits.turnsPerBot)
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
    const asked = this.#authorize(turn)
    if (!(asked instanceof Promise)) return this.#send(turn, asked, timeoutMs)
    const startedMs = this.#clock.monotonicMs()
    turn.marks?.asking()
    const authorization = await this.#atMost(timeoutMs, asked)
    turn.marks?.credited()
    const leftMs = timeoutMs - (this.#clock.monotonicMs() - startedMs)
    return this.#send(turn, authorization, Math.max(leftMs, 1))
  }

  async #send(turn: Turn, authorization: Authorization, timeoutMs: number): Promise<Delivered> {
    if (authorization.outcome === 'failed') {
      turn.marks?.refused(authorization.reason)
      return unauthorized(authorization.reason)
    }
    const answer = await this.#bots.call({
      conversation: turn.conversation,
      endpoint: endpointOf(turn.bot),
      activity: turn.body,
      authorization: turn.authorization ?? authorization.header,
      timeoutMs,
      answerBytesMax: turn.needsAnswer ? botRepliesBytesMax : botAnswerBytesMax,
      needsBody: turn.needsAnswer,
      watch: turn.marks,
    })
    turn.marks?.came(answer)
    return understood(answer)
  }

  async #atMost(ms: number, asked: Promise<Authorization>): Promise<Authorization> {
    let cancel: (() => void) | undefined
    const time = new Promise<Authorization>(resolve => {
      cancel = this.#clock.after(ms, () => resolve({ outcome: 'failed', reason: 'it took too long' }))
    })
    const authorization = await Promise.race([asked, time])
    cancel?.()
    return authorization
  }

  #noted(turn: Turn, delivered: Delivered): Delivered {
    turn.marks?.settled(delivered)
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

/** The bot has not answered in time. */
export const late: Delivered = {
  outcome: 'failed',
  answered: false,
  status: 504,
  message: 'Failed to send activity: bot timed out.',
}

const unauthorized = (reason: string): Delivered => ({
  outcome: 'failed',
  answered: false,
  status: 504,
  message: `Failed to send activity: there is no credential to show the bot (${reason}).`,
})

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
