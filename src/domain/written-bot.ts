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
  readonly name: string
  readonly enabled: boolean
  readonly v3: boolean
  readonly v1: boolean
  readonly uploads: boolean
  /** Secrets given from outside; without any, they are made. */
  readonly secrets: readonly string[]
  readonly enhancedAuthentication: boolean
  readonly trustedOrigins: readonly string[]
  readonly enforceOrigins: boolean
  readonly debug: boolean
  readonly allowTokenResponse: boolean
}

/** One bot. */
export type WrittenBot = {
  readonly id: string
  readonly name: string
  readonly endpoint: string
  readonly schema: 'v3' | 'v1'
  /** Undefined `password`: one is made and kept. */
  readonly app: { readonly id: string; readonly password: string | undefined } | undefined
  readonly authority: 'landline' | 'microsoft' | 'none'
  readonly tenant: string | undefined
  readonly allowLinkLocal: boolean
  readonly allowSelfSigned: boolean
  readonly serviceUrl: string | undefined
  readonly timeoutMs: number
  readonly echo: 'before' | 'after'
  readonly expectReplies: boolean
  readonly passDeliveryMode: boolean
  readonly updates: boolean
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
