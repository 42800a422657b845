/**
 * Who may use the admin API: whoever shows its key, or the cookie of somebody who has shown it. A cookie counts only for
 * pages of our own, because browsers send cookies with whatever any page asks for.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Events } from '../../domain/events.ts'
import type { Clock } from '../../domain/ports.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Addresses } from '../addresses.ts'
import type { OwnNames } from '../own-names.ts'
import { hasCookie, type Session, type Sessions, setCookie } from './session.ts'

/** What the guard needs of the inside. */
export type GuardPorts = {
  readonly key: string
  readonly names: OwnNames
  readonly sessions: Sessions
  readonly addresses: Addresses
  readonly clock: Clock
  readonly events: Events
}

/** Somebody who is let in, by a session or by the key itself; or why not. */
export type Admission =
  | { readonly refused: ProtocolError; readonly session?: undefined }
  | { readonly refused?: undefined; readonly session: Session | undefined }

/** Wrong keys from one address within a second. Further ones are 429 until the next; the right one always passes. */
const wrongKeysPerSecond = 5

const bearer = /^bearer +(\S+) *$/i

/** Lets requests to the admin API in. */
export class Guard {
  readonly #ports: GuardPorts
  readonly #keyDigest: Buffer
  #second = 0
  /** Wrong keys in this second, by address. */
  readonly #wrong = new Map<string, number>()

  constructor(ports: GuardPorts) {
    this.#ports = ports
    this.#keyDigest = digest(ports.key)
  }

  /**
   * Looks at a request. One that is refused is `AdminKeyNeeded`, `TooManyRequests` or, shown a cookie by a page that is
   * none of ours, `ForeignOrigin`.
   */
  admit(request: IncomingMessage): Admission {
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    return this.#admit(request, isReading)
  }

  /** The same for a WebSocket, on which browsers always say where the page is from; and by a name of ours: `Misdirected`. */
  admitUpgrade(request: IncomingMessage): Admission {
    const refused = this.#ports.names.refusal(request)
    return refused === undefined ? this.#admit(request, false) : { refused }
  }

  /**
   * Takes the key from the login page, and gives the Set-Cookie header.
   *
   * @throws ProtocolError `ForeignOrigin`, `AdminKeyNeeded`, `TooManyRequests`
   */
  login(request: IncomingMessage, key: string): string {
    const { names, sessions } = this.#ports
    const refused = this.#foreign(request, true) ?? this.#wrongKey(request, key)
    if (refused !== undefined) throw refused
    return setCookie(sessions.begin(), names.isSecure(request))
  }

  /** Ends the session of a request, if there is one, and gives the Set-Cookie header. @throws ProtocolError `ForeignOrigin` */
  async logout(request: IncomingMessage): Promise<string> {
    const { names, sessions } = this.#ports
    const refused = this.#foreign(request, !hasCookie(request.headers.cookie))
    if (refused !== undefined) throw refused
    const session = sessions.in(request.headers.cookie)
    if (session !== undefined) await sessions.end(session)
    return setCookie(undefined, names.isSecure(request))
  }

  /** The Set-Cookie header that dates a session anew; undefined while it need not be. */
  renewal(request: IncomingMessage, session: Session): string | undefined {
    const { names, sessions } = this.#ports
    const value = sessions.renewed(session)
    return value === undefined ? undefined : setCookie(value, names.isSecure(request))
  }

  #admit(request: IncomingMessage, mayOmitOrigin: boolean): Admission {
    const { authorization, cookie } = request.headers
    if (hasCookie(cookie)) {
      const refused = this.#foreign(request, mayOmitOrigin)
      if (refused !== undefined) return { refused }
    }
    const key = bearer.exec(authorization ?? '')?.[1]
    if (key !== undefined) {
      const refused = this.#wrongKey(request, key)
      return refused === undefined ? { session: undefined } : { refused }
    }
    const session = this.#ports.sessions.in(cookie)
    if (session !== undefined) return { session }
    return { refused: new ProtocolError('AdminKeyNeeded', 'The admin API needs its key.') }
  }

  #foreign(request: IncomingMessage, mayOmitOrigin: boolean): ProtocolError | undefined {
    const { origin } = request.headers
    if (origin === undefined ? mayOmitOrigin : this.#ports.names.isOwnOrigin(request, origin)) return undefined
    return new ProtocolError('ForeignOrigin', 'The admin API is not for pages of another origin.')
  }

  #wrongKey(request: IncomingMessage, key: string): ProtocolError | undefined {
    // Whoever has it is not to be locked out by somebody who guesses at the same address.
    if (timingSafeEqual(digest(key), this.#keyDigest)) return undefined
    const { addresses, events } = this.#ports
    const caller = addresses.callerOf(request)
    const wrong = this.#wrongIn(caller)
    if (wrong >= wrongKeysPerSecond)
      return new ProtocolError('TooManyRequests', 'Too many wrong keys have come from this address.')
    this.#wrong.set(caller, wrong + 1)
    events({ event: 'audit', action: 'wrongKey', subject: 'admin API', address: addresses.of(request) })
    return new ProtocolError('AdminKeyNeeded', 'This is not the key of the admin API.')
  }

  #wrongIn(caller: string): number {
    const second = Math.floor(this.#ports.clock.monotonicMs() / 1000)
    if (second !== this.#second) this.#wrong.clear()
    this.#second = second
    return this.#wrong.get(caller) ?? 0
  }
}

/** Compared in place of the keys: of one length whatever was shown. */
const digest = (key: string): Buffer => createHash('sha256').update(key).digest()
