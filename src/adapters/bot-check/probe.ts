/**
 * Looks at bots with Node's own means: names, connections, TLS and one bodiless request.
 */
import { lookup } from 'node:dns/promises'
import { request as askPlain } from 'node:http'
import { request as askSecure } from 'node:https'
import { isIP, connect as open, type Socket } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { BotProbe, Offer, Place, Resolved, ThisMachine } from '../../domain/probe-port.ts'
import type { EndpointParts } from '../../protocol/endpoint.ts'
import { shakeHands } from './handshake.ts'

/** Addresses of one name that are looked at. */
const addressesMax = 8

/** The reason told where an address is refused: the same as that of the bot client. */
const refusedAddress = 'EADDRREFUSED'

/**
 * Opens what looks at bots.
 *
 * @param isRefused whether no bot may be at an address: the guard of the bot client
 */
export function openBotProbe(isRefused: (address: string) => boolean): BotProbe {
  return new NodeProbe(isRefused)
}

class NodeProbe implements BotProbe {
  readonly #isRefused: (address: string) => boolean
  /** The system can't be told to stop looking for a name, so whoever asks again waits for the same answer. */
  readonly #asked = new Map<string, Promise<Resolved>>()

  constructor(isRefused: (address: string) => boolean) {
    this.#isRefused = isRefused
  }

  read(url: string): EndpointParts | undefined {
    const read = URL.parse(url)
    if (read?.protocol !== 'http:' && read?.protocol !== 'https:') return undefined
    const usual = read.protocol === 'https:' ? 443 : 80
    return {
      scheme: read.protocol === 'https:' ? 'https' : 'http',
      host: read.hostname.replace(/^\[|\]$/g, ''),
      port: read.port === '' ? usual : Number(read.port),
      path: read.pathname + read.search,
    }
  }

  async resolve(
    host: string,
    { allowLinkLocal, timeoutMs }: { readonly allowLinkLocal: boolean; readonly timeoutMs: number },
  ): Promise<Resolved> {
    const found = await within<Resolved>(timeoutMs, this.#addressesOf(host), { outcome: 'failed', reason: 'EAI_AGAIN' })
    if (found.outcome === 'failed' || allowLinkLocal) return found
    const addresses = found.addresses.filter(address => !this.#isRefused(address))
    return addresses.length === 0 ? { outcome: 'failed', reason: refusedAddress } : { outcome: 'found', addresses }
  }

  async connect({ address, port }: Place, timeoutMs: number): Promise<string | undefined> {
    let socket: Socket | undefined
    const opened = new Promise<string | undefined>(resolve => {
      socket = open({ host: address, port })
      socket.on('connect', () => resolve(undefined)).on('error', error => resolve(codeOf(error)))
    })
    const reason = await within(timeoutMs, opened, 'ETIMEDOUT')
    socket?.destroy()
    return reason
  }

  handshake(...asked: Parameters<BotProbe['handshake']>): ReturnType<BotProbe['handshake']> {
    return shakeHands(...asked)
  }

  async options({ address }: Place, { scheme, host, port, path }: EndpointParts, timeoutMs: number) {
    const ask = scheme === 'https' ? askSecure : askPlain
    const named = host.includes(':') ? `[${host}]` : host
    let request: ReturnType<typeof askPlain> | undefined
    const answered = new Promise<Offer | undefined>(resolve => {
      request = ask({
        ...{ host: address, port, path, method: 'OPTIONS', agent: false },
        headers: { host: `${named}:${port}`, 'user-agent': 'Landline' },
        rejectUnauthorized: false,
        ...(isIP(host) === 0 ? { servername: host } : {}),
      })
      request
        .on('error', () => resolve(undefined))
        .on('response', ({ statusCode = 0, headers }) => {
          const dateMs = Date.parse(headers.date ?? '')
          const allow = headers.allow?.toUpperCase()
          resolve({ status: statusCode, allow, dateMs: Number.isNaN(dateMs) ? undefined : dateMs })
        })
      request.end()
    })
    const offer = await within(timeoutMs, answered, undefined)
    request?.destroy()
    return offer
  }

  thisMachine(): ThisMachine {
    const found = Object.entries(networkInterfaces()).flatMap(([network, addresses = []]) =>
      addresses
        .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
        .map(({ address }) => ({ isWsl: /\bWSL\b/.test(network), address })),
    )
    return {
      name: hostname(),
      lan: found.filter(({ isWsl }) => !isWsl).map(({ address }) => address),
      wsl: found.find(({ isWsl }) => isWsl)?.address,
    }
  }

  #addressesOf(host: string): Promise<Resolved> {
    if (isIP(host) !== 0) return Promise.resolve({ outcome: 'found', addresses: [host] })
    if (isLoopbackName(host)) return Promise.resolve({ outcome: 'found', addresses: ['127.0.0.1', '::1'] })
    const asked = this.#asked.get(host) ?? this.#lookUp(host)
    this.#asked.set(host, asked)
    return asked
  }

  async #lookUp(host: string): Promise<Resolved> {
    try {
      const found = await lookup(host, { all: true })
      return { outcome: 'found', addresses: found.slice(0, addressesMax).map(({ address }) => address) }
    } catch (error) {
      return { outcome: 'failed', reason: codeOf(error) }
    } finally {
      this.#asked.delete(host)
    }
  }
}

const isLoopbackName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO'

/** What the work comes to, or the other thing if it takes too long. */
async function within<Result>(ms: number, work: Promise<Result>, otherwise: Result): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Result>(resolve => {
    timer = setTimeout(() => resolve(otherwise), ms)
  })
  const result = await Promise.race([work, late])
  clearTimeout(timer)
  return result
}
