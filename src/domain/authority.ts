/**
 * The service as its own authority: it keeps the keys with which bots' tokens are signed, changes them in time,
 * publishes them, and tells its own signatures from everybody else's.
 */
import type { JsonObject } from '../protocol/fields.ts'
import type { Claims, KeyPair, Signer } from './authority-port.ts'
import type { Events } from './events.ts'
import type { Clock, ConversationStore, Keys } from './ports.ts'
import { changeSetting } from './setting-change.ts'
import { isDue, isWaiting, onlyKey, type SigningKeys, settled, signerAt, withNext } from './signing-keys.ts'

/** The name under which the keys are kept, sealed. */
const settingName = 'signing keys'

/** How often it is looked whether a change of keys is due: milliseconds. */
const lookEveryMs = 60 * 60 * 1000

type AuthorityPorts = {
  readonly store: ConversationStore
  readonly keys: Keys
  readonly clock: Clock
  readonly events: Events
  readonly signer: Signer
}

/**
 * Keeps keys and signs with them. The first key is made when it is first needed; a restart changes nothing. Where the
 * keys can't be read or kept, what needs them rejects with what the store says, and the next one tries again.
 */
export class Authority {
  readonly #ports: AuthorityPorts
  #keys: SigningKeys | undefined
  #generation = 0
  #last: Promise<unknown> = Promise.resolve()
  #cancelLook: (() => void) | undefined
  #isStopped = false

  constructor(ports: AuthorityPorts) {
    this.#ports = ports
  }

  /**
   * Reads the keys that are kept. Without any, the first is being made when this resolves, and whoever needs it waits.
   *
   * @throws Error if they were sealed under another master key
   */
  async open(): Promise<void> {
    this.#unsealed(await this.#ports.store.setting(settingName))
    this.#look()
  }

  /** Counts the changes of keys: what was signed or verified under another number may not hold any more. */
  get generation(): number {
    return this.#generation
  }

  /** The keys that bots may find under our tokens. */
  async published(): Promise<readonly JsonObject[]> {
    return (await this.#ready()).map(key => this.#ports.signer.published(key))
  }

  /** A token that says these claims. */
  async sign(claims: Claims): Promise<string> {
    const keys = await this.#ready()
    return this.#ports.signer.sign(signerAt(keys, this.#ports.clock.nowMs()), claims)
  }

  /** What a token says that we have signed with a key that is still published; undefined for every other text. */
  async verified(token: string): Promise<Claims | undefined> {
    return this.#ports.signer.verified(token, await this.#ready())
  }

  /**
   * Changes the key. `overlap`: the next one is published now, signs in a day, and whatever was signed stays good; if
   * a key is waiting already nothing happens. `at once`: for a key that has leaked. A new one signs now and every
   * other is withdrawn, so bots refuse us until they fetch keys again, which can take some of them an hour.
   */
  async rotate(how: 'overlap' | 'at once'): Promise<void> {
    await this.#change(async (kept, nowMs) => {
      if (how === 'at once' || kept === undefined) return onlyKey(await this.#makePair(), nowMs)
      const keys = settled(kept, nowMs)
      return isWaiting(keys, nowMs) ? keys : withNext(keys, await this.#makePair(), nowMs)
    })
  }

  /** Takes up what another node has made of the keys, if they are among the settings named. */
  async takeUp(names: readonly string[]): Promise<void> {
    if (names.includes(settingName) && this.#keys !== undefined) await this.#upToDate()
  }

  /** Looks no more whether a change is due. Resolves when none is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelLook?.()
    await this.#last
  }

  #ready(): SigningKeys | Promise<SigningKeys> {
    return this.#keys ?? this.#upToDate()
  }

  #look(): void {
    if (this.#isStopped) return
    this.#cancelLook?.()
    this.#cancelLook = this.#ports.clock.after(lookEveryMs, () => this.#look())
    this.#upToDate().catch((error: unknown) =>
      this.#ports.events({ event: 'fault', during: 'keeping the signing keys', error }),
    )
  }

  #upToDate(): Promise<SigningKeys> {
    return this.#change(async (kept, nowMs) => {
      if (kept === undefined) return onlyKey(await this.#makePair(), nowMs)
      const keys = settled(kept, nowMs)
      return isDue(keys, nowMs) ? withNext(keys, await this.#makePair(), nowMs) : keys
    })
  }

  /** Changes are made one after the other, each to what the store has, and a key is kept before anything is signed with it. */
  #change(changed: (kept: SigningKeys | undefined, nowMs: number) => Promise<SigningKeys>): Promise<SigningKeys> {
    const change = this.#last.then(async () => {
      const { store, keys: secrets, clock } = this.#ports
      const keys = await changeSetting(store, settingName, async sealed => {
        const kept = this.#unsealed(sealed)
        const next = await changed(kept, clock.nowMs())
        return { next: next === kept ? undefined : secrets.seal(JSON.stringify(next)), result: next }
      })
      if (namesOf(keys) !== namesOf(this.#keys ?? [])) this.#generation += 1
      this.#keys = keys
      if (this.#cancelLook === undefined && !this.#isStopped)
        this.#cancelLook = clock.after(lookEveryMs, () => this.#look())
      return keys
    })
    // Whoever asked for the change hears of its failure; the next one is not held up by it.
    this.#last = change.catch(() => undefined)
    return change
  }

  #unsealed(sealed: string | undefined): SigningKeys | undefined {
    if (sealed === undefined) return undefined
    const text = this.#ports.keys.unseal(sealed)
    if (text === undefined) throw new Error(`The ${settingName} were sealed under another master key.`)
    return JSON.parse(text) as SigningKeys
  }

  #makePair(): Promise<KeyPair> {
    return this.#ports.signer.makePair()
  }
}

const namesOf = (keys: readonly KeyPair[]): string => keys.map(({ id }) => id).join()
