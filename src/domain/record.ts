/**
 * Where a thing happens: an activity is appended to the log and announced. And its counterpart for what is only
 * shown: an activity gets an id and goes to whoever listens, and nothing keeps it.
 */
import { placed } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { ActivityId, ConversationId } from '../protocol/ids.ts'
import { beginning, ephemeralIdAfter, type Position } from '../protocol/watermark.ts'
import type { Hub } from './hub.ts'
import type { Appended, Bus, Clock, Conversation, ConversationStore, Replaced, TurnState } from './ports.ts'
import type { ReplyMarks } from './reply-marks.ts'
import type { Bot } from './sites.ts'
import type { StampedActivity } from './stamp.ts'
import type { Tails } from './tails.ts'
import type { TurnMarks } from './turn-marks.ts'

/** An activity that has its place. */
export type Recorded = {
  readonly id: ActivityId
  readonly timestampMs: number
  readonly position: Position
  /** Undefined: it has just been appended. Otherwise its key had been seen: how its turn stands. */
  readonly repeated: TurnState | undefined
}

/** Where an activity belongs, and by what it is known when it is sent again. */
export type Place = {
  readonly conversation: ConversationId
  readonly bot: Bot
  readonly key: string | undefined
  /** Whether the bot takes a turn on it. */
  readonly takesTurn?: boolean
  /** Where a client's activity, and where a bot's, has its moments taken down, if anybody watches. */
  readonly marks?: TurnMarks | undefined
  readonly reply?: ReplyMarks | undefined
}

/** Ephemeral ids grow by at least one in this many parts of a millisecond. */
const ordersPerMs = 16

/** How often is looked what has come of another node's turn: milliseconds. */
const lookEveryMs = 100

/** Records and shows activities. */
export class Recorder {
  readonly #store: ConversationStore
  readonly #tails: Tails
  readonly #bus: Bus
  readonly #hub: Hub
  readonly #clock: Clock
  #lastOrder = 0

  constructor(ports: { store: ConversationStore; tails: Tails; bus: Bus; hub: Hub; clock: Clock }) {
    this.#store = ports.store
    this.#tails = ports.tails
    this.#bus = ports.bus
    this.#hub = ports.hub
    this.#clock = ports.clock
  }

  /**
   * Appends an activity. It is durable when this resolves.
   *
   * @param announce whether listeners are told at once; if not, `announce` must follow
   * @throws ProtocolError `UnknownConversation`, `ConversationFull`
   */
  async append(place: Place, activity: StampedActivity, announce: boolean): Promise<Recorded> {
    const { conversation, bot, key, takesTurn = false, marks, reply } = place
    const atMs = this.#clock.nowMs()
    marks?.appending()
    const appended = await this.#store.append({ conversation, bot: bot.id, activity, atMs, key, takesTurn })
    if (appended.outcome === 'repeated') {
      marks?.stored(appended.position)
    } else if (appended.outcome === 'appended') {
      marks?.stored(appended.entry.position)
      reply?.stored(appended.entry.position)
      this.#tails.appended(conversation, appended.entry)
    }
    const recorded = this.#told(conversation, appended, announce)
    if (recorded.repeated === undefined) reply?.pushed(this.#hub.listenersOf(conversation))
    return recorded
  }

  /**
   * As `append`, for an activity on which the bot takes a turn: while another node is in a turn on the same one, this
   * waits for what comes of that. What has still not come after `patienceMs` is answered as `underWay`.
   */
  async begin(place: Place, activity: StampedActivity, announce: boolean, patienceMs: number): Promise<Recorded> {
    const untilMs = this.#clock.monotonicMs() + patienceMs
    for (;;) {
      const recorded = await this.append(place, activity, announce)
      if (recorded.repeated !== 'underWay' || this.#clock.monotonicMs() >= untilMs) return recorded
      await new Promise<void>(resolve => this.#clock.after(lookEveryMs, resolve))
    }
  }

  /**
   * Puts an activity in the place of one of its id.
   *
   * @param target the position in the id
   * @param erase whether the text that gives way is removed for good
   * @throws ProtocolError `UnknownActivity`, `UnknownConversation`, `ConversationFull`
   */
  async replace(place: Place, target: Position, activity: StampedActivity, erase: boolean): Promise<Recorded> {
    const { conversation, bot, key } = place
    const atMs = this.#clock.nowMs()
    const replaced = await this.#store.replace({ conversation, bot: bot.id, activity, atMs, key, target, erase })
    this.#tails.forget(conversation)
    return this.#told(conversation, replaced, true)
  }

  /** Tells listeners that there is something to read. */
  announce(conversation: ConversationId, position: Position): void {
    this.#bus.announce({ conversation, position })
  }

  /** Gives an activity an id and a time of its own, without a place in the log. */
  ephemeral(conversation: Conversation): { readonly id: ActivityId; readonly timestampMs: number } {
    const nowMs = this.#clock.nowMs()
    this.#lastOrder = Math.max(this.#lastOrder + 1, nowMs * ordersPerMs)
    return {
      id: ephemeralIdAfter(conversation.id, conversation.last, this.#lastOrder),
      timestampMs: Math.max(nowMs, conversation.lastTimestampMs + 1),
    }
  }

  /**
   * Shows an activity to whoever listens now, behind what the log holds by now; but for a bot whose users' activities are
   * shown when its turn has ended, they come later.
   */
  show(
    conversation: Conversation,
    bot: Pick<Bot, 'echo'>,
    activity: StampedActivity,
  ): { readonly id: ActivityId; readonly timestampMs: number } {
    const given = this.ephemeral(conversation)
    const { id, last } = conversation
    const shown = { text: placed(activity.rest, given.id, given.timestampMs), audience: activity.audience }
    this.#bus.announce({ conversation: id, position: bot.echo === 'before' ? last : beginning, shown })
    return given
  }

  #told(conversation: ConversationId, appended: Appended | Replaced, announce: boolean): Recorded {
    switch (appended.outcome) {
      case 'appended':
        if (announce) this.#bus.announce({ conversation, position: appended.entry.position, entry: appended.entry })
        return {
          id: appended.id,
          timestampMs: appended.timestampMs,
          position: appended.entry.position,
          repeated: undefined,
        }
      case 'repeated':
        return {
          id: appended.id,
          timestampMs: appended.timestampMs,
          position: appended.position,
          repeated: appended.turn,
        }
      case 'full':
        throw new ProtocolError('ConversationFull', 'The conversation has reached the most activities it can hold.')
      case 'unknown':
        throw new ProtocolError('UnknownConversation', 'Unknown conversation.')
      case 'missing':
        throw new ProtocolError('UnknownActivity', 'The conversation has no such activity.')
      default:
        return appended satisfies never
    }
  }
}
