/**
 * Bots and sites as the admin API shows them, and how a path names a site. No secret is in them.
 */
import type { Bot, SecretMark, SecretNumber, Site, Sites } from '../../domain/sites.ts'
import type { BotBody, BotHealth, SecretBody, SiteBody } from '../../protocol/admin.ts'
import { ProtocolError } from '../../protocol/errors.ts'

/** A bot. Whether it has a password is told, the password is not. */
export const botBody = (bot: Bot, health: BotHealth): BotBody => ({
  id: bot.id,
  name: bot.name,
  endpoint: bot.endpoint,
  schema: bot.schema,
  appId: bot.app?.id,
  hasPassword: bot.app !== undefined,
  authority: bot.authority,
  tenantId: bot.app === undefined ? undefined : bot.tenant,
  serviceUrl: bot.serviceUrl,
  timeoutMs: bot.timeoutMs,
  expectReplies: bot.expectReplies,
  allowSelfSigned: bot.allowSelfSigned,
  echo: bot.echo,
  updates: bot.updates,
  owner: bot.owner,
  where: bot.where,
  health,
})

/** A site. `lastUsed` counts from the last start. */
export function siteBody(site: Site, sites: Sites): SiteBody {
  const secretBody = (secret: SecretMark): SecretBody => {
    const usedMs = sites.lastUsedMs(secret)
    return {
      id: secret.id,
      created: isoOf(secret.createdMs),
      lastUsed: usedMs === undefined ? undefined : isoOf(usedMs),
    }
  }
  return {
    id: site.id,
    bot: site.bot.id,
    name: site.name,
    enabled: site.enabled,
    v3: site.v3,
    v1: site.v1,
    enhancedAuth: site.enhancedAuthentication,
    trustedOrigins: site.trustedOrigins,
    enforceOrigins: site.enforceOrigins,
    uploads: site.uploads,
    owner: site.bot.owner,
    secrets: site.secrets.map(secretBody),
  }
}

/**
 * The site of a name: its id, or `{bot}.{site}` where sites of several bots have that id.
 *
 * @throws ProtocolError `UnknownSite`, also for an id that several have
 */
export function siteNamed(sites: Sites, name: string): Site {
  const found = sites.all.filter(site => site.id === name || `${site.bot.id}.${site.id}` === name)
  const [site] = found
  if (site === undefined) throw new ProtocolError('UnknownSite', 'There is no such site.')
  if (found.length > 1) throw new ProtocolError('UnknownSite', 'Several bots have a site of this id: say {bot}.{site}.')
  return site
}

/** How a site is named where everybody must understand which. */
export const fullName = ({ bot, id }: Site): string => `${bot.id}.${id}`

/** Which secret a path means. @throws ProtocolError `UnknownPath` */
export function readSecretNumber(text: string): SecretNumber {
  if (text !== '1' && text !== '2') throw new ProtocolError('UnknownPath', 'A site has secrets 1 and 2.')
  return text === '1' ? 1 : 2
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
