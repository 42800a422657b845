/**
 * What a token says. Clients read one claim, `user`, and take it for the id they speak under (DirectLineJS and Web
 * Chat decode the token as a JWT); everything else is ours. Signing is the outside's work.
 */
import { isObject } from './fields.ts'
import {
  type BotId,
  botId,
  type ConversationId,
  readConversationId,
  type SiteId,
  siteId,
  type UserId,
  userId,
} from './ids.ts'
import { type Position, position, readWatermark } from './watermark.ts'

/** What opens the API: one conversation of one bot, until it expires. */
export type Token = {
  readonly purpose: 'token'
  readonly bot: BotId
  readonly site: SiteId
  readonly conversation: ConversationId
  /** Who speaks, if it was said when the token was made. */
  readonly user: UserId | undefined
  readonly userName: string | undefined
  /** Origins that may bind a sign-in session, if the site has no list of its own. */
  readonly origins: readonly string[]
  /** Whether the conversation had been started: if it is not there, it is gone for good. */
  readonly isStarted: boolean
  /** Told apart from every other token. */
  readonly id: string
  /** The id of the first token of its chain: what is issued for a token is of that token's family. */
  readonly family: string
  /** The id of the secret at the beginning of the chain. Undefined in tokens of releases that did not write it. */
  readonly secret: string | undefined
  /** Milliseconds since 1970. Revocation goes by it. */
  readonly issuedMs: number
  /** Seconds since 1970. */
  readonly issuedAt: number
  /** Seconds since 1970. */
  readonly expiresAt: number
}

/** What opens a socket, and nothing else: it stands in a URL, where logs can see it. */
export type StreamTicket = {
  readonly purpose: 'stream'
  readonly bot: BotId
  readonly site: SiteId
  readonly conversation: ConversationId
  /** Whose eyes the socket stands for: suggestions meant for one person are shown to that person. */
  readonly user: UserId | undefined
  readonly userName: string | undefined
  /** Origins carried by the token, where the site enforces them. */
  readonly origins: readonly string[]
  /** Where the stream begins if the client strips the watermark from the URL. */
  readonly from: Position
  /** Whether to tell the newest watermark at once: DirectLineJS would miss what comes before its first set. */
  readonly greet: boolean
  /** The family of the token that was issued with it. */
  readonly family: string
  /** As in a token. */
  readonly secret: string | undefined
  /** Whether it was issued to somebody who showed the secret itself, and not a token. */
  readonly bySecret: boolean
  /** Milliseconds since 1970. */
  readonly issuedMs: number
  /** Seconds since 1970. */
  readonly issuedAt: number
  /** Seconds since 1970. */
  readonly expiresAt: number
}

/** The claims of a token or ticket as JSON text. `issuer` is our public address, as the hosted service has it. */
export function writeClaims(credential: Token | StreamTicket, issuer: string): string {
  const common = {
    bot: credential.bot,
    site: credential.site,
    conv: credential.conversation,
    user: credential.user,
    uname: credential.userName,
    fam: credential.family,
    sec: credential.secret,
    // NumericDate allows fractions, and a revocation tells apart what was issued within one second.
    iat: credential.issuedMs / 1000,
    nbf: credential.issuedAt,
    exp: credential.expiresAt,
    iss: issuer,
  }
  switch (credential.purpose) {
    case 'token':
      return JSON.stringify({
        ...common,
        aud: issuer,
        jti: credential.id,
        started: credential.isStarted || undefined,
        origins: credential.origins.length === 0 ? undefined : credential.origins,
        use: 'token',
      })
    case 'stream':
      return JSON.stringify({
        ...common,
        aud: `${issuer}stream`,
        from: String(credential.from),
        greet: credential.greet || undefined,
        bysec: credential.bySecret || undefined,
        origins: credential.origins.length === 0 ? undefined : credential.origins,
        use: 'stream',
      })
    default:
      return credential satisfies never
  }
}

/**
 * Reads claims whose signature has been verified. Undefined for anything that is not a token or ticket of ours. One
 * without a family, of an older release, is the first of its own.
 */
export function readClaims(text: string): Token | StreamTicket | undefined {
  const claims: unknown = JSON.parse(text)
  if (!isObject(claims)) return undefined
  const { bot, site, conv, user, uname, nbf, exp, iat, jti, fam, sec, use } = claims
  const conversation = typeof conv === 'string' ? readConversationId(conv) : undefined
  if (typeof bot !== 'string' || typeof site !== 'string' || conversation === undefined) return undefined
  if (typeof nbf !== 'number' || typeof exp !== 'number') return undefined
  const id = typeof jti === 'string' ? jti : ''
  const common = {
    bot: botId(bot),
    site: siteId(site),
    conversation,
    user: typeof user === 'string' ? userId(user) : undefined,
    userName: typeof uname === 'string' ? uname : undefined,
    origins: Array.isArray(claims['origins']) ? claims['origins'].filter(origin => typeof origin === 'string') : [],
    family: typeof fam === 'string' ? fam : id,
    secret: typeof sec === 'string' ? sec : undefined,
    issuedMs: Math.round((typeof iat === 'number' ? iat : nbf) * 1000),
    issuedAt: nbf,
    expiresAt: exp,
  }
  if (use === 'token') {
    return { purpose: 'token', ...common, isStarted: claims['started'] === true, id }
  }
  if (use === 'stream') {
    const from = readWatermark(typeof claims['from'] === 'string' ? claims['from'] : undefined)
    return {
      purpose: 'stream',
      ...common,
      from: typeof from === 'number' ? from : position(0),
      greet: claims['greet'] === true,
      bySecret: claims['bysec'] === true,
    }
  }
  return undefined
}
