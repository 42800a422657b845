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
  /** Told apart from every other token: revocation needs a name. */
  readonly id: string
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
        origins: credential.origins.length === 0 ? undefined : credential.origins,
        use: 'stream',
      })
    default:
      return credential satisfies never
  }
}

/** Reads claims whose signature has been verified. Undefined for anything that is not a token or ticket of ours. */
export function readClaims(text: string): Token | StreamTicket | undefined {
  const claims: unknown = JSON.parse(text)
  if (!isObject(claims)) return undefined
  const { bot, site, conv, user, uname, nbf, exp, use } = claims
  const conversation = typeof conv === 'string' ? readConversationId(conv) : undefined
  if (typeof bot !== 'string' || typeof site !== 'string' || conversation === undefined) return undefined
  if (typeof nbf !== 'number' || typeof exp !== 'number') return undefined
  const common = {
    bot: botId(bot),
    site: siteId(site),
    conversation,
    user: typeof user === 'string' ? userId(user) : undefined,
    userName: typeof uname === 'string' ? uname : undefined,
    origins: Array.isArray(claims['origins']) ? claims['origins'].filter(origin => typeof origin === 'string') : [],
    issuedAt: nbf,
    expiresAt: exp,
  }
  if (use === 'token') {
    return {
      purpose: 'token',
      ...common,
      isStarted: claims['started'] === true,
      id: typeof claims['jti'] === 'string' ? claims['jti'] : '',
    }
  }
  if (use === 'stream') {
    const from = readWatermark(typeof claims['from'] === 'string' ? claims['from'] : undefined)
    return {
      purpose: 'stream',
      ...common,
      from: typeof from === 'number' ? from : position(0),
      greet: claims['greet'] === true,
    }
  }
  return undefined
}
