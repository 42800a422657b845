/**
 * What becomes of an activity that a client may post: it is recorded and shown, only shown, or neither; and its bot takes
 * a turn on it.
 */
import type { Activity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { type ActivityId, activityId, type ConversationId } from '../protocol/ids.ts'
import type { Position } from '../protocol/watermark.ts'
import { type Delivered, late } from './delivery.ts'
import type { Events } from './events.ts'
import type { Joins } from './joins.ts'
import type { Clock, Conversation, ConversationStore, Member, Random } from './ports.ts'
import type { Recorded, Recorder } from './record.ts'
import type { Bot } from './sites.ts'
import type { StampedForBot } from './stamp.ts'
import { type TakeTurn, turnTimeoutMs } from './turn.ts'
import type { TurnMarks } from './turn-marks.ts'

type SendingPorts = {
  readonly store: ConversationStore
  readonly recorder: Recorder
  readonly joins: Joins
  readonly takeTurn: TakeTurn
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
}

/** An activity on its way. */
export type Sent = {
  readonly conversation: Conversation
  readonly bot: Bot
  readonly sender: Member
  /** As it came, and as it is from then on. */
  readonly activity: Activity
  readonly stamped: StampedForBot
  /** Where the moments of its turn are taken down, if anybody watches. */
  readonly marks: TurnMarks | undefined
  /** When the client asked: monotonic milliseconds. */
  readonly startedMs: number
}

/** Length of the ids of activities that only the bot sees. */
const unseenIdCharacters = 11

/** The ways an activity goes. Each resolves with its id when the bot has accepted it. @throws ProtocolError `BotFailed` */
export class Sending {
  readonly #ports: SendingPorts

  constructor(ports: SendingPorts) {
    this.#ports = ports
  }

  /**
   * Logged, shown, and delivered to the bot, in this order. What has been sent before under this key is delivered only
   * if the bot has not accepted it, and no other node is in its turn on it.
   *
   * @throws ProtocolError also `UnknownConversation`, `ConversationFull`
   */
  async record(sent: Sent, key: string | undefined): Promise<ActivityId> {
    const { recorder } = this.#ports
    const { bot, conversation, stamped, marks } = sent
    const isShownFirst = bot.echo === 'before'
    const place = { conversation: conversation.id, bot, key, takesTurn: key !== undefined, marks }
    const recorded = await recorder.begin(place, stamped, isShownFirst, this.#timeoutMs(sent))
    if (recorded.repeated === 'accepted') return recorded.id
    if (recorded.repeated === 'underWay') refuseUndelivered(late)
    let isAccepted = false
    try {
      const delivered = await this.#deliver(sent, recorded)
      if (!isShownFirst) recorder.announce(conversation.id, recorded.position)
      refuseUndelivered(delivered)
      isAccepted = true
      return recorded.id
    } finally {
      if (key !== undefined) this.#note(conversation.id, recorded.position, isAccepted)
    }
  }

  /** Shown to whoever listens, and delivered to the bot. */
  show(sent: Sent): Promise<ActivityId> {
    return this.#unrecorded(sent, this.#ports.recorder.show(sent.conversation, sent.bot, sent.stamped))
  }

  /** Delivered to the bot alone. Whoever tells it so that they have joined is a member, and it is not told again. */
  async hide(sent: Sent): Promise<ActivityId> {
    const { random, recorder, store, joins } = this.#ports
    const { activity, bot, conversation, sender } = sent
    const id = activityId(random.text(unseenIdCharacters))
    await this.#unrecorded(sent, { id, timestampMs: recorder.ephemeral(conversation).timestampMs })
    if (activity.type === 'conversationUpdate' && activity.membersAdded?.some(member => member.id === sender.id)) {
      await store.join(conversation.id, bot.id, sender)
      await store.announced(conversation.id, [sender.id])
      joins.note(conversation.id, sender.id, true)
    }
    return id
  }

  async #unrecorded(sent: Sent, given: Pick<Recorded, 'id' | 'timestampMs'>): Promise<ActivityId> {
    refuseUndelivered(await this.#deliver(sent, given))
    return given.id
  }

  #deliver(sent: Sent, given: Pick<Recorded, 'id' | 'timestampMs'>): Promise<Delivered> {
    const { bot, conversation, stamped, marks } = sent
    return this.#ports.takeTurn({
      conversation: conversation.id,
      bot,
      type: stamped.type,
      botRest: stamped.botRest,
      id: given.id,
      timestampMs: given.timestampMs,
      timeoutMs: this.#timeoutMs(sent),
      marks,
    })
  }

  #timeoutMs({ bot, startedMs }: Sent): number {
    return turnTimeoutMs(bot, this.#ports.clock.monotonicMs() - startedMs)
  }

  /** Nobody waits for the note: should it be lost, the same activity sent again costs one more turn. */
  #note(conversation: ConversationId, position: Position, isAccepted: boolean): void {
    const { store, events } = this.#ports
    const noted = isAccepted ? store.settle(conversation, position) : store.release(conversation, position)
    noted.catch((error: unknown) => events({ event: 'fault', during: 'noting a turn', error }))
  }
}

/** @throws ProtocolError `BotFailed` */
function refuseUndelivered(delivered: Delivered): void {
  if (delivered.outcome === 'failed') {
    throw new ProtocolError('BotFailed', delivered.message, {
      botStatus: delivered.status,
      botAnswered: delivered.answered,
    })
  }
}
