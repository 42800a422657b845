/**
 * Who has logged in: a cookie in place of the admin key, for the console. It holds a sealed note of ours, so it survives
 * a restart of the service; it ends with the key, twelve hours after its last use, or when its owner logs out.
 */
import type { Clock, Keys, Random } from '../../domain/ports.ts'
import { changeSetting } from '../../domain/setting-change.ts'
import type { SettingStore } from '../../domain/setting-port.ts'
import { isObject } from '../../protocol/fields.ts'

/** What it takes to keep sessions. */
export type SessionPorts = {
  readonly store: SettingStore
  readonly keys: Keys
  readonly clock: Clock
  readonly random: Random
}

/** A session that somebody has shown. */
export type Session = { readonly id: string; readonly expiresMs: number }

/** The cookie's name. */
const cookieName = 'landline_admin'

/** How long a session lives after its last use: milliseconds. */
const lifeMs = 12 * 60 * 60 * 1000

/** A session is dated anew when its date is this old: milliseconds. */
const renewalMs = 10 * 60 * 1000

/** Characters of the part nobody can guess, over and above the seal. */
const idCharacters = 22

/** Sessions that were ended by hand and could still be shown. Beyond it the oldest are forgotten. */
const endedMax = 1_000

const settingName = 'admin sessions that were ended'

/** Keeps sessions. */
export class Sessions {
  readonly #ports: SessionPorts
  readonly #key: string
  /** Ended by hand → when nobody could show them any more: milliseconds since 1970. */
  readonly #ended: Map<string, number>
  readonly #listeners: (() => void)[] = []

  private constructor(ports: SessionPorts, key: string, ended: readonly (readonly [string, number])[]) {
    this.#ports = ports
    this.#key = ports.keys.digest(`admin key ${key}`)
    this.#ended = new Map(ended)
  }

  /** Takes up what was ended before the last start. @param key the admin key: another one ends every session */
  static async open(ports: SessionPorts, key: string): Promise<Sessions> {
    return new Sessions(ports, key, readEnded(await ports.store.setting(settingName)))
  }

  /** Takes up what was ended on other nodes, if it is among the settings named. */
  async takeUp(names: readonly string[]): Promise<void> {
    if (!names.includes(settingName)) return
    for (const [id, untilMs] of readEnded(await this.#ports.store.setting(settingName))) this.#ended.set(id, untilMs)
    this.#tell()
    this.#forgetPast()
  }

  /** The cookie's value for somebody who has just shown the key. */
  begin(): string {
    return this.#write(this.#ports.random.text(idCharacters))
  }

  /** The session in the cookie of a request; undefined for none, and for one that has ended. */
  in(cookie: string | undefined): Session | undefined {
    const value = valueIn(cookie)
    const text = value === undefined ? undefined : this.#ports.keys.unseal(value)
    if (text === undefined) return undefined
    const session = readSession(text)
    if (session === undefined || session.key !== this.#key || this.#ended.has(session.id)) return undefined
    return session.expiresMs > this.#ports.clock.nowMs() ? session : undefined
  }

  /** The cookie's value from now on; undefined while the old one will do. */
  renewed({ id, expiresMs }: Session): string | undefined {
    return expiresMs - this.#ports.clock.nowMs() < lifeMs - renewalMs ? this.#write(id) : undefined
  }

  /** Ends a session, over restarts too. */
  async end({ id }: Session): Promise<void> {
    const { store, clock } = this.#ports
    this.#ended.set(id, clock.nowMs() + lifeMs)
    this.#tell()
    await changeSetting(store, settingName, text => {
      for (const [ended, untilMs] of readEnded(text)) this.#ended.set(ended, untilMs)
      this.#forgetPast()
      return { next: JSON.stringify([...this.#ended]), result: undefined }
    })
  }

  /** Whether a session was ended by hand, of late. What was opened with one goes on when only its time is over. */
  hasEnded({ id }: Pick<Session, 'id'>): boolean {
    return this.#ended.has(id)
  }

  /** Calls when sessions have been ended: here at once, or on another node when that is heeded. */
  listen(listener: () => void): void {
    this.#listeners.push(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #forgetPast(): void {
    const nowMs = this.#ports.clock.nowMs()
    const inOrder = [...this.#ended].sort(([, one], [, other]) => one - other)
    for (const [at, [ended, untilMs]] of inOrder.entries())
      if (untilMs <= nowMs || inOrder.length - at > endedMax) this.#ended.delete(ended)
  }

  #write(id: string): string {
    const { keys, clock } = this.#ports
    return keys.seal(JSON.stringify({ for: cookieName, id, key: this.#key, expiresMs: clock.nowMs() + lifeMs }))
  }
}

const readEnded = (text: string | undefined): readonly (readonly [string, number])[] =>
  text === undefined ? [] : (JSON.parse(text) as [string, number][])

/**
 * The Set-Cookie header. Strict: no page of another site can make a browser send it, not even by a link.
 *
 * @param value undefined takes the cookie away
 * @param isSecure whether the browser reached us by https
 */
export function setCookie(value: string | undefined, isSecure: boolean): string {
  const seconds = value === undefined ? 0 : lifeMs / 1000
  const attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  return `${cookieName}=${value ?? ''}; ${attributes}`
}

/** Whether a request carries the cookie, good or not. */
export const hasCookie = (cookie: string | undefined): boolean => valueIn(cookie) !== undefined

const pattern = new RegExp(`(?:^|;) *${cookieName}=([\\w-]+)`)

const valueIn = (cookie: string | undefined): string | undefined => pattern.exec(cookie ?? '')?.[1]

function readSession(text: string): (Session & { readonly key: string }) | undefined {
  // Other things are sealed with the same key: what is not JSON is one of them.
  if (!text.startsWith('{')) return undefined
  const value: unknown = JSON.parse(text)
  if (!isObject(value) || value['for'] !== cookieName) return undefined
  const { id, key, expiresMs } = value
  if (typeof id !== 'string' || typeof key !== 'string' || typeof expiresMs !== 'number') return undefined
  return { id, key, expiresMs }
}
