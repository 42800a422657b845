/**
 * What a bot does in a conversation: it replies, and updates and deletes what it has said.
 */
import type { Activity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { isObject, parseOwnJson } from '../protocol/fields.ts'
import { type ActivityId, activityId, type ConversationId } from '../protocol/ids.ts'
import { type Position, positionOf } from '../protocol/watermark.ts'
import { type Addressed, addresseeOf } from './addressee.ts'
import type { Attachments } from './attachments.ts'
import type { BotGrant } from './grant.ts'
import type { Inspection } from './inspection.ts'
import type { Links } from './links.ts'
import type { Conversation, ConversationStore, Member } from './ports.ts'
import type { Place, Recorder } from './record.ts'
import { Repeats } from './repeats.ts'
import type { Bot, Sites } from './sites.ts'
import { type BotAccount, type StampedActivity, stampDeletion, stampFromBot } from './stamp.ts'
import type { TurnMarks } from './turn-marks.ts'

type RepliesPorts = {
  readonly store: ConversationStore
  readonly recorder: Recorder
  readonly attachments: Attachments
  readonly links: Links
  readonly sites: Sites
  /** Undefined: nobody watches. */
  readonly inspection?: Inspection | undefined
  /** Our own address, as links to stored files begin. */
  readonly publicUrl: () => string
}

/** When a bot's call arrived, by the monotonic clock; or the turn in whose answer it says something. */
export type Heard = number | TurnMarks

/** What is done with a bot's activity: kept and shown, only shown, or taken and shown to nobody. */
type Treatment = 'record' | 'show' | 'drop'

/** The bot's side of conversations. */
export class Replies {
  readonly #ports: RepliesPorts
  readonly #repeats = new Repeats<ActivityId>()

  constructor(ports: RepliesPorts) {
    this.#ports = ports
  }

  /** The conversation a bot may act on. @throws ProtocolError `UnknownConversation` */
  async find(grant: BotGrant): Promise<Conversation> {
    const conversation = await this.#ports.store.find(grant.conversation)
    if (conversation === undefined || conversation.bot !== grant.bot.id) {
      throw new ProtocolError('UnknownConversation', 'The conversation does not exist.')
    }
    return conversation
  }

  /**
   * Takes an activity from the bot. What goes into the log is durable and shown when this resolves.
   *
   * @param repliesTo the activity id in the address; taken as `replyToId` if it is one of this conversation's, because
   * SDKs make ids up and Web Chat waits five seconds for an activity it has not seen
   * @param requestId what the bot repeats when it sends the same again
   * @param heard when the bot's call arrived, by the monotonic clock, or the turn in whose answer it came; for whoever watches
   * @returns the id by which the bot and the clients know the activity
   * @throws ProtocolError `UnknownConversation`, `ConversationFull`; `Unacceptable` for an `invoke`, which only clients send
   */
  reply(
    grant: BotGrant,
    activity: Activity,
    repliesTo: string | undefined,
    requestId: string | undefined,
    heard?: Heard,
  ): Promise<ActivityId> {
    const ephemeral = treatment(activity, false) !== 'record'
    return this.#repeats.share(keyInProcess(grant.conversation, requestId), ephemeral, () =>
      this.#reply(grant, activity, repliesTo, requestId, heard),
    )
  }

  /**
   * Puts an activity in the place of one the bot has sent: its whole new text, under its old id and time, at a later
   * position.
   *
   * @throws ProtocolError `NotOffered` where updates are off, `UnknownActivity`, `Forbidden` for what a user has sent
   */
  update(grant: BotGrant, id: string, activity: Activity, requestId: string | undefined): Promise<ActivityId> {
    if (activity.id && activity.id !== id)
      throw new ProtocolError('Unacceptable', 'The ids of the address and the activity differ.')
    return this.#repeats.share(keyInProcess(grant.conversation, requestId), false, async () => {
      if (treatment(activity, false) !== 'record') {
        throw new ProtocolError('Unacceptable', 'An activity can be updated only to one of a type that is kept.')
      }
      const { target, sentByBot } = await this.#target(grant, id)
      if (!sentByBot) throw new ProtocolError('Forbidden', 'A bot can update only what it has sent.')
      const stamped = await this.#stamped(grant, activity, undefined)
      await this.#ports.recorder.replace(place(grant, requestId), target, stamped, false)
      return activityId(id)
    })
  }

  /**
   * Deletes an activity the bot has sent. Its text is erased, also where it was kept of the turns about it, and a
   * `messageDelete` of its id tells clients.
   *
   * @throws ProtocolError `NotOffered` where updates are off, `UnknownActivity`, `Forbidden` for what a user has sent
   */
  delete(grant: BotGrant, id: string, requestId: string | undefined): Promise<ActivityId> {
    return this.#repeats.share(keyInProcess(grant.conversation, requestId), false, async () => {
      const { recorder, inspection } = this.#ports
      const { target, sentByBot } = await this.#target(grant, id)
      if (!sentByBot) throw new ProtocolError('Forbidden', 'A bot can delete only what it has sent.')
      // First: once the activity is deleted, a bot that deletes it again is told that it is not there.
      await inspection?.eraseExchanges(grant.conversation, target)
      const deletion = stampDeletion(grant.conversation, account(grant.bot))
      await recorder.replace(place(grant, requestId), target, deletion, true)
      return activityId(id)
    })
  }

  /** An activity as the log has it now: JSON text; undefined if the log does not have it. */
  async textOf({ conversation }: BotGrant, id: ActivityId): Promise<string | undefined> {
    const at = positionOf(conversation, id)
    return at === undefined ? undefined : (await this.#ports.store.entryAt(conversation, at))?.text
  }

  /** Whom a v1 bot's message is for; undefined if nobody in particular. */
  addressee(grant: BotGrant, addressed: Addressed): Promise<Member | undefined> {
    return addresseeOf(this.#ports.store, grant, addressed)
  }

  async #reply(
    grant: BotGrant,
    activity: Activity,
    repliesTo: string | undefined,
    requestId: string | undefined,
    heard: Heard | undefined,
  ): Promise<ActivityId> {
    const conversation = await this.find(grant)
    const { recorder, sites, inspection } = this.#ports
    const known = knownReplyTo(conversation, repliesTo)
    const cause = known === undefined ? undefined : positionOf(conversation.id, known)
    const said = known === undefined ? withoutMadeUp(activity, repliesTo) : activity
    const treated = treatment(activity, sites.of(grant.bot.id, conversation.site)?.debug ?? false)
    const reply = inspection?.says(conversation.id, grant.bot.id, cause ?? 0, treated !== 'drop', heard)
    switch (treated) {
      case 'record': {
        const stamped = await this.#stamped(grant, said, known)
        return (await recorder.append({ ...place(grant, requestId), reply }, stamped, true)).id
      }
      case 'show':
        return recorder.show(conversation, grant.bot, await this.#stamped(grant, said, known)).id
      case 'drop':
        return recorder.ephemeral(conversation).id
    }
  }

  async #stamped(grant: BotGrant, activity: Activity, repliesTo: ActivityId | undefined): Promise<StampedActivity> {
    const { attachments, links, publicUrl } = this.#ports
    const linked = await attachments.withoutDataUrls(grant.conversation, activity, publicUrl())
    const stamped = stampFromBot(linked, grant.conversation, account(grant.bot), repliesTo)
    return { ...stamped, rest: links.withoutServiceUrl(stamped.rest, grant.conversation) }
  }

  async #target(grant: BotGrant, id: string): Promise<{ target: Position; sentByBot: boolean }> {
    if (!grant.bot.updates) throw new ProtocolError('NotOffered', 'This channel does not support this operation.')
    await this.find(grant)
    const target = positionOf(grant.conversation, id)
    const entry = target === undefined ? undefined : await this.#ports.store.entryAt(grant.conversation, target)
    if (target === undefined || entry === undefined) {
      throw new ProtocolError('UnknownActivity', 'The conversation has no such activity.')
    }
    const sent = parseOwnJson(entry.text)
    const from = isObject(sent) && isObject(sent['from']) ? sent['from']['id'] : undefined
    return { target, sentByBot: from === grant.bot.id }
  }
}

const account = (bot: Bot): BotAccount => ({ id: bot.id, name: bot.name })

/** Keys of bots never meet those of clients, which are digests. */
const place = ({ conversation, bot }: BotGrant, requestId: string | undefined): Place => ({
  conversation,
  bot,
  key: requestId === undefined ? undefined : `bot ${requestId}`,
})

const keyInProcess = (conversation: ConversationId, requestId: string | undefined): string | undefined =>
  requestId === undefined ? undefined : `${conversation} ${requestId}`

function treatment(activity: Activity, debug: boolean): Treatment {
  switch (activity.type) {
    case 'invoke':
      throw new ProtocolError('Unacceptable', 'An invoke is sent by clients, not by bots.')
    case 'typing':
      return 'show'
    case 'suggestion':
      // Meant for one person; without one it is for nobody.
      return typeof activity.recipient?.id === 'string' ? 'record' : 'drop'
    case 'trace':
      return debug ? 'show' : 'drop'
    case 'conversationUpdate':
    case 'contactRelationUpdate':
    case 'delay':
    case 'invokeResponse':
      return 'drop'
    default:
      return 'record'
  }
}

/** SDKs make an id up for what a bot says unasked, and put it into the address and the activity alike. */
function withoutMadeUp(activity: Activity, repliesTo: string | undefined): Activity {
  if (repliesTo === undefined || activity.replyToId !== repliesTo) return activity
  const { replyToId: _, ...rest } = activity
  return rest
}

/** An id that this conversation's log has given, or undefined. */
function knownReplyTo(conversation: Conversation, id: string | undefined): ActivityId | undefined {
  const at = id === undefined ? undefined : positionOf(conversation.id, id)
  return id !== undefined && at !== undefined && at > 0 && at <= conversation.last ? activityId(id) : undefined
}
