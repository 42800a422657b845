/**
 * The bots and sites of the settings as the domain takes them, with the secrets that are kept in the store.
 */
import type { Clock, ConversationStore, Keys, Random } from './domain/ports.ts'
import { Secrets } from './domain/secrets.ts'
import type { Bot, Site } from './domain/sites.ts'
import { openSwitches } from './domain/switches.ts'
import { botId, siteId } from './protocol/ids.ts'
import { openAppPassword } from './secrets.ts'
import type { BotSettings, SiteSettings } from './settings.ts'

/** Whose tokens bots of many tenants ask for at Microsoft's. */
const multiTenant = 'botframework.com'

/**
 * Reads, or makes at first start, every secret of the bots and their sites.
 *
 * @throws Error if a kept secret was sealed under another master key
 */
export async function openBots(
  bots: readonly BotSettings[],
  ports: { store: ConversationStore; keys: Keys; clock: Clock; random: Random },
): Promise<{ readonly sites: readonly Site[]; readonly secret: string; readonly secrets: Secrets }> {
  const secrets = new Secrets(ports)
  const sites: Site[] = []
  let first: string | undefined
  for (const settings of bots) {
    const bot = await openBot(settings, ports)
    for (const site of settings.sites) {
      const opened = await secrets.open(settings.id, site.id, site.secrets)
      first ??= opened[0].secret
      const marks = [secrets.mark(opened[0]), secrets.mark(opened[1])] as const
      sites.push({ ...(await openSite(settings.id, site, ports.store)), bot, secrets: marks })
    }
  }
  return { sites, secret: first ?? '', secrets }
}

async function openSite(
  bot: string,
  settings: SiteSettings,
  store: ConversationStore,
): Promise<Omit<Site, 'bot' | 'secrets'>> {
  const { enabled, v3, v1 } = settings
  const given = { enabled, v3, v1 }
  return {
    ...settings,
    ...(await openSwitches(store, { bot, site: settings.id }, given)),
    given,
    id: siteId(settings.id),
  }
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
