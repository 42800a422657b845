/**
 * Who may use the admin API: whoever calls it by a name that is ours and shows its key. The name is looked at because
 * any web site can give a name of its own this machine's address, and then a browser takes us for that site.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Events } from '../../domain/events.ts'
import type { Clock } from '../../domain/ports.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Addresses } from '../addresses.ts'

/** What the guard needs of the inside. */
export type GuardPorts = {
  readonly key: string
  /** Names of ours beside the loopback ones: lower case, without a port. */
  readonly hosts: readonly string[]
  readonly addresses: Addresses
  readonly clock: Clock
  readonly events: Events
}

/** Wrong keys from one address within a second. Then even the right one is refused until the next second. */
const wrongKeysPerSecond = 5

const bearer = /^bearer +(\S+) *$/i

/** Lets requests to the admin API in. */
export class Guard {
  readonly #ports: GuardPorts
  readonly #keyDigest: Buffer
  readonly #hosts: ReadonlySet<string>
  #second = 0
  /** Wrong keys in this second, by address. */
  readonly #wrong = new Map<string, number>()

  constructor(ports: GuardPorts) {
    this.#ports = ports
    this.#keyDigest = digest(ports.key)
    this.#hosts = new Set(['localhost', '127.0.0.1', '[::1]', ...ports.hosts])
  }

  /** Why a request is refused: `Misdirected`, `AdminKeyNeeded` or `TooManyRequests`; undefined if it is not. */
  refusal({ headers, raw }: FastifyRequest): ProtocolError | undefined {
    const { addresses, events } = this.#ports
    if (!this.#hosts.has(nameIn(headers.host)))
      return new ProtocolError('Misdirected', 'The admin API is not served under this name.')
    const key = bearer.exec(headers.authorization ?? '')?.[1]
    if (key === undefined) return new ProtocolError('AdminKeyNeeded', 'The admin API needs its key.')
    const caller = addresses.callerOf(raw)
    const wrong = this.#wrongIn(caller)
    if (wrong >= wrongKeysPerSecond)
      return new ProtocolError('TooManyRequests', 'Too many wrong keys have come from this address.')
    if (timingSafeEqual(digest(key), this.#keyDigest)) return undefined
    this.#wrong.set(caller, wrong + 1)
    events({ event: 'audit', action: 'wrongKey', subject: 'admin API', address: addresses.of(raw) })
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

/** The name in a Host header, without its port. */
const nameIn = (host: string | undefined): string => (host ?? '').replace(/:\d*$/, '').toLowerCase()
