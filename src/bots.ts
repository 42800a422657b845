/**
 * All bots and sites as the domain takes them: those of the settings together with those that the store keeps.
 */
import { BotOpener } from './domain/bot-opener.ts'
import type { Clock, ConversationStore, Keys, Random } from './domain/ports.ts'
import { Secrets } from './domain/secrets.ts'
import type { Bot, Site } from './domain/sites.ts'
import { StoredBots } from './domain/stored-bots.ts'
import type { WrittenBot } from './domain/written-bot.ts'
import { openAppPassword } from './secrets.ts'
import type { BotSettings } from './settings.ts'

/** The bots there are at the start, and what opens and keeps others. */
export type OpenedBots = {
  readonly bots: readonly Bot[]
  readonly sites: readonly Site[]
  /** The first secret of the first site; empty if there is none. */
  readonly secret: string
  readonly secrets: Secrets
  readonly opener: BotOpener
  readonly stored: StoredBots
  /** As they are written down. */
  readonly written: readonly WrittenBot[]
}

/**
 * Reads, or makes at first start, every secret of the bots and their sites.
 *
 * @throws Error if a kept secret was sealed under another master key
 */
export async function openBots(
  given: readonly BotSettings[],
  ports: { store: ConversationStore; keys: Keys; clock: Clock; random: Random },
): Promise<OpenedBots> {
  const secrets = new Secrets(ports)
  const opener = new BotOpener({ store: ports.store, secrets, appPassword: bot => openAppPassword(bot, ports) })
  const stored = new StoredBots(ports)
  await stored.load()
  const written = stored.joined(given)
  const opened = []
  for (const bot of written) opened.push(await opener.open(bot))
  return {
    ...{ secrets, opener, stored, written },
    bots: opened.map(({ bot }) => bot),
    sites: opened.flatMap(({ sites }) => sites),
    secret: opened.find(({ secret }) => secret !== undefined)?.secret ?? '',
  }
}
