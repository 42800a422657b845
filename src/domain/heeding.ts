/**
 * Several nodes, one store: what one changes in the settings that are kept there, the others heed within a second. They
 * ask for the names of what has been put since they last asked, and take up that alone.
 *
 * Nobody is told by the bus, which may lose news: a revocation must not hang on it.
 */
import type { Events } from './events.ts'
import type { OneByOne } from './one-by-one.ts'
import type { Clock } from './ports.ts'
import type { SettingStore } from './setting-port.ts'

/** How often a node asks: milliseconds. Half of the second that is promised, for the way and for taking up. */
const askEveryMs = 500

/** How long somebody is kept waiting for what is newest: milliseconds. */
const upToDateMs = 1_000

/** Takes up settings that have been put: of those named, what it knows. May be told twice, and of its own changes. */
export type TakeUp = (names: readonly string[]) => Promise<void>

type HeedingPorts = {
  readonly store: Pick<SettingStore, 'settingsSince'>
  readonly clock: Clock
  readonly events: Events
}

/** Heeds what other nodes change. */
export class Heeding {
  readonly #ports: HeedingPorts
  readonly #takers: TakeUp[] = []
  /** Everything put up to here has been taken up. */
  #version: number
  #hasFailed = false
  #isStopped = false
  #cancel: (() => void) | undefined
  #changes: OneByOne | undefined
  /** The catching up that waits for its turn, for everybody who asks before it begins. */
  #next: Promise<void> | undefined
  #asking: Promise<void> = Promise.resolve()

  private constructor(ports: HeedingPorts, version: number) {
    this.#ports = ports
    this.#version = version
  }

  /** To be opened before the first setting is read: what is put from then on is heeded. */
  static async open(ports: HeedingPorts): Promise<Heeding> {
    return new Heeding(ports, (await ports.store.settingsSince(undefined)).version)
  }

  /** Has somebody told of what was put, after those who came before. */
  tell(takeUp: TakeUp): void {
    this.#takers.push(takeUp)
  }

  /** Asks again and again, as one of the changes: none is made from what another has just taken up in part. */
  begin(changes: OneByOne): void {
    if (this.#isStopped) return
    this.#changes = changes
    this.#cancel = this.#ports.clock.after(askEveryMs, () => {
      this.#asking = this.#soon(changes).catch((error: unknown) => this.#failed(error))
      this.#asking.then(() => this.begin(changes))
    })
  }

  /**
   * Takes up what has been put. What can't be taken up is tried again the next time, and holds up nothing else.
   *
   * @throws what the store throws
   */
  async catchUp(): Promise<void> {
    this.#next = undefined
    const { version, names } = await this.#ports.store.settingsSince(this.#version)
    let failure: { readonly error: unknown } | undefined
    for (const takeUp of names.length === 0 ? [] : this.#takers) {
      try {
        await takeUp(names)
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== undefined) return this.#failed(failure.error)
    this.#hasFailed = false
    this.#version = version
  }

  /**
   * Resolves when all that had been put has been taken up, for people who look and must see what they did on another
   * node. A store that does not answer keeps them for a second: then they see what is known here. Never rejects.
   */
  async upToDate(): Promise<void> {
    let cancel: (() => void) | undefined
    const late = new Promise<void>(resolve => {
      cancel = this.#ports.clock.after(upToDateMs, resolve)
    })
    // A failure is told of when it is asked again.
    const caughtUp = this.#changes && this.#soon(this.#changes).catch(() => undefined)
    await Promise.race([caughtUp, late])
    cancel?.()
  }

  /** Asks no more. Resolves when nothing is being taken up. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel?.()
    await this.#asking
  }

  /** A change catches up before it begins, and that is all there is to this one. */
  #soon(changes: OneByOne): Promise<void> {
    this.#next ??= changes.do(async () => undefined)
    return this.#next
  }

  /** One line for a store that is away, not two a second. */
  #failed(error: unknown): void {
    if (!this.#hasFailed) this.#ports.events({ event: 'fault', during: 'heeding what other nodes change', error })
    this.#hasFailed = true
  }
}
