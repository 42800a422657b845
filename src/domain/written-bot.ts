/**
 * A bot with its sites as it is written down, in the settings or in the store: before any secret is made or looked up,
 * and what a change makes of it.
 */
import type { BotChange, SiteChange } from '../protocol/admin.ts'
import { endpointParts, placeOf } from '../protocol/endpoint.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { slugOf } from '../protocol/slug.ts'

/** One site. */
export type WrittenSite = {
  readonly id: string
  /** What people call it. */
  readonly name: string
  /** A site that is switched off takes no secret, token or ticket. */
  readonly enabled: boolean
  /** Whether clients of Direct Line 3.0, and of 1.1, are served. */
  readonly v3: boolean
  readonly v1: boolean
  /** Secrets given from outside. Without any, one is made at first start and kept. */
  readonly secrets: readonly string[]
  /** Tokens must carry a user id, and user ids in requests of a secret must start with `dl_`. */
  readonly enhancedAuthentication: boolean
  /** Origins that may bind a sign-in session. If set, it wins over the list in a token. */
  readonly trustedOrigins: readonly string[]
  /** Refuses requests and sockets whose `Origin` is not trusted. */
  readonly enforceOrigins: boolean
  /** Shows the bot's `trace` activities to clients. */
  readonly debug: boolean
  /** Lets clients send `tokens/response` events, which otherwise only a token service may. */
  readonly allowTokenResponse: boolean
  /** Whether clients may upload files. */
  readonly uploads: boolean
}

/** One bot. */
export type WrittenBot = {
  readonly id: string
  readonly name: string
  /** The messaging endpoint: an http or https URL. */
  readonly endpoint: string
  /** What it speaks: activities, or the messages of Bot Framework v1. */
  readonly schema: 'v3' | 'v1'
  /** The bot's app id, and its password: without one given, one is made and kept. Undefined: the bot has no credential. */
  readonly app: { readonly id: string; readonly password: string | undefined } | undefined
  /** Who issues the tokens a v3 bot with an app id is shown and shows: this service, Microsoft's public cloud, or nobody. */
  readonly authority: 'landline' | 'microsoft' | 'none'
  /** The tenant that stands in those tokens' addresses: lower case. Undefined: `landline`, or Microsoft's for bots of many tenants. */
  readonly tenant: string | undefined
  /** Whether the bot may be at a link-local or cloud metadata address. */
  readonly allowLinkLocal: boolean
  /** How long a turn may take: milliseconds. */
  readonly timeoutMs: number
  /** When clients see what a user sent: before the bot's turn, or after it. */
  readonly echo: 'before' | 'after'
  /** The bot answers in the body of the turn instead of calling back. */
  readonly expectReplies: boolean
  /** The bot is sent the client's `deliveryMode`, such as `stream`. */
  readonly passDeliveryMode: boolean
  /** Whether the bot may update and delete what it has sent. */
  readonly updates: boolean
  /** What the bot is told as our address: an absolute URL without query or slash at its end. Undefined: the public URL. */
  readonly serviceUrl: string | undefined
  /** Whether a certificate that nobody vouches for is taken from the bot. */
  readonly allowSelfSigned: boolean
  /** Where it may be changed. A bot of the settings without a `where` stands there by default: it may be changed here. */
  readonly owner: 'settings' | 'store'
  /** Where somebody wrote it down: a place in a file, a flag, a variable. */
  readonly where: string | undefined
  readonly sites: readonly WrittenSite[]
}

/**
 * The bot as a change leaves it. The id stays.
 *
 * @throws ProtocolError `Unacceptable` for fields that do not go together, `MissingProperty`
 */
export function changedBot(bot: WrittenBot, change: BotChange): WrittenBot {
  const { appId, appPassword, tenantId, serviceUrl, ...rest } = change
  const id = appId === undefined ? bot.app?.id : (appId ?? undefined)
  const password = appPassword === undefined ? bot.app?.password : (appPassword ?? undefined)
  if (id === undefined && typeof appPassword === 'string')
    throw new ProtocolError('MissingProperty', "A password goes with an app id: 'appId' is missing.")
  const changed: WrittenBot = {
    ...bot,
    ...withoutUndefined(rest),
    id: bot.id,
    app: id === undefined ? undefined : { id, password },
    tenant: tenantId === undefined ? bot.tenant : (tenantId ?? undefined),
    serviceUrl: serviceUrl === undefined ? bot.serviceUrl : (serviceUrl ?? undefined),
  }
  if (changed.authority === 'microsoft' && changed.app?.password === undefined) {
    throw new ProtocolError(
      'MissingProperty',
      "With the authority \"microsoft\" a bot has the 'appId' and 'appPassword' it is registered with.",
    )
  }
  return changed
}

/** The site as a change leaves it. The id stays. */
export function changedSite(site: WrittenSite, change: SiteChange): WrittenSite {
  const { enhancedAuth, ...rest } = change
  return {
    ...site,
    ...withoutUndefined(rest),
    id: site.id,
    enhancedAuthentication: enhancedAuth ?? site.enhancedAuthentication,
  }
}

/** What a bot is called after its endpoint: the host, and the path unless it is the usual one. */
export function nameFrom(endpoint: string): string {
  const parts = endpointParts(endpoint)
  if (parts === undefined) return endpoint
  const { host, port, path, scheme } = parts
  const isUsual = port === (scheme === 'https' ? 443 : 80)
  return placeOf(host, isUsual ? undefined : port) + path.replace(/\?.*$/, '').replace(/\/(?:api\/messages)?\/?$/i, '')
}

/** An id nobody has: made of a name, with a number if need be. */
export function freeId(name: string, otherwise: 'bot' | 'site', isTaken: (id: string) => boolean): string {
  const base = slugOf(name, otherwise)
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? base : `${base}-${number}`
    if (!isTaken(id)) return id
  }
}

type Given<Fields> = { readonly [Name in keyof Fields]: Exclude<Fields[Name], undefined> }

const withoutUndefined = <Fields extends object>(fields: Fields): Given<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>
