/**
 * A bot that is written down becomes one that can be talked to: its password and the secrets of its sites are read, or
 * made the first time, and what was switched at its sites is heeded.
 */
import { botId, siteId } from '../protocol/ids.ts'
import type { ConversationStore } from './ports.ts'
import type { Secrets } from './secrets.ts'
import type { Bot, Site } from './sites.ts'
import { openSwitches } from './switches.ts'
import type { WrittenBot, WrittenSite } from './written-bot.ts'

/** A bot, its sites, and the first secret of the first. */
export type OpenedBot = { readonly bot: Bot; readonly sites: readonly Site[]; readonly secret: string | undefined }

type OpenerPorts = {
  readonly store: ConversationStore
  readonly secrets: Secrets
  /** The password of a bot that was given none. @throws Error if it was sealed under another master key */
  readonly appPassword: (bot: string) => Promise<string>
}

/** Whose tokens bots of many tenants ask for at Microsoft's. */
const multiTenant = 'botframework.com'

/** Opens bots. */
export class BotOpener {
  readonly #ports: OpenerPorts

  constructor(ports: OpenerPorts) {
    this.#ports = ports
  }

  /** Opens one. @throws Error if a kept secret was sealed under another master key, or for more than two secrets */
  async open(written: WrittenBot): Promise<OpenedBot> {
    const { sites: writtenSites, ...rest } = written
    const { app, tenant, authority } = written
    const bot: Bot = {
      ...rest,
      id: botId(written.id),
      tenant: tenant ?? (authority === 'microsoft' ? multiTenant : 'landline'),
      app:
        app === undefined
          ? undefined
          : { id: app.id, password: app.password ?? (await this.#ports.appPassword(written.id)) },
    }
    const sites: Site[] = []
    let first: string | undefined
    for (const site of writtenSites) {
      const opened = await this.#openSite(bot, site)
      sites.push(opened.site)
      first ??= opened.secret
    }
    return { bot, sites, secret: first }
  }

  async #openSite(bot: Bot, written: WrittenSite): Promise<{ readonly site: Site; readonly secret: string }> {
    const { store, secrets } = this.#ports
    const [first, second] = await secrets.open(bot.id, written.id, written.secrets)
    const { enabled, v3, v1, uploads } = written
    const given = { enabled, v3, v1, uploads }
    const switches = await openSwitches(store, { bot: bot.id, site: written.id }, given)
    const marks = [secrets.mark(first), secrets.mark(second)] as const
    return {
      site: { ...written, ...switches, given, id: siteId(written.id), bot, secrets: marks },
      secret: first.secret,
    }
  }
}
