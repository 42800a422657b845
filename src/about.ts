/**
 * What the service tells of itself to people who look in.
 */
import { hostname } from 'node:os'
import type { ConversationStore } from './domain/ports.ts'
import type { Sites } from './domain/sites.ts'
import type { AboutBody } from './protocol/admin.ts'
import type { Settings } from './settings.ts'
import { readVersion } from './version.ts'

const version = readVersion()

/** `GET /about`. @param publicUrl our own address, without a slash at its end @param webChat the release that is served */
export function aboutOf(
  settings: Settings,
  publicUrl: string,
  startedAt: string,
  webChat: string,
): Omit<AboutBody, 'domain' | 'isUnused'> {
  const { mode, development, revealSecrets, store } = settings
  const can = {
    devToken: development,
    reveal: revealSecrets,
    memory: store.kind === 'memory',
  }
  return {
    version,
    mode,
    publicUrl,
    store: store.kind,
    bus: settings.bus.kind,
    node: hostname(),
    startedAt,
    webChat: settings.webchat.public ? webChat : undefined,
    features: Object.entries(can).flatMap(([name, isOn]) => (isOn ? [name] : [])),
  }
}

/** Whether none of the bots has a conversation. */
export async function isUnused(store: ConversationStore, sites: Sites): Promise<boolean> {
  for (const { id } of sites.bots) if ((await store.list(id, undefined, 1)).length > 0) return false
  return true
}
