/**
 * What a caller has shown a right to. Every act on a conversation asks for a grant held against that
 * conversation, so no surface can forget to check.
 */
import type { Activity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { type ConversationId, readConversationId, type UserId } from '../protocol/ids.ts'
import type { StreamTicket, Token } from '../protocol/token.ts'
import type { Bot, Site } from './sites.ts'
import type { Sender } from './stamp.ts'

declare const checked: unique symbol

/** A caller of the client API: whoever holds a site's secret, or a token for one conversation. */
export type Grant =
  /** `secret`: the id of the secret, or `ownSecret`. */
  | { readonly by: 'secret'; readonly site: Site; readonly secret: string }
  | { readonly by: 'token'; readonly site: Site; readonly token: Token }

/** A right to one conversation. Only this file makes one. Whether the conversation exists is not known yet. */
export type ConversationGrant = {
  readonly [checked]: true
  readonly conversation: ConversationId
  readonly site: Site
  readonly bot: Bot
  /** Who speaks, if the credential says so: then nobody else can. */
  readonly user: Sender | undefined
  /** Origins carried by the token. */
  readonly origins: readonly string[]
  /** The id of the secret it stems from; undefined where a token does not tell. */
  readonly secret: string | undefined
  /** Whether it was the secret itself that was shown, now or for the ticket. */
  readonly bySecret: boolean
  /** The token or ticket that was shown; undefined for a secret. */
  readonly shown: Token | StreamTicket | undefined
}

/** A bot's right to one conversation. Only this file makes one. */
export type BotGrant = { readonly [checked]: true; readonly conversation: ConversationId; readonly bot: Bot }

/**
 * Holds a grant against the conversation a request names.
 *
 * @throws ProtocolError `Forbidden` if a token is for another conversation, whether that one exists or not;
 * `UnknownConversation` for a name no conversation can have.
 */
export function grantFor(grant: Grant, name: string): ConversationGrant {
  if (grant.by === 'token' && grant.token.conversation !== name) {
    throw new ProtocolError('Forbidden', 'The security token is for another conversation.')
  }
  return conversationGrant(grant, readName(name))
}

/** The name of a conversation in a path. @throws ProtocolError `UnknownConversation` for what can't be one */
export function readName(name: string): ConversationId {
  const conversation = readConversationId(name)
  if (conversation === undefined) throw unknownConversation()
  return conversation
}

/** There is no such conversation. */
export const unknownConversation = () => new ProtocolError('UnknownConversation', 'Unknown conversation.')

/** The grant of a token for its own conversation, or of a secret for a conversation about to be made. */
export function conversationGrant(grant: Grant, conversation: ConversationId): ConversationGrant {
  const token = grant.by === 'token' ? grant.token : undefined
  return {
    conversation: token?.conversation ?? conversation,
    site: grant.site,
    bot: grant.site.bot,
    user: token?.user === undefined ? undefined : { id: token.user, name: token.userName },
    origins: token?.origins ?? [],
    secret: grant.by === 'token' ? grant.token.secret : grant.secret,
    bySecret: grant.by === 'secret',
    shown: token,
  } as ConversationGrant
}

/** The grant of whoever opens a stream: a ticket speaks for the user of the token it was made for. */
export const ticketGrant = (ticket: StreamTicket, site: Site): ConversationGrant =>
  ({
    conversation: ticket.conversation,
    site,
    bot: site.bot,
    user: ticket.user === undefined ? undefined : { id: ticket.user, name: ticket.userName },
    origins: ticket.origins,
    secret: ticket.secret,
    bySecret: ticket.bySecret,
    shown: ticket,
  }) as unknown as ConversationGrant

/** The grant of a bot that has shown its right to a conversation. */
export const botGrant = (conversation: ConversationId, bot: Bot): BotGrant => ({ conversation, bot }) as BotGrant

/** User ids that only a token can speak for begin with this. */
const reservedPrefix = 'dl_'

/** Whether only a token can speak for this user id. */
export const isReserved = (user: UserId): boolean => user.startsWith(reservedPrefix)

/**
 * Refuses a user id that no token vouches for and that only a token may claim.
 *
 * @throws ProtocolError `Unacceptable`
 */
export function refuseUntokenedUser(site: Site, user: UserId): void {
  refuseBotId(site, user)
  if (site.enhancedAuthentication && isReserved(user)) {
    throw new ProtocolError('Unacceptable', "User ids that begin with 'dl_' must come from a token.")
  }
}

/** Nobody may speak under the bot's id. @throws ProtocolError `Unacceptable` */
export function refuseBotId(site: Site, user: UserId): void {
  if ((user as string) === site.bot.id) throw new ProtocolError('Unacceptable', "The bot's id cannot be a user's.")
}

/**
 * Refuses files where the site takes none.
 *
 * @param activity what carries them; an upload is refused without a look at it
 * @throws ProtocolError `UploadsOff`
 */
export function refuseFiles(site: Site, activity?: Pick<Activity, 'attachments'>): void {
  if (site.uploads || (activity !== undefined && !activity.attachments?.length)) return
  throw new ProtocolError('UploadsOff', 'This site takes no files: uploads are switched off.')
}
