/**
 * The bots that the store keeps: those that were added while the service ran, and what was changed about the one that
 * the settings bring by default. Kept sealed, because passwords are in it.
 */
import { OvertakenError } from './one-by-one.ts'
import type { ConversationStore, Keys } from './ports.ts'
import { changeSetting } from './setting-change.ts'
import type { WrittenBot } from './written-bot.ts'

/** Bots that are kept at most. */
export const storedBotsMax = 1_000

/** `was`: the digest of what the settings said when this took its place. Undefined: they knew no such bot. */
type Kept = { readonly bot: WrittenBot | undefined; readonly was: string | undefined }
type StoredPorts = { readonly store: ConversationStore; readonly keys: Keys }

/** The setting in which they are kept. */
export const botsSetting = 'bots of the store'

/** Keeps bots. */
export class StoredBots {
  readonly #ports: StoredPorts
  #kept: ReadonlyMap<string, Kept> = new Map()

  constructor(ports: StoredPorts) {
    this.#ports = ports
  }

  /** Reads what is kept. @throws Error if it was sealed under another master key */
  async load(): Promise<void> {
    this.#kept = this.#read(await this.#ports.store.setting(botsSetting))
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

  /**
   * Keeps a bot as it is from now on.
   *
   * @param given what the settings say of a bot of this id
   * @throws OvertakenError if another node has put or removed this bot since it was read
   */
  async put(bot: WrittenBot, given: WrittenBot | undefined): Promise<void> {
    await this.#write(bot.id, { bot, was: given === undefined ? undefined : this.#digestOf(given) })
  }

  /**
   * Keeps a bot no more. One that the settings bring by default stays away until they say something else.
   *
   * @throws OvertakenError as `put`
   */
  async remove(id: string, given: WrittenBot | undefined): Promise<void> {
    await this.#write(id, given === undefined ? undefined : { bot: undefined, was: this.#digestOf(given) })
  }

  async #write(id: string, kept: Kept | undefined): Promise<void> {
    const { store, keys } = this.#ports
    this.#kept = await changeSetting(store, botsSetting, sealed => {
      const found = this.#read(sealed)
      if (JSON.stringify(found.get(id)) !== JSON.stringify(this.#kept.get(id))) {
        // It may also be a write of our own that failed and has happened all the same: the next one is made to this.
        this.#kept = found
        throw new OvertakenError(`The bot ${id} has been changed meanwhile.`)
      }
      const next = new Map(found)
      if (kept === undefined) next.delete(id)
      else next.set(id, kept)
      return { next: keys.seal(JSON.stringify([...next])), result: next }
    })
  }

  #read(sealed: string | undefined): ReadonlyMap<string, Kept> {
    if (sealed === undefined) return new Map()
    const text = this.#ports.keys.unseal(sealed)
    if (text === undefined) throw new Error(`The ${botsSetting} were sealed under another master key.`)
    return new Map(JSON.parse(text) as [string, Kept][])
  }

  /** JSON leaves out what is undefined, so a release that adds a field changes it: then the settings have the word again. */
  #digestOf(given: WrittenBot): string {
    return this.#ports.keys.digest(JSON.stringify(given))
  }
}
