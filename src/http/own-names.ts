/**
 * The names this service is called by where people steer it: a web site can give a name of its own this machine's
 * address, and then a browser takes us for that site.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ProtocolError } from '../protocol/errors.ts'
import type { Addresses } from './addresses.ts'
import { isSteeringPath } from './paths.ts'

const loopback: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Knows the names and origins that are ours. */
export class OwnNames {
  readonly #names: ReadonlySet<string>
  readonly #public: URL | undefined
  readonly #addresses: Addresses

  /**
   * @param ports.publicUrl the configured address: its host is ours, and so is its origin
   * @param ports.hosts other names of ours, without a port
   */
  constructor(ports: {
    readonly publicUrl: string | undefined
    readonly hosts: readonly string[]
    readonly addresses: Addresses
  }) {
    this.#public = ports.publicUrl === undefined ? undefined : new URL(ports.publicUrl)
    const given = this.#public === undefined ? ports.hosts : [...ports.hosts, this.#public.hostname]
    this.#names = new Set([...loopback, ...given.map(host => host.toLowerCase())])
    this.#addresses = ports.addresses
  }

  /** Why a request is refused that calls us by another name: `Misdirected`; undefined if it does not. */
  refusal({ headers }: IncomingMessage): ProtocolError | undefined {
    if (this.#names.has(nameIn(headers.host))) return undefined
    return new ProtocolError('Misdirected', 'This is not served under this name.')
  }

  /** Whether a page of this origin is one of ours: served under the name this request calls, or under the public URL. */
  isOwnOrigin(request: IncomingMessage, origin: string): boolean {
    const url = URL.parse(origin)
    if (url === null || url.origin !== origin.toLowerCase()) return false
    if (url.origin === this.#public?.origin) return true
    const called = URL.parse(`${url.protocol}//${this.#hostOf(request)}`)
    if (called?.host !== url.host || !this.#names.has(url.hostname)) return false
    const scheme = this.#schemeOf(request)
    return scheme === undefined ? /^https?:$/.test(url.protocol) : url.protocol === `${scheme}:`
  }

  /** Whether the browser reached us by https: a believed proxy says so, or it called our public name. */
  isSecure(request: IncomingMessage): boolean {
    return this.#schemeOf(request) === 'https'
  }

  /** By what the browser reached us; undefined where a proxy may stand before us that nobody has told us of. */
  #schemeOf(request: IncomingMessage): 'http' | 'https' | undefined {
    if (this.#addresses.isForwarded(request)) {
      const scheme = lastOf(request.headers['x-forwarded-proto'])
      if (scheme !== undefined) return scheme.toLowerCase() === 'https' ? 'https' : 'http'
    }
    if (loopback.includes(nameIn(request.headers.host))) return 'http'
    return this.#public?.protocol === 'https:' ? 'https' : undefined
  }

  #hostOf(request: IncomingMessage): string {
    const forwarded = this.#addresses.isForwarded(request) ? lastOf(request.headers['x-forwarded-host']) : undefined
    return forwarded ?? request.headers.host ?? ''
  }
}

/** Refuses every request to `/admin`, `/console` and `/dev` that calls us by a name that is not ours. */
export const refuseOtherNames =
  (names: OwnNames) =>
  (app: FastifyInstance): void => {
    app.addHook('onRequest', (request, _reply, done) => {
      done(isSteeringPath(request.url) ? names.refusal(request.raw) : undefined)
    })
  }

/** The name in a Host header: without its port, in lower case. */
const nameIn = (host: string | undefined): string => (host ?? '').replace(/:\d*$/, '').toLowerCase()

/** The nearest proxy's word: each adds to the end. */
const lastOf = (header: string | string[] | undefined): string | undefined =>
  String(header ?? '')
    .split(',')
    .at(-1)
    ?.trim() || undefined
