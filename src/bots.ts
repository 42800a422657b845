/**
 * The bots and sites of the settings as the domain takes them, with the secrets that are kept in the store.
 */
import type { ConversationStore, Keys, Random } from './domain/ports.ts'
import type { Bot, Site } from './domain/sites.ts'
import { botId, siteId } from './protocol/ids.ts'
import { openAppPassword, openSecrets } from './secrets.ts'
import type { BotSettings } from './settings.ts'

/** Whose tokens bots of many tenants ask for at Microsoft's. */
const multiTenant = 'botframework.com'

/**
 * Reads, or makes at first start, every secret of the bots and their sites.
 *
 * @throws Error if a kept secret was sealed under another master key
 */
export async function openBots(
  bots: readonly BotSettings[],
  ports: { store: ConversationStore; keys: Keys; random: Random },
): Promise<{ readonly sites: readonly Site[]; readonly secret: string }> {
  const sites: Site[] = []
  let first: string | undefined
  for (const settings of bots) {
    const bot = await openBot(settings, ports)
    for (const site of settings.sites) {
      const secrets = await openSecrets(settings.id, site, ports)
      first ??= secrets[0]
      sites.push({ ...site, id: siteId(site.id), bot, secretDigests: secrets.map(secret => ports.keys.digest(secret)) })
    }
  }
  return { sites, secret: first ?? '' }
}

async function openBot(
  settings: BotSettings,
  ports: { store: ConversationStore; keys: Keys; random: Random },
): Promise<Bot> {
  const { app, tenant, authority } = settings
  return {
    ...settings,
    id: botId(settings.id),
    tenant: tenant ?? (authority === 'microsoft' ? multiTenant : 'landline'),
    app:
      app === undefined
        ? undefined
        : { id: app.id, password: app.password ?? (await openAppPassword(settings.id, ports)) },
  }
}
