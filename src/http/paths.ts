/**
 * Paths: what stands in front of ours, and how a path and its methods are mounted.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ProtocolError } from '../protocol/errors.ts'
import { Addresses } from './addresses.ts'

/** Answers one request. What it returns is the body. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> | unknown

/** Beyond it an address is refused. */
const targetCharactersMax = 8 * 1024

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/**
 * Mounts the methods of one path.
 *
 * @param bodyBytesMax how long a body may be
 */
export function mount(
  app: FastifyInstance,
  path: string,
  handlers: Partial<Record<Method, Handler>>,
  bodyBytesMax: number,
): void {
  const offered = methods.filter(method => handlers[method] !== undefined)
  for (const method of offered) {
    const handler = handlers[method]
    if (handler !== undefined) app.route({ method, url: path, handler, bodyLimit: bodyBytesMax })
  }
  app.knownPaths.push({
    pattern: new RegExp(`^${path.replace(/\./g, '\\.').replace(/:[^/]+/g, '[^/]+')}/?$`, 'i'),
    allow: [...offered, 'OPTIONS'].join(', '),
  })
}

/** A path that is mounted, and the methods it has. */
export type KnownPath = { readonly pattern: RegExp; readonly allow: string }

declare module 'fastify' {
  interface FastifyInstance {
    /** Everything that has been mounted. */
    knownPaths: KnownPath[]
  }
}

/** What to answer where no route fits: the path is known, but not with this method; or it is not known at all. */
export function notFound(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): ProtocolError {
  const path = request.url.split('?', 1)[0] ?? ''
  const known = app.knownPaths.find(({ pattern }) => pattern.test(path))
  if (known === undefined) return new ProtocolError('UnknownPath', 'There is nothing at this path.')
  reply.header('allow', known.allow)
  return new ProtocolError('WrongMethod', 'This path does not have this method.')
}

/** What is wrong with where a request is sent to, before anybody looks at the path; undefined for nothing. */
export function targetFault({ url = '', headers, httpVersion }: IncomingMessage): ProtocolError | undefined {
  if (url.length > targetCharactersMax)
    return new ProtocolError('TargetTooLong', `An address may have ${targetCharactersMax} characters.`)
  return headers.host === undefined && httpVersion === '1.1'
    ? new ProtocolError('MalformedBody', 'The request has no Host.')
    : undefined
}

/** Our paths, as exactly as is needed to tell them from a path in front of them that looks alike. */
const roots = new RegExp(
  [
    '/v3/(?:directline|conversations|botstate)(?=/|$)',
    '/v3/attachments/[\\w-]{1,55}\\.[\\w-]{1,64}(?:/views/\\w+)?/?$',
    '/connector/[^/]{1,120}/[^/]{1,120}/+(?:v3|api)(?=/|$)',
    '/attachments/[\\w-]{22,55}/[\\w-]{22,55}/[^/]+/?$',
    '/api/(?:tokens|conversations|usertoken|botsignin)(?=/|$)',
    '/bot/v1\\.0/',
    '/[\\w.-]{1,100}/(?:v2\\.0/)?\\.well-known/openid-configuration/?$',
    '/v1/\\.well-known/(?:openidconfiguration|keys)/?$',
    '/[\\w.-]{1,100}/discovery/(?:v2\\.0/)?keys/?$',
    '/[\\w.-]{1,100}/oauth2/v2\\.0/token/?$',
    '/msi/token/?$',
  ].join('|'),
  'i',
)

/** Splits an address where our own path begins: a proxy may have put us behind a path of its own. */
export function splitPrefix(target: string): { readonly prefix: string; readonly own: string } {
  // Proxies, and clients that take a document by its word, send the whole address.
  const url = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '')
  if (url.startsWith('/v3/directline/')) return { prefix: '', own: url }
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  const at = path.search(roots)
  return at <= 0 ? { prefix: '', own: url } : { prefix: path.slice(0, at), own: url.slice(at) }
}

/**
 * Whether a path is the admin API's, however it is written: no page of another origin is answered there, and nobody
 * without its key.
 */
export const isAdminPath = (url: string): boolean => isBelow(url, adminPath)

/** Whether a path is one of those people steer the service by: the admin API, the console, what is for development. */
export const isSteeringPath = (url: string): boolean => isBelow(url, steeringPath)

const adminPath = /^\/+admin(?:[/?#;]|$)/i
const steeringPath = /^\/+(?:admin|console|dev)(?:[/?#;]|$)/i

function isBelow(url: string, path: RegExp): boolean {
  if (url.startsWith('/v3/')) return false
  try {
    return path.test(decodeURIComponent(url.split('?', 1)[0] ?? ''))
  } catch {
    // Not decodable: the router will say so.
    return path.test(url)
  }
}

const hostPattern = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** Whose word is taken for the host and scheme we were called by. */
export type Believed = {
  /** Knows the proxies that are believed. */
  readonly addresses: Addresses
  /** Whether every caller is, about the host: only in development. */
  readonly anyHost: boolean
}

/** How clients reach us, in the addresses they are given. */
export class Origins {
  readonly #publicUrl: string | undefined
  readonly #listening: () => string
  readonly #believed: Believed

  /**
   * @param publicUrl the configured address, without a slash at its end: it wins
   * @param listening the address listened on, where nobody who is believed tells another
   */
  constructor(
    publicUrl: string | undefined,
    listening: () => string,
    believed: Believed = { addresses: new Addresses([]), anyHost: true },
  ) {
    this.#publicUrl = publicUrl
    this.#listening = listening
    this.#believed = believed
  }

  /** The address this request came to, without a slash at its end. */
  of(request: IncomingMessage, originalUrl: string): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl
    const isForwarded = this.#believed.addresses.isForwarded(request)
    const { host: called, 'x-forwarded-host': forwarded, 'x-forwarded-proto': scheme } = request.headers
    const host = (isForwarded ? lastOf(forwarded) : undefined) ?? called
    const isBelieved = isForwarded || this.#believed.anyHost
    if (!isBelieved || host === undefined || !hostPattern.test(host)) return this.#listening()
    const isSecure = isForwarded && lastOf(scheme)?.toLowerCase() === 'https'
    return `${isSecure ? 'https' : 'http'}://${host}${splitPrefix(originalUrl).prefix}`
  }
}

/** What the nearest proxy has said: each adds to the end. */
const lastOf = (header: string | string[] | undefined): string | undefined =>
  String(header ?? '')
    .split(',')
    .at(-1)
    ?.trim() || undefined
