/**
 * The bots that the store keeps: those that were added while the service ran, and what was changed about the one that
 * the settings bring by default. Kept sealed, because passwords are in it.
 */
import type { ConversationStore, Keys } from './ports.ts'
import type { WrittenBot } from './written-bot.ts'

/** Bots that are kept at most. */
export const storedBotsMax = 1_000

/** `was`: the digest of what the settings said when this took its place. Undefined: they knew no such bot. */
type Kept = { readonly bot: WrittenBot | undefined; readonly was: string | undefined }
type StoredPorts = { readonly store: ConversationStore; readonly keys: Keys }

const settingName = 'bots of the store'

/** Keeps bots. */
export class StoredBots {
  readonly #ports: StoredPorts
  readonly #kept = new Map<string, Kept>()

  constructor(ports: StoredPorts) {
    this.#ports = ports
  }

  /** Reads what is kept. @throws Error if it was sealed under another master key */
  async load(): Promise<void> {
    const { store, keys } = this.#ports
    const sealed = await store.setting(settingName)
    if (sealed === undefined) return
    const text = keys.unseal(sealed)
    if (text === undefined) throw new Error(`The ${settingName} were sealed under another master key.`)
    for (const [id, kept] of JSON.parse(text) as [string, Kept][]) this.#kept.set(id, kept)
  }

  /**
   * All bots there are: those of the settings first. What somebody wrote down in the settings wins over the store; what
   * stands there by default gives way, until the settings say something else.
   */
  joined(given: readonly WrittenBot[]): readonly WrittenBot[] {
    const own = given.flatMap(bot => {
      if (bot.where !== undefined) return [bot]
      const kept = this.#kept.get(bot.id)
      if (kept === undefined || kept.was !== this.#digestOf(bot)) return [{ ...bot, owner: 'store' as const }]
      return kept.bot === undefined ? [] : [kept.bot]
    })
    const known = new Set(given.map(({ id }) => id))
    const added = [...this.#kept].flatMap(([id, { bot }]) => (known.has(id) || bot === undefined ? [] : [bot]))
    return [...own, ...added]
  }

  /** Keeps a bot as it is from now on. @param given what the settings say of a bot of this id */
  async put(bot: WrittenBot, given: WrittenBot | undefined): Promise<void> {
    await this.#write(bot.id, { bot, was: given === undefined ? undefined : this.#digestOf(given) })
  }

  /** Keeps a bot no more. One that the settings bring by default stays away until they say something else. */
  async remove(id: string, given: WrittenBot | undefined): Promise<void> {
    await this.#write(id, given === undefined ? undefined : { bot: undefined, was: this.#digestOf(given) })
  }

  async #write(id: string, kept: Kept | undefined): Promise<void> {
    const { store, keys } = this.#ports
    const next = new Map(this.#kept)
    if (kept === undefined) next.delete(id)
    else next.set(id, kept)
    await store.putSetting(settingName, keys.seal(JSON.stringify([...next])))
    if (kept === undefined) this.#kept.delete(id)
    else this.#kept.set(id, kept)
  }

  /** JSON leaves out what is undefined, so a release that adds a field changes it: then the settings have the word again. */
  #digestOf(given: WrittenBot): string {
    return this.#ports.keys.digest(JSON.stringify(given))
  }
}
