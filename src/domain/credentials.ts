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
import type { Revocations } from './revocations.ts'
import { ownSecret, type Site, type Sites } from './sites.ts'
import type { Sender } from './stamp.ts'

/** A token as the caller gets it, and the family it is of. */
export type IssuedToken = { readonly token: string; readonly expiresInSeconds: number; readonly family: string }

/** What is put into a new token. */
export type TokenContent = {
  readonly site: Site
  readonly conversation: ConversationId
  readonly user: Sender | undefined
  readonly origins: readonly string[]
  readonly isStarted: boolean
  /** The id of the secret it stems from; undefined where the token before it does not tell. */
  readonly secret: string | undefined
  /** The token it follows. Undefined: it is the first of a family. */
  readonly shown: Token | StreamTicket | undefined
}

/** Verified tokens are remembered, because a client shows the same one with each request; a ticket until it is shown. */
const rememberedTokensMax = 10_000

/** Checks and issues credentials. */
export class Credentials {
  readonly #sites: Sites
  readonly #revocations: Revocations
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #random: Random
  readonly #issuer: () => string
  readonly #lifetimeSeconds: number
  readonly #remembered = new Map<string, Token | StreamTicket>()

  constructor(ports: {
    sites: Sites
    revocations: Revocations
    keys: Keys
    clock: Clock
    random: Random
    issuer: () => string
    lifetimeSeconds: number
  }) {
    this.#sites = ports.sites
    this.#revocations = ports.revocations
    this.#keys = ports.keys
    this.#clock = ports.clock
    this.#random = ports.random
    this.#issuer = ports.issuer
    this.#lifetimeSeconds = ports.lifetimeSeconds
  }

  /**
   * Takes what stood in the Authorization header after the scheme.
   *
   * @throws ProtocolError `Forbidden` for a wrong secret or token, `TokenExpired` for one past its end, `Revoked`,
   * `SwitchedOff` if its site is, `UnknownConversation` if its conversation has been deleted
   */
  authenticate(credential: string): Grant {
    const token = this.#read(credential)
    if (token === undefined) return this.#bySecret(credential)
    if (token.purpose !== 'token') throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    if (this.#isPast(token.expiresAt + clockSkewSeconds)) throw new ProtocolError('TokenExpired', 'Token has expired.')
    this.#refuseRevoked(token)
    return { by: 'token', site: this.#siteOf(token), token }
  }

  /**
   * Takes the `t` of a stream URL.
   *
   * @throws ProtocolError `Forbidden` for anything but a ticket for this conversation, `TokenExpired` after its minute,
   * and as `authenticate`
   */
  openTicket(text: string, conversation: string): { readonly ticket: StreamTicket; readonly site: Site } {
    const ticket = this.#read(text)
    // It is shown once as a rule, and what was opened with it holds what it says.
    this.#remembered.delete(text)
    if (ticket?.purpose !== 'stream' || ticket.conversation !== conversation) {
      throw new ProtocolError('Forbidden', 'The stream URL is not valid for this conversation.')
    }
    if (this.#isPast(ticket.expiresAt)) throw new ProtocolError('TokenExpired', 'The stream URL has expired.')
    this.#refuseRevoked(ticket)
    const site = this.#siteOf(ticket)
    if (this.#isReplaced(site, ticket)) throw new ProtocolError('Revoked', 'The secret has been replaced.')
    if (!site.v3) throw new ProtocolError('SwitchedOff', 'This API is switched off for the site.')
    return { ticket, site }
  }

  /** Whether what a socket was opened with would not open it any more, its minute aside. */
  refusesSocket({ bot, site: { id }, shown, ...stems }: ConversationGrant): boolean {
    const site = this.#sites.of(bot.id, id)
    if (site === undefined || !site.enabled || !site.v3 || this.#isReplaced(site, stems)) return true
    return shown !== undefined && this.#revocations.refusal(shown) !== undefined
  }

  /** What a socket was opened with, as its site and bot are now; undefined where it is refused. */
  current(grant: ConversationGrant): ConversationGrant | undefined {
    const site = this.#sites.of(grant.bot.id, grant.site.id)
    return site === undefined || this.refusesSocket(grant) ? undefined : { ...grant, site, bot: site.bot }
  }

  /** What a genuine token or ticket says, whether or not it has expired or been revoked; undefined for any other text. */
  read(text: string): Token | StreamTicket | undefined {
    return text.length > tokenCharactersMax ? undefined : this.#read(text)
  }

  /**
   * Issues a token for one conversation.
   *
   * @throws ProtocolError `Unacceptable` if what it must carry is too long; `Revoked` or `UnknownConversation` if that
   * has become of the token it follows since it was shown
   */
  issueToken(content: TokenContent): IssuedToken {
    if (content.shown !== undefined) this.#refuseRevoked(content.shown)
    const now = this.#nowSeconds()
    const id = this.#random.text(22)
    const lineage = {
      bot: content.site.bot.id,
      site: content.site.id,
      conversation: content.conversation,
      family: content.shown?.family ?? id,
      secret: content.secret,
    }
    const token: Token = {
      purpose: 'token',
      ...lineage,
      issuedMs: this.#revocations.issue(lineage),
      user: content.user?.id,
      userName: content.user?.name,
      origins: content.origins,
      isStarted: content.isStarted,
      id,
      issuedAt: now,
      expiresAt: now + this.#lifetimeSeconds,
    }
    const text = this.#keys.sign(writeClaims(token, this.#issuer()))
    if (text.length > tokenCharactersMax)
      throw new ProtocolError('Unacceptable', 'The trusted origins are too long for a token.')
    return { token: text, expiresInSeconds: this.#lifetimeSeconds, family: token.family }
  }

  /** Issues what opens a socket of this conversation within a minute. @param family of the token issued with it */
  issueTicket(grant: ConversationGrant, family: string, from: Position, greet: boolean): string {
    const now = this.#nowSeconds()
    const lineage = {
      bot: grant.bot.id,
      site: grant.site.id,
      conversation: grant.conversation,
      family,
      secret: grant.secret,
    }
    const ticket: StreamTicket = {
      purpose: 'stream',
      ...lineage,
      issuedMs: this.#revocations.issue(lineage),
      bySecret: grant.bySecret,
      user: grant.user?.id,
      userName: grant.user?.name,
      origins: grant.site.enforceOrigins ? grant.origins : [],
      from,
      greet,
      issuedAt: now,
      expiresAt: now + streamTicketSeconds,
    }
    const text = this.#keys.sign(writeClaims(ticket, this.#issuer()))
    this.#remember(text, ticket)
    return text
  }

  #read(text: string): Token | StreamTicket | undefined {
    const known = this.#remembered.get(text)
    if (known !== undefined) return known
    if (text.length > tokenCharactersMax) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    const claims = this.#keys.verified(text)
    const read = claims === undefined ? undefined : readClaims(claims)
    if (read !== undefined) {
      this.#remember(text, read)
      this.#revocations.note(read.issuedMs)
    }
    return read
  }

  #remember(text: string, read: Token | StreamTicket): void {
    if (this.#remembered.size >= rememberedTokensMax) {
      const oldest = this.#remembered.keys().next()
      if (!oldest.done) this.#remembered.delete(oldest.value)
    }
    this.#remembered.set(text, read)
  }

  #bySecret(text: string): Grant {
    const found = this.#sites.bySecretDigest(this.#keys.digest(text), this.#clock.nowMs())
    if (found === undefined) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    refuseDisabled(found.site)
    return { by: 'secret', site: found.site, secret: found.secret.id }
  }

  #siteOf(read: Token | StreamTicket): Site {
    const site = this.#sites.of(read.bot, read.site)
    if (site === undefined) throw new ProtocolError('Forbidden', 'Invalid token or secret.')
    refuseDisabled(site)
    return site
  }

  #refuseRevoked(read: Token | StreamTicket): void {
    const refusal = this.#revocations.refusal(read)
    if (refusal === 'gone') throw new ProtocolError('UnknownConversation', 'The conversation has been deleted.')
    if (refusal === 'revoked') throw new ProtocolError('Revoked', 'The token has been revoked.')
  }

  /** What a secret opened in person ends with that secret; tokens made with it live on. */
  #isReplaced({ secrets }: Site, { bySecret, secret }: { bySecret: boolean; secret: string | undefined }): boolean {
    return bySecret && secret !== ownSecret && secrets.every(({ id }) => id !== secret)
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000)
  }

  #isPast(seconds: number): boolean {
    return this.#clock.nowMs() >= seconds * 1000
  }
}

/** @throws ProtocolError `SwitchedOff` */
function refuseDisabled(site: Site): void {
  if (!site.enabled) throw new ProtocolError('SwitchedOff', 'The site is switched off.')
}
