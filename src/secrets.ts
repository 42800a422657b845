/**
 * Secrets of the service itself that nobody has given: made at first start, and sealed in the store.
 */
import type { ConversationStore, Keys, Random } from './domain/ports.ts'
import { changeSetting } from './domain/setting-change.ts'

/** Characters of a secret made here: 256 bits. */
const secretCharacters = 43

type Ports = { readonly store: ConversationStore; readonly keys: Keys; readonly random: Random }

/**
 * The password of a bot that was given an app id and none.
 *
 * @throws Error if it was sealed under another master key
 */
export const openAppPassword = (bot: string, ports: Ports): Promise<string> =>
  openKept(`app password of bot ${bot}`, ports)

/**
 * The key of the admin API. One that is given is not kept.
 *
 * @throws Error if one was kept and sealed under another master key
 */
export async function openAdminKey(given: string | undefined, ports: Ports): Promise<string> {
  return given ?? (await openKept('admin key', ports))
}

/** Whether the store has never been started before. Answers yes once, whatever number of nodes ask. */
export async function isFirstStart({ store }: { readonly store: ConversationStore }): Promise<boolean> {
  if ((await store.setting('first start')) !== undefined) return false
  return await store.putSettingIf('first start', 'is over', undefined)
}

function openKept(name: string, { store, keys, random }: Ports): Promise<string> {
  return changeSetting(store, name, sealed => {
    const kept = sealed === undefined ? random.text(secretCharacters) : keys.unseal(sealed)
    if (kept === undefined) throw new Error(`The ${name} was sealed under another master key.`)
    return { next: sealed === undefined ? keys.seal(kept) : undefined, result: kept }
  })
}
