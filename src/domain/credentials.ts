/**
 * Secret, token or stream ticket in; grant out. And the other way: tokens and tickets are issued here.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { clockSkewSeconds, streamTicketSeconds, tokenCharactersMax } from '../protocol/limits.ts'
import { readClaims, type StreamTicket, type Token, writeClaims } from '../protocol/token.ts'
import type { Position } from '../protocol/watermark.ts'
import type { ConversationGrant, Grant } from './grant.ts'
import type { Clock, Keys, Random } from './ports.ts'
import type { Site, Sites } from './sites.ts'
import type { Sender } from './stamp.ts'

/** A token as the caller gets it. */
export type IssuedToken = { readonly token: string; readonly expiresInSeconds: number }

/** What is put into a new token. */
export type TokenContent = {
  readonly site: Site
  readonly conversation: ConversationId
  readonly user: Sender | undefined
  readonly origins: readonly string[]
  readonly isStarted: boolean
}

/** Verified tokens are remembered, because a client shows the same one with each request. */
const rememberedTokensMax = 10_000

/** Checks and issues credentials. */
export class Credentials {
  readonly #sites: Sites
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #random: Random
  readonly #issuer: () => string
  readonly #lifetimeSeconds: number
  readonly #remembered = new Map<string, Token | StreamTicket>()

  constructor(ports: {
    sites: Sites
    keys: Keys
    clock: Clock
    random: Random
    issuer: () => string
    lifetimeSeconds: number
  }) {
    this.#sites = ports.sites
    this.#keys = ports.keys
    this.#clock = ports.clock
    this.#random = ports.random
    this.#issuer = ports.issuer
    this.#lifetimeSeconds = ports.lifetimeSeconds
  }

  /**
   * Takes what stood in the Authorization header after the scheme.
   *
   * @throws ProtocolError `Forbidden` for a wrong secret or token, `TokenExpired` for one past its end
   */
  authenticate(credential: string): Grant {
    const token = this.#read(credential)
    if (token === undefined) return this.#bySecret(credential)
    if (token.purpose !== 'token') throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    if (this.#isPast(token.expiresAt + clockSkewSeconds)) throw new ProtocolError('TokenExpired', 'Token has expired.')
    return { by: 'token', site: this.#siteOf(token), token }
  }

  /**
   * Takes the `t` of a stream URL.
   *
   * @throws ProtocolError `Forbidden` for anything but a ticket for this conversation, `TokenExpired` after its minute
   */
  openTicket(text: string, conversation: string): { readonly ticket: StreamTicket; readonly site: Site } {
    const ticket = this.#read(text)
    if (ticket?.purpose !== 'stream' || ticket.conversation !== conversation) {
      throw new ProtocolError('Forbidden', 'The stream URL is not valid for this conversation.')
    }
    if (this.#isPast(ticket.expiresAt)) throw new ProtocolError('TokenExpired', 'The stream URL has expired.')
    return { ticket, site: this.#siteOf(ticket) }
  }

  /** Issues a token for one conversation. @throws ProtocolError `Unacceptable` if what it must carry is too long */
  issueToken(content: TokenContent): IssuedToken {
    const now = this.#nowSeconds()
    const token: Token = {
      purpose: 'token',
      bot: content.site.bot.id,
      site: content.site.id,
      conversation: content.conversation,
      user: content.user?.id,
      userName: content.user?.name,
      origins: content.origins,
      isStarted: content.isStarted,
      id: this.#random.text(22),
      issuedAt: now,
      expiresAt: now + this.#lifetimeSeconds,
    }
    const text = this.#keys.sign(writeClaims(token, this.#issuer()))
    if (text.length > tokenCharactersMax)
      throw new ProtocolError('Unacceptable', 'The trusted origins are too long for a token.')
    return { token: text, expiresInSeconds: this.#lifetimeSeconds }
  }

  /** Issues what opens a socket of this conversation within a minute. */
  issueTicket(grant: ConversationGrant, from: Position, greet: boolean): string {
    const now = this.#nowSeconds()
    const ticket: StreamTicket = {
      purpose: 'stream',
      bot: grant.bot.id,
      site: grant.site.id,
      conversation: grant.conversation,
      user: grant.user?.id,
      userName: grant.user?.name,
      origins: grant.site.enforceOrigins ? grant.origins : [],
      from,
      greet,
      issuedAt: now,
      expiresAt: now + streamTicketSeconds,
    }
    return this.#keys.sign(writeClaims(ticket, this.#issuer()))
  }

  #read(text: string): Token | StreamTicket | undefined {
    const known = this.#remembered.get(text)
    if (known !== undefined) return known
    if (text.length > tokenCharactersMax) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    const claims = this.#keys.verified(text)
    const read = claims === undefined ? undefined : readClaims(claims)
    if (read !== undefined) this.#remember(text, read)
    return read
  }

  #remember(text: string, read: Token | StreamTicket): void {
    if (this.#remembered.size >= rememberedTokensMax) {
      const oldest = this.#remembered.keys().next()
      if (!oldest.done) this.#remembered.delete(oldest.value)
    }
    this.#remembered.set(text, read)
  }

  #bySecret(secret: string): Grant {
    const site = this.#sites.bySecretDigest(this.#keys.digest(secret))
    if (site === undefined) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    return { by: 'secret', site }
  }

  #siteOf(read: Token | StreamTicket): Site {
    const site = this.#sites.of(read.bot, read.site)
    if (site === undefined) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    return site
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000)
  }

  #isPast(seconds: number): boolean {
    return this.#clock.nowMs() >= seconds * 1000
  }
}
