/**
 * How a client gets into a conversation: a token for one that is to be, the start, the way back.
 */
import { ProtocolError } from '../protocol/errors.ts'
import { type ConversationId, newConversationId, randomIdLength } from '../protocol/ids.ts'
import type { TokenParameters } from '../protocol/token-parameters.ts'
import { beginning, type Position, readWatermark } from '../protocol/watermark.ts'
import type { Conversations } from './conversations.ts'
import type { Credentials, IssuedToken } from './credentials.ts'
import type { Events } from './events.ts'
import {
  type ConversationGrant,
  conversationGrant,
  type Grant,
  grantFor,
  isReserved,
  refuseBotId,
  refuseUntokenedUser,
} from './grant.ts'
import type { Patience } from './patience.ts'
import type { Clock, ConversationStore, Random } from './ports.ts'
import type { Site } from './sites.ts'
import type { Sender } from './stamp.ts'

/** A token and the conversation it is for. */
export type Ticketed = IssuedToken & { readonly conversation: ConversationId }

/** A way into a conversation: a token, and a stream that can be opened for a minute. */
export type Opened = Ticketed & {
  /** Whether this call started the conversation. */
  readonly started: boolean
  /** The stream URL's watermark. `-` stands for the whole log, which is what a start promises. */
  readonly watermark: Position | 'all'
  /** The stream URL's `t`. */
  readonly ticket: string
}

type OpeningPorts = {
  readonly store: ConversationStore
  readonly conversations: Conversations
  readonly credentials: Credentials
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  readonly patience: Patience
}

/** How long a start waits for the store: milliseconds. DirectLineJS takes any error here for final. */
const startPatienceMs = 15_000

/** Opens conversations. */
export class Opening {
  readonly #ports: OpeningPorts

  constructor(ports: OpeningPorts) {
    this.#ports = ports
  }

  /**
   * A token for a new conversation, which the first start with it begins; or, where the parameters name an old one of
   * this site, for that. Nothing else happens.
   *
   * @throws ProtocolError `Forbidden` for a token, `Unacceptable` for a user id the site does not take,
   * `UnknownConversation` for an old one that is not there or another site's, `SwitchedOff`
   */
  async generate(grant: Grant, parameters: TokenParameters): Promise<Ticketed> {
    if (grant.by === 'token') throw new ProtocolError('Forbidden', 'A token cannot be used to generate another token.')
    if (!grant.site.enabled) throw new ProtocolError('SwitchedOff', 'The site is switched off.')
    const user = parameters.user
    if (user !== undefined) refuseBotId(grant.site, user.id)
    if (grant.site.enhancedAuthentication && user !== undefined && !isReserved(user.id)) {
      throw new ProtocolError('Unacceptable', "With enhanced authentication, user ids begin with 'dl_'.")
    }
    const old = parameters.conversation
    const own = old === undefined ? conversationGrant(grant, this.#newConversation()) : grantFor(grant, old)
    if (old !== undefined && (await this.#ports.conversations.find(own)).site !== grant.site.id)
      throw new ProtocolError('UnknownConversation', 'Unknown conversation.')
    const content = { ...own, user, origins: parameters.trustedOrigins, isStarted: old !== undefined }
    return { conversation: own.conversation, ...this.#ports.credentials.issueToken(content) }
  }

  /**
   * A new token for what an unexpired one says. The old one lives to its own end.
   *
   * @throws ProtocolError `NotRefreshable` for a secret, `UnknownConversation` if the conversation is gone
   */
  async refresh(grant: Grant): Promise<Ticketed> {
    if (grant.by === 'secret')
      throw new ProtocolError('NotRefreshable', 'This method can only be used to renew an existing token.')
    const own = conversationGrant(grant, grant.token.conversation)
    const { isStarted } = grant.token
    if (isStarted) await this.#ports.conversations.find(own)
    return { conversation: own.conversation, ...this.#ports.credentials.issueToken({ ...own, isStarted }) }
  }

  /**
   * Starts a conversation, or enters the one a token is for. The bot is told, and nobody waits for it: clients give
   * up for good on any error here.
   *
   * @param greet whether the stream tells its watermark although there is nothing to replay
   * @throws ProtocolError `MissingProperty` or `Unacceptable` for a user the site does not take
   */
  async start(grant: Grant, parameters: TokenParameters, greet: boolean): Promise<Opened> {
    const { store, clock, events, conversations, patience } = this.#ports
    const own = conversationGrant(grant, this.#newConversation())
    const user = own.user ?? startingUser(grant.site, parameters)
    const conversation = { id: own.conversation, bot: own.bot.id, site: own.site.id, locale: parameters.locale }
    // What has been started once and is not there is gone: its numbers must not begin anew.
    if (grant.by === 'token' && grant.token.isStarted) await conversations.find(own)
    const { started } = await patience.during(startPatienceMs, () => store.start(conversation, user, clock.nowMs()))
    if (started) {
      events({ event: 'conversationStarted', conversation: own.conversation, bot: own.bot.id })
      conversations.started({ ...conversation, lastTimestampMs: 0 }, own.bot, user)
    } else {
      await conversations.find(own)
    }
    // A token can't be given origins by whoever holds it: they say which pages to trust with a sign-in.
    const origins = grant.by === 'token' ? own.origins : parameters.trustedOrigins
    return { started, watermark: 'all', ...this.#tickets({ ...own, user, origins }, beginning, greet) }
  }

  /**
   * A new stream for a started conversation. Without a watermark it begins now.
   *
   * @param watermark as the client sent it
   * @throws ProtocolError `UnknownConversation`; `MissingProperty` without a user where the site demands one
   */
  async reconnect(grant: ConversationGrant, watermark: string | undefined, greet: boolean): Promise<Opened> {
    if (grant.site.enhancedAuthentication && grant.user === undefined) throw noUser()
    const conversation = await this.#ports.conversations.find(grant)
    const given = readWatermark(watermark)
    const from = typeof given === 'number' && given < conversation.last ? given : conversation.last
    return { started: false, watermark: from, ...this.#tickets(grant, from, greet) }
  }

  #tickets(grant: ConversationGrant, from: Position, greet: boolean): Ticketed & { readonly ticket: string } {
    const { credentials } = this.#ports
    const issued = credentials.issueToken({ ...grant, isStarted: true })
    const ticket = credentials.issueTicket(grant, issued.family, from, greet)
    return { conversation: grant.conversation, ...issued, ticket }
  }

  #newConversation(): ConversationId {
    return newConversationId(this.#ports.random.text(randomIdLength))
  }
}

const noUser = () =>
  new ProtocolError('MissingProperty', 'No user id was specified, and enhanced authentication demands one.')

/** The user in the body of a start. */
function startingUser(site: Site, parameters: TokenParameters): Sender | undefined {
  const user = parameters.user
  if (user !== undefined) refuseUntokenedUser(site, user.id)
  if (site.enhancedAuthentication) throw noUser()
  return user
}
