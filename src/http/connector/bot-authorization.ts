/**
 * Who calls the Connector. A bot without an app id has no credential to show; what it shows instead is the unguessable
 * `serviceUrl` it was given for the conversation.
 */
import type { FastifyRequest } from 'fastify'
import { type BotGrant, botGrant } from '../../domain/grant.ts'
import type { Links } from '../../domain/links.ts'
import type { ConversationStore } from '../../domain/ports.ts'
import type { Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { readConversationId } from '../../protocol/ids.ts'

/** What it takes to tell who calls. */
export type BotAuthorizationPorts = { readonly links: Links; readonly store: ConversationStore; readonly sites: Sites }

/**
 * The right a bot shows by the address it calls.
 *
 * @throws ProtocolError `Unauthenticated` for an address without the unguessable part, `Forbidden` for a wrong one or
 * for another conversation than the one it was made for, `UnknownConversation` if that is gone
 */
export async function authorizeBot(ports: BotAuthorizationPorts, request: FastifyRequest): Promise<BotGrant> {
  const { opened, mark, conversation: named } = request.params as Record<string, string | undefined>
  if (opened === undefined || mark === undefined) {
    throw new ProtocolError('Unauthenticated', 'The bot must call the serviceUrl it was given.')
  }
  const conversation = readConversationId(opened)
  if (conversation === undefined || !ports.links.opensConnector(conversation, mark)) {
    throw new ProtocolError('Forbidden', 'This is not a serviceUrl of this service.')
  }
  if (named !== undefined && named !== conversation) {
    throw new ProtocolError('Forbidden', 'The serviceUrl was given for another conversation.')
  }
  const found = await ports.store.find(conversation)
  const bot = found === undefined ? undefined : ports.sites.bot(found.bot)
  if (bot === undefined) throw new ProtocolError('UnknownConversation', 'The conversation does not exist.')
  return botGrant(conversation, bot)
}
