/**
 * The secrets of sites: given from outside, or made at first start; sealed in the store either way.
 */

import type { ConversationStore, Keys, Random } from './domain/ports.ts'
import type { SiteSettings } from './settings.ts'

/** Characters of a secret made here: 256 bits. */
const secretCharacters = 43

/**
 * The secrets of a site. A given secret becomes the site's first one and is kept, so that the next start without it
 * knows it too.
 *
 * @throws Error if a kept secret was sealed under another master key
 */
export async function openSecrets(
  bot: string,
  site: SiteSettings,
  ports: { store: ConversationStore; keys: Keys; random: Random },
): Promise<readonly string[]> {
  const { store, keys, random } = ports
  const name = `secrets of site ${site.id} of bot ${bot}`
  if (site.secrets.length > 0) {
    await store.putSetting(name, keys.seal(JSON.stringify(site.secrets)))
    return site.secrets
  }
  const sealed = await store.setting(name)
  if (sealed !== undefined) {
    const kept = keys.unseal(sealed)
    if (kept === undefined) throw new Error(`The ${name} were sealed under another master key.`)
    return JSON.parse(kept) as string[]
  }
  const made = [random.text(secretCharacters), random.text(secretCharacters)]
  await store.putSetting(name, keys.seal(JSON.stringify(made)))
  return made
}

/**
 * The password of a bot that was given an app id and none: made at first start and kept.
 *
 * @throws Error if it was sealed under another master key
 */
export async function openAppPassword(
  bot: string,
  ports: { store: ConversationStore; keys: Keys; random: Random },
): Promise<string> {
  const { store, keys, random } = ports
  const name = `app password of bot ${bot}`
  const sealed = await store.setting(name)
  if (sealed !== undefined) {
    const kept = keys.unseal(sealed)
    if (kept === undefined) throw new Error(`The ${name} was sealed under another master key.`)
    return kept
  }
  const made = random.text(secretCharacters)
  await store.putSetting(name, keys.seal(made))
  return made
}
