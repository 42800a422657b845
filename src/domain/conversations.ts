/**
 * What a client does in a conversation: it posts, reads and listens. Every act asks for a grant held against the
 * conversation.
 */
import { type Activity, clientActivityId } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { ActivityId } from '../protocol/ids.ts'
import { pageCharactersMax, pageEntriesMax, sendDeadlineMs, turnLeastMs } from '../protocol/limits.ts'
import { beginning, type Position, readWatermark } from '../protocol/watermark.ts'
import { refuseUnsendable, senderOf, treatmentOf } from './admission.ts'
import { isFor, type Listener } from './cursor.ts'
import type { Events } from './events.ts'
import type { ConversationGrant } from './grant.ts'
import type { Cursor, Hub } from './hub.ts'
import type { InFlight } from './in-flight.ts'
import type { InlineFiles } from './inline-files.ts'
import type { Joins } from './joins.ts'
import type { Patience } from './patience.ts'
import type { Clock, Conversation, ConversationStore, Entry, Keys, Member } from './ports.ts'
import { Repeats } from './repeats.ts'
import type { Sending } from './sending.ts'
import type { Bot } from './sites.ts'
import { type DeliveryModes, type Sender, stampFromUser } from './stamp.ts'
import type { Tails } from './tails.ts'
import type { TurnMarks } from './turn-marks.ts'

type ConversationsPorts = {
  readonly store: ConversationStore
  readonly tails: Tails
  readonly hub: Hub
  readonly joins: Joins
  readonly sending: Sending
  readonly inlineFiles: InlineFiles
  readonly patience: Patience
  readonly inFlight: InFlight
  readonly keys: Keys
  readonly clock: Clock
  readonly events: Events
}

/** A page as a client reads it. */
export type ClientPage = { readonly entries: readonly Entry[]; readonly watermark: Position }

/** How often the store is told that a conversation is in use: milliseconds. */
const touchIntervalMs = 60 * 60 * 1000

/** Characters that tell the unnamed users of conversations apart. */
const unnamedUserCharacters = 16

/** How long a poll, and how long anything else, waits for a store that can't be read: milliseconds. */
const pollPatienceMs = 15_000
const findPatienceMs = sendDeadlineMs - turnLeastMs

/** The client's side of conversations. */
export class Conversations {
  readonly #ports: ConversationsPorts
  readonly #repeats = new Repeats<ActivityId>()

  constructor(ports: ConversationsPorts) {
    this.#ports = ports
  }

  /** The started conversation of a grant. @throws ProtocolError `UnknownConversation` */
  async find(grant: ConversationGrant): Promise<Conversation> {
    const { store, clock, patience } = this.#ports
    const conversation = await patience.during(findPatienceMs, () => store.find(grant.conversation))
    if (conversation === undefined || conversation.bot !== grant.bot.id) {
      throw new ProtocolError('UnknownConversation', 'Unknown conversation.')
    }
    const nowMs = clock.nowMs()
    if (nowMs - conversation.seenMs > touchIntervalMs)
      this.#inBackground('touching a conversation', store.touch(conversation.id, nowMs))
    return conversation
  }

  /** A conversation has begun: its bot is told, in the background. */
  started(
    conversation: Pick<Conversation, 'id' | 'locale' | 'lastTimestampMs'>,
    bot: Bot,
    user: Member | undefined,
  ): void {
    this.#ports.joins.started(conversation, bot, user)
  }

  /**
   * Takes an activity from a client: logged, shown, and delivered to the bot, in this order. Resolves with its id when
   * the bot has accepted it.
   *
   * An activity sent again, which is one of the same sender, `clientActivityID` and content, is the same activity: the
   * answer is the first one's, and the bot sees it again only if it has not accepted it yet.
   *
   * @param fallbackUser who speaks if neither the credential nor the activity says so
   * @param requestKey an Idempotency-Key, in place of the `clientActivityID`
   * @throws ProtocolError `MissingProperty`, `Unacceptable`, `UnknownConversation`, `ConversationFull`, `TooLarge`
   * for files in it beyond the conversation's room; `BotFailed` although the activity stays in the log
   */
  async post(
    grant: ConversationGrant,
    activity: Activity,
    fallbackUser?: string,
    requestKey?: string,
    marks?: TurnMarks,
  ): Promise<ActivityId> {
    const startedMs = this.#ports.clock.monotonicMs()
    const sender = senderOf(grant, activity, fallbackUser)
    refuseUnsendable(grant, activity)
    const treatment = treatmentOf(activity)
    const key = treatment === 'record' ? this.#keyOf(sender, activity, requestKey) : undefined
    const inProcess = key === undefined ? undefined : `${grant.conversation} ${key}`
    return this.#ports.inFlight.during(() =>
      this.#repeats.share(inProcess, true, async () => {
        const conversation = await this.find(grant)
        await (activity.type === 'conversationUpdate'
          ? undefined
          : this.#ports.joins.before(conversation, grant.bot, sender))
        const stored = this.#ports.inlineFiles.stored(conversation.id, activity)
        const said = stored instanceof Promise ? await stored : stored
        const stamped = stampFromUser(said, conversation.id, sender, modesFor(grant.bot))
        const sent = { bot: grant.bot, conversation, sender, activity, stamped, marks, startedMs }
        return this.#ports.sending[treatment](sent, key)
      }),
    )
  }

  /**
   * Refuses what `post` would refuse, before anything is stored for it.
   *
   * @throws ProtocolError as `post`, but for what only trying can tell
   */
  async mayPost(
    grant: ConversationGrant,
    activity: Activity | undefined,
    fallbackUser: string | undefined,
  ): Promise<void> {
    const posted = activity ?? { type: 'message' }
    await this.find(grant)
    senderOf(grant, posted, fallbackUser)
    refuseUnsendable(grant, posted)
  }

  /**
   * The activities after a watermark. Without one: from the beginning. The page is empty only if nothing newer is
   * there for this caller, and its watermark is where to go on.
   *
   * While the log can't be read the caller waits; after 15 s the page is empty and the watermark the one that was
   * given. DirectLineJS stops polling for good at any error.
   *
   * @throws ProtocolError `UnknownConversation`
   */
  async read(grant: ConversationGrant, watermark: string | undefined): Promise<ClientPage> {
    const given = readWatermark(watermark)
    const after = typeof given === 'number' ? given : beginning
    try {
      return await this.#ports.patience.during(pollPatienceMs, () => this.#pageAfter(grant, after))
    } catch (error) {
      if (error instanceof ProtocolError && error.failure === 'Unavailable') return { entries: [], watermark: after }
      throw error
    }
  }

  /**
   * Who speaks where nobody is named, as only 1.1 clients may: one and the same person throughout a conversation, so
   * that a bot does not meet a stranger with each message.
   */
  unnamedUser(grant: ConversationGrant): string {
    return `user-${this.#ports.keys.digest(`unnamed user of ${grant.conversation}`).slice(0, unnamedUserCharacters)}`
  }

  /**
   * Brings a listener to the conversation: everything after a position, then everything as it comes.
   *
   * @throws ProtocolError `UnknownConversation`
   */
  async listen(grant: ConversationGrant, listener: Listener, after: Position, greet: boolean): Promise<Cursor> {
    const conversation = await this.find(grant)
    const from = after < conversation.last ? after : conversation.last
    return this.#ports.hub.listen(conversation.id, listener, from, greet)
  }

  async #pageAfter(grant: ConversationGrant, position: Position): Promise<ClientPage> {
    const conversation = await this.find(grant)
    let after = position
    if (after >= conversation.last) return { entries: [], watermark: conversation.last }
    for (;;) {
      const limits = { entries: pageEntriesMax, characters: pageCharactersMax }
      const page = await this.#ports.tails.read(conversation.id, after, limits, conversation.last)
      const entries = page.entries.filter(entry => isFor(entry, grant.user?.id))
      if (entries.length > 0 || !page.more) return { entries, watermark: page.end }
      after = page.end
    }
  }

  #keyOf(sender: Sender, activity: Activity, requestKey: string | undefined): string | undefined {
    const given = requestKey ?? clientActivityId(activity)
    if (given === undefined) return undefined
    const { type, name, text, value, attachments } = activity
    const content = [sender.id, given, type, name, text, value, attachments?.map(attachment => attachment.name)]
    return this.#ports.keys.digest(JSON.stringify(content))
  }

  #inBackground(during: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#ports.events({ event: 'fault', during, error }))
  }
}

/** A bot that answers in its turn is told so by the delivery mode. */
export const modesFor = (bot: Bot): DeliveryModes =>
  bot.expectReplies ? 'none' : bot.passDeliveryMode ? 'all' : 'allButStream'
