/**
 * Who is in a conversation, as its bot asks.
 */
import { ProtocolError } from '../protocol/errors.ts'
import { type ConversationId, readConversationId } from '../protocol/ids.ts'
import { positionOf } from '../protocol/watermark.ts'
import type { BotGrant } from './grant.ts'
import type { Joins } from './joins.ts'
import type { ConversationStore, Member } from './ports.ts'
import type { Replies } from './replies.ts'
import type { Bot } from './sites.ts'
import type { BotAccount } from './stamp.ts'

/** Somebody in a conversation: a person, or the bot itself. */
export type Participant = Member | BotAccount

/** A part of a list, and where the next part begins. */
export type MemberPage = { readonly members: readonly Participant[]; readonly continuationToken: string | undefined }

/** Conversations with their members, and where the next part begins. */
export type ConversationPage = {
  readonly conversations: readonly { readonly id: ConversationId; readonly members: readonly Participant[] }[]
  readonly continuationToken: string | undefined
}

/** Conversations in one page. */
const pageConversationsMax = 50

/** Members in one page, unless the bot asks for fewer. */
const pageMembersMax = 500

/** The people of conversations. */
export class Members {
  readonly #store: ConversationStore
  readonly #replies: Replies
  readonly #joins: Joins

  constructor(ports: { store: ConversationStore; replies: Replies; joins: Joins }) {
    this.#store = ports.store
    this.#replies = ports.replies
    this.#joins = ports.joins
  }

  /** Everybody, the bot first, then people in the order they joined. @throws ProtocolError `UnknownConversation` */
  async list(grant: BotGrant): Promise<readonly Participant[]> {
    await this.#replies.find(grant)
    return [account(grant.bot), ...(await this.#store.members(grant.conversation))]
  }

  /** One of them. @throws ProtocolError `UnknownConversation`, `UnknownMember` */
  async member(grant: BotGrant, id: string): Promise<Participant> {
    const found = (await this.list(grant)).find(member => member.id === id)
    if (found === undefined) throw new ProtocolError('UnknownMember', 'The conversation has no such member.')
    return found
  }

  /**
   * A part of the list.
   *
   * @param continuationToken what the part before answered; undefined for the first part
   * @throws ProtocolError `Unacceptable` for a token that was not given here
   */
  async page(
    grant: BotGrant,
    pageSize: number | undefined,
    continuationToken: string | undefined,
  ): Promise<MemberPage> {
    if (continuationToken !== undefined && !/^\d{1,9}$/.test(continuationToken)) {
      throw foreignToken()
    }
    const members = await this.list(grant)
    const from = Number(continuationToken ?? 0)
    const to = from + Math.min(pageSize ?? pageMembersMax, pageMembersMax)
    return { members: members.slice(from, to), continuationToken: to < members.length ? String(to) : undefined }
  }

  /**
   * A part of all conversations of a bot, in the order of their ids.
   *
   * @param continuationToken what the part before answered; undefined for the first part
   * @throws ProtocolError `Unacceptable` for a token that was not given here
   */
  async conversations(bot: Bot, continuationToken: string | undefined): Promise<ConversationPage> {
    const after = continuationToken === undefined ? undefined : readConversationId(continuationToken)
    if (continuationToken !== undefined && after === undefined) throw foreignToken()
    const found = await this.#store.list(bot.id, after, pageConversationsMax + 1)
    const page = found.slice(0, pageConversationsMax)
    const conversations = await Promise.all(
      page.map(async ({ id }) => ({ id, members: [account(bot), ...(await this.#store.members(id))] })),
    )
    return { conversations, continuationToken: found.length > page.length ? page.at(-1)?.id : undefined }
  }

  /** Who could see an activity: everybody. @throws ProtocolError `UnknownConversation`, `UnknownActivity` */
  async ofActivity(grant: BotGrant, activity: string): Promise<readonly Participant[]> {
    const members = await this.list(grant)
    const at = positionOf(grant.conversation, activity)
    if (at === undefined || (await this.#store.entryAt(grant.conversation, at)) === undefined) {
      throw new ProtocolError('UnknownActivity', 'The conversation has no such activity.')
    }
    return members
  }

  /**
   * Takes a person out. The conversation stays; should that person speak again, they join again.
   *
   * @throws ProtocolError `UnknownConversation`, `UnknownMember`
   */
  async leave(grant: BotGrant, id: string): Promise<void> {
    await this.#replies.find(grant)
    const found = (await this.#store.members(grant.conversation)).find(member => member.id === id)
    if (found === undefined) throw new ProtocolError('UnknownMember', 'The conversation has no such member.')
    await this.#store.leave(grant.conversation, found.id)
    this.#joins.note(grant.conversation, found.id, false)
  }
}

const account = ({ id, name }: Bot): BotAccount => ({ id, name })

const foreignToken = () => new ProtocolError('Unacceptable', 'The continuation token is not one of this list.')
