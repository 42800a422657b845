/**
 * An activity to its bot, and what the outcome means to whoever sent it. Turns of one conversation start in the
 * order they are asked for; a bot that hangs holds up nothing but its own conversations.
 */

import type { Activity } from '../protocol/activity.ts'
import { parseActivity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { isObject, parseJson } from '../protocol/fields.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { botAnswerBytesMax, botRepliesBytesMax, turnsPerBotMax, turnsPerConversationMax } from '../protocol/limits.ts'
import type { Events } from './events.ts'
import { Gate } from './gate.ts'
import type { BotAnswer, BotClient, Clock } from './ports.ts'
import type { Bot } from './sites.ts'

/** One turn to be taken. */
export type Turn = {
  readonly conversation: ConversationId
  readonly bot: Bot
  /** The activity as JSON text. */
  readonly activity: string
  /** Whether the bot is asked to answer with its replies in the body. Never on an invoke: its body is the result. */
  readonly asksReplies: boolean
  /** From now to the end of the bot's answer, waiting for a place included: milliseconds. */
  readonly timeoutMs: number
}

/** What came of a turn. */
export type Delivered =
  | { readonly outcome: 'accepted'; readonly replies: readonly Activity[] }
  /** `status`: what the bot answered, 504 if it gave none. */
  | { readonly outcome: 'failed'; readonly status: number; readonly message: string }

/** Takes a turn and records the replies that come in its answer. */
export type TakeTurn = (turn: Turn) => Promise<Delivered>

/** Takes turns. */
export class Delivery {
  readonly #bots: BotClient
  readonly #clock: Clock
  readonly #events: Events
  readonly #perConversation = new Gate<ConversationId>(turnsPerConversationMax)
  readonly #perBot = new Gate<string>(turnsPerBotMax)
  #whenIdle: (() => void)[] = []

  constructor(ports: { bots: BotClient; clock: Clock; events: Events }) {
    this.#bots = ports.bots
    this.#clock = ports.clock
    this.#events = ports.events
  }

  /** Takes one turn. Never rejects: a bot being down is an outcome. */
  async deliver(turn: Turn): Promise<Delivered> {
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
      this.#tellIdle()
    }
  }

  /** Resolves when no turn is running. */
  async idle(): Promise<void> {
    if (this.#perConversation.running > 0) await new Promise<void>(resolve => this.#whenIdle.push(resolve))
  }

  /** Turns running now. */
  get running(): number {
    return this.#perConversation.running
  }

  async #call(turn: Turn, timeoutMs: number): Promise<Delivered> {
    if (timeoutMs <= 0) return late
    const needsBody = turn.asksReplies
    const answer = await this.#bots.call({
      endpoint: { bot: turn.bot.id, url: turn.bot.endpoint },
      conversation: turn.conversation,
      activity: needsBody ? askingForReplies(turn.activity) : turn.activity,
      timeoutMs,
      answerBytesMax: needsBody ? botRepliesBytesMax : botAnswerBytesMax,
      needsBody,
    })
    return understood(answer, needsBody)
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

  #tellIdle(): void {
    if (this.#whenIdle.length === 0 || this.#perConversation.running > 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }
}

const late: Delivered = { outcome: 'failed', status: 504, message: 'Failed to send activity: bot timed out.' }

/** Spliced in front of what was there: of two members of one name, readers take the last, and there is no other. */
const askingForReplies = (activity: string): string => `{"deliveryMode":"expectReplies",${activity.slice(1)}`

function understood(answer: BotAnswer, needsBody: boolean): Delivered {
  switch (answer.outcome) {
    case 'timedOut':
      return late
    case 'unreachable':
      return {
        outcome: 'failed',
        status: 504,
        message: `Failed to send activity: bot could not be reached (${answer.reason}).`,
      }
    case 'answered':
      if (answer.status < 200 || answer.status > 299) {
        return { outcome: 'failed', status: answer.status, message: 'Failed to send activity: bot returned an error.' }
      }
      return needsBody ? withReplies(answer.body) : { outcome: 'accepted', replies: [] }
    default:
      return answer satisfies never
  }
}

/** `{"activities":[…]}` as SDKs answer it; a bot that does not know the mode answers an empty body and calls back. */
function withReplies(body: string): Delivered {
  if (body.trim() === '') return { outcome: 'accepted', replies: [] }
  try {
    const answer = parseJson(body)
    const activities = isObject(answer) && Array.isArray(answer['activities']) ? answer['activities'] : []
    return { outcome: 'accepted', replies: activities.map(activity => parseActivity(withoutPrivateFields(activity))) }
  } catch (cause) {
    const why = cause instanceof ProtocolError ? cause.message : 'it is not JSON'
    return {
      outcome: 'failed',
      status: 502,
      message: `Failed to send activity: the bot's replies can't be read: ${why}`,
    }
  }
}

/** The Agents SDK leaks a private field into these bodies. */
function withoutPrivateFields(activity: unknown): unknown {
  return isObject(activity)
    ? Object.fromEntries(Object.entries(activity).filter(([name]) => name !== '_channelId'))
    : activity
}
