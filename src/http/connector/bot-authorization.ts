/**
 * Who calls the Connector. A bot that is issued tokens shows one, whatever address it calls. A bot without an app id
 * has no credential; what it shows instead is the unguessable `serviceUrl` it was given for the conversation.
 */
import type { FastifyRequest } from 'fastify'
import { type BotCredentials, type BotIdentity, speaksFor } from '../../domain/bot-credentials.ts'
import { type BotGrant, botGrant } from '../../domain/grant.ts'
import type { Links } from '../../domain/links.ts'
import type { ConversationStore } from '../../domain/ports.ts'
import { type Bot, isAuthenticated, type Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type ConversationId, readConversationId } from '../../protocol/ids.ts'

/** What it takes to tell who calls. */
export type BotAuthorizationPorts = {
  readonly links: Links
  readonly store: ConversationStore
  readonly sites: Sites
  readonly credentials: BotCredentials
}

/** A bot that has shown who it is, and the conversation it has a right to if the address names one. */
export type BotCaller = { readonly bot: Bot; readonly grant: BotGrant | undefined }

/**
 * The right a bot shows to the conversation in the address it calls.
 *
 * @throws ProtocolError `Unauthenticated` for an address without the unguessable part and for a token that is missing,
 * forged, expired or none of a bot's; `Forbidden` for a wrong address, one for another conversation than it was made
 * for, and another bot's conversation; `UnknownConversation`; `Unavailable` if the token can't be verified now
 */
export async function authorizeBot(ports: BotAuthorizationPorts, request: FastifyRequest): Promise<BotGrant> {
  const { grant } = await authorizeCaller(ports, request)
  if (grant === undefined) throw unknownConversation()
  return grant
}

/**
 * The same for addresses that may do without a conversation: then the token alone says which bot calls.
 *
 * @throws ProtocolError as `authorizeBot`
 */
export async function authorizeCaller(ports: BotAuthorizationPorts, request: FastifyRequest): Promise<BotCaller> {
  const { opened, mark, conversation: named } = request.params as Record<string, string | undefined>
  if (opened === undefined || mark === undefined) return byToken(ports, request, named)
  const conversation = readConversationId(opened)
  if (conversation === undefined || !ports.links.opensConnector(conversation, mark)) {
    throw new ProtocolError('Forbidden', 'This is not a serviceUrl of this service.')
  }
  if (named !== undefined && named !== conversation) {
    throw new ProtocolError('Forbidden', 'The serviceUrl was given for another conversation.')
  }
  const bot = await botOf(ports, conversation)
  if (isAuthenticated(bot)) refuseOthers(await identify(ports, request), bot)
  return { bot, grant: botGrant(conversation, bot) }
}

/**
 * A token is a bot's, not a conversation's: so its bot is told whether a conversation is there. It must be: 404 is how
 * bots learn that one is gone. What exists of others are ids nobody can guess.
 */
async function byToken(
  ports: BotAuthorizationPorts,
  request: FastifyRequest,
  named: string | undefined,
): Promise<BotCaller> {
  const identity = await identify(ports, request)
  if (named === undefined) {
    const [bot] = ports.credentials.botsOf(identity)
    if (bot === undefined) throw unauthenticated()
    return { bot, grant: undefined }
  }
  const conversation = readConversationId(named)
  if (conversation === undefined) throw unknownConversation()
  const bot = await botOf(ports, conversation)
  refuseOthers(identity, bot)
  return { bot, grant: botGrant(conversation, bot) }
}

async function identify({ credentials }: BotAuthorizationPorts, request: FastifyRequest): Promise<BotIdentity> {
  const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  const verified = token === undefined ? undefined : credentials.verify(token)
  const identity = verified instanceof Promise ? await verified : verified
  if (identity === undefined) throw unauthenticated()
  return identity
}

async function botOf({ store, sites }: BotAuthorizationPorts, conversation: ConversationId): Promise<Bot> {
  const found = await store.find(conversation)
  const bot = found === undefined ? undefined : sites.bot(found.bot)
  if (bot === undefined) throw unknownConversation()
  return bot
}

/** @throws ProtocolError `Forbidden` */
function refuseOthers(identity: BotIdentity, bot: Bot): void {
  if (!speaksFor(identity, bot)) throw new ProtocolError('Forbidden', "The conversation is another bot's.")
}

const unauthenticated = () =>
  new ProtocolError('Unauthenticated', 'The bot must show its token, or call the serviceUrl it was given.')

const unknownConversation = () => new ProtocolError('UnknownConversation', 'The conversation does not exist.')
