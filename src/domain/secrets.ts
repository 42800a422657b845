/**
 * The two secrets of each site: given by the settings, or made at first start; sealed in the store either way, and
 * replaced one at a time while the service runs.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { Clock, ConversationStore, Keys, Random } from './ports.ts'
import { changeSetting, type SettingChange } from './setting-change.ts'
import type { SecretMark, SecretNumber, Site } from './sites.ts'

/** Characters of a secret made here: 256 bits. */
const secretCharacters = 43

/** Characters of the id that tokens carry in place of the secret. */
const secretIdCharacters = 8

/** Digests of replaced secrets that are kept for a site. Beyond it the oldest go. */
const retiredMax = 200

type Secret = { readonly secret: string; readonly id: string; readonly createdMs: number }
type Kept = {
  readonly secrets: readonly Secret[]
  /** Digests of secrets that have been replaced: settings that still name one don't bring it back. */
  readonly retired: readonly string[]
}
type SecretsPorts = {
  readonly store: ConversationStore
  readonly keys: Keys
  readonly clock: Clock
  readonly random: Random
}

/** Keeps the secrets of sites. */
export class Secrets {
  readonly #ports: SecretsPorts

  constructor(ports: SecretsPorts) {
    this.#ports = ports
  }

  /**
   * The secrets of a site. Given ones come first and are kept, so that the next start without them knows them too. One
   * that has been replaced since is passed over: what took its place stays until the settings name another.
   *
   * @throws Error for more than two given ones, or if those kept were sealed under another master key
   */
  async open(bot: string, site: string, given: readonly string[]): Promise<readonly [Secret, Secret]> {
    if (given.length > 2) throw new Error(`Site ${site} of bot ${bot} has more than two secrets.`)
    return this.#change(bot, site, text => {
      const kept = this.#parsed(text)
      const secrets = this.#merged(given, kept)
      const merged = JSON.stringify({ secrets, retired: kept.retired } satisfies Kept)
      return { next: merged === text ? undefined : merged, result: secrets }
    })
  }

  /** What of a secret may be known to the rest of the house. */
  mark({ id, secret, createdMs }: Secret): SecretMark {
    return { id, digest: this.#ports.keys.digest(secret), createdMs }
  }

  /** The secret itself, for its owner. */
  async reveal({ bot, id, secrets }: Site, number: SecretNumber): Promise<string> {
    const wanted = secrets[number - 1]?.id
    const found = this.#parsed(await this.#text(bot.id, id)).secrets.find(secret => secret.id === wanted)
    if (found === undefined) throw new ProtocolError('Internal', 'The secret is not kept.')
    return found.secret
  }

  /**
   * Puts a new secret in the place of one, for good, before it is answered.
   *
   * @returns it, and both as they are kept now
   */
  replace(
    { bot, id }: Site,
    number: SecretNumber,
  ): Promise<{ readonly secret: string; readonly marks: Site['secrets'] }> {
    const { random, keys } = this.#ports
    return this.#change(bot.id, id, text => {
      const kept = this.#parsed(text)
      const made = this.#made(random.text(secretCharacters))
      const old = kept.secrets[number - 1]
      const secrets = kept.secrets.map(secret => (secret === old ? made : secret))
      const retired = [...kept.retired, ...(old === undefined ? [] : [keys.digest(old.secret)])].slice(-retiredMax)
      const [first, second] = secrets
      if (first === undefined || second === undefined || old === undefined)
        throw new ProtocolError('Internal', 'The secret is not kept.')
      const marks = [this.mark(first), this.mark(second)] as const
      return { next: JSON.stringify({ secrets, retired } satisfies Kept), result: { secret: made.secret, marks } }
    })
  }

  /** Forgets the secrets of a site that is gone: one of its name that comes later gets others. */
  async forget(bot: string, site: string): Promise<void> {
    const { store, keys } = this.#ports
    await store.putSetting(secretsSetting(bot, site), keys.seal(JSON.stringify({ secrets: [], retired: [] })))
  }

  #merged(given: readonly string[], kept: Kept): readonly [Secret, Secret] {
    const named = given.map((secret, at) =>
      this.#isRetired(kept, secret) || given.indexOf(secret) !== at
        ? undefined
        : (kept.secrets.find(known => known.secret === secret) ?? this.#made(secret)),
    )
    const free = kept.secrets.filter(secret => !named.includes(secret))
    const at = (index: number): Secret => {
      const own = kept.secrets[index]
      // Where one has moved to the other place, the other moves to its.
      const stays = own === undefined || free.includes(own) ? own : free[0]
      return named[index] ?? stays ?? this.#made(this.#ports.random.text(secretCharacters))
    }
    return [at(0), at(1)]
  }

  #isRetired({ secrets, retired }: Kept, secret: string): boolean {
    return retired.includes(this.#ports.keys.digest(secret)) && !secrets.some(known => known.secret === secret)
  }

  #made(secret: string): Secret {
    const { random, clock } = this.#ports
    return { secret, id: random.text(secretIdCharacters), createdMs: clock.nowMs() }
  }

  /** Changes what is kept, as JSON text. */
  #change<Result>(
    bot: string,
    site: string,
    change: (text: string | undefined) => SettingChange<Result>,
  ): Promise<Result> {
    const { store, keys } = this.#ports
    const name = secretsSetting(bot, site)
    return changeSetting(store, name, sealed => {
      const { next, result } = change(this.#unsealed(name, sealed))
      return { next: next === undefined ? undefined : keys.seal(next), result }
    })
  }

  /** What is kept, as JSON text. */
  async #text(bot: string, site: string): Promise<string | undefined> {
    const name = secretsSetting(bot, site)
    return this.#unsealed(name, await this.#ports.store.setting(name))
  }

  #unsealed(name: string, sealed: string | undefined): string | undefined {
    const text = sealed === undefined ? undefined : this.#ports.keys.unseal(sealed)
    if (sealed !== undefined && text === undefined) throw new Error(`The ${name} were sealed under another master key.`)
    return text
  }

  #parsed(text: string | undefined): Kept {
    if (text === undefined) return { secrets: [], retired: [] }
    const kept = JSON.parse(text) as Kept | readonly string[]
    // Releases before secrets had ids kept a list of them, and nothing else.
    return 'retired' in kept ? kept : { secrets: kept.map(secret => this.#made(secret)), retired: [] }
  }
}

/** The setting in which the secrets of a site are kept. */
export const secretsSetting = (bot: string, site: string): string => `secrets of site ${site} of bot ${bot}`
