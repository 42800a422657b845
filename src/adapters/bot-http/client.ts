/**
 * Calls bots over HTTP: for each endpoint a pool of kept-alive connections of its own, so that one bot's calls never
 * wait for another's.
 */
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { buildConnector, Pool } from 'undici'
import type { BotAnswer, BotCall, BotClient, BotEndpoint } from '../../domain/bot-port.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import { type Connector, noting } from './connecting.ts'
import { Exchange } from './exchange.ts'
import { guarded, isRefusedHost, type Resolve, refusedAddress } from './guard.ts'
import { Lines } from './lines.ts'
import { isLoopbackName, lookupLoopback } from './loopback.ts'

/** A connection that has not come about by then never will in time: milliseconds. */
const connectTimeoutMs = 3_000

/** The headers of a bot's answer: bytes. */
const answerHeaderBytesMax = 32 * 1024

/*
 * A connection the bot closes while a turn is being written fails the turn: nobody knows whether the bot has read it,
 * and a turn is never repeated. So a connection is given up here well before a bot would give it up there: 2 s before
 * the moment named in the bot's `Keep-Alive` header (Node's servers name 5 s), but never idle for more than 4 s; and
 * after 1.5 s where nothing is named, since gunicorn closes after 2 s without a word.
 */
const idleMsUnlessNamed = 1_500
const idleMsMax = 4_000
const idleMsMargin = 2_000

/** Pools kept for endpoints that are not being called. */
const idlePoolsMax = 64

/**
 * Opens a client that calls bots. Disposing it breaks off the calls that are running.
 *
 * @param options.connectionsMax how many connections one endpoint may have
 * @param options.resolve finds the addresses of names, in place of the system
 */
export function openBotClient(
  options: { readonly connectionsMax?: number; readonly resolve?: Resolve } = {},
): BotClient {
  return new HttpBotClient(options.connectionsMax ?? defaultLimits.turnsPerBot, options.resolve ?? lookup)
}

class HttpBotClient implements BotClient {
  readonly #connectionsMax: number
  readonly #resolve: Resolve
  readonly #pools = new Map<string, EndpointPool>()
  /** Pools without a call, the longest idle first. */
  readonly #idle = new Set<EndpointPool>()
  readonly #lines = new Lines()
  #isClosed = false

  constructor(connectionsMax: number, resolve: Resolve) {
    this.#connectionsMax = connectionsMax
    this.#resolve = resolve
  }

  async call(call: BotCall): Promise<BotAnswer> {
    if (this.#isClosed) return { outcome: 'unreachable', reason: 'ECANCELED' }
    const pool = this.#poolOf(call.endpoint)
    if (typeof pool === 'string') return { outcome: 'unreachable', reason: pool }
    this.#idle.delete(pool)
    pool.running += 1
    try {
      return await new Promise<BotAnswer>(settle => {
        const exchange = new Exchange(call, pool, { settle, written: () => this.#lines.next(call.conversation) })
        this.#lines.join(call.conversation, () => exchange.send())
      })
    } finally {
      pool.running -= 1
      if (pool.running === 0) this.#keepIdle(pool)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map(({ dispatcher }) => dispatcher.destroy()))
  }

  /** The endpoint's pool, or why there can be none. */
  #poolOf({ bot, url, allowLinkLocal, allowSelfSigned = false }: BotEndpoint): EndpointPool | string {
    const key = `${bot}\n${url}\n${allowLinkLocal}\n${allowSelfSigned}`
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    const address = URL.parse(url)
    if (address?.protocol !== 'http:' && address?.protocol !== 'https:') return 'ERR_INVALID_URL'
    if (!allowLinkLocal && isRefusedHost(address.hostname)) return refusedAddress
    const lookedUp = allowLinkLocal ? undefined : guarded(this.#resolve)
    const connect = noting(connectorFor(address, lookedUp, allowSelfSigned), made => {
      opened.made = made
    })
    const dispatcher = openPool(address, this.#connectionsMax, connect)
    const opened: EndpointPool = { key, path: address.pathname + address.search, dispatcher, running: 0 }
    this.#pools.set(key, opened)
    return opened
  }

  #keepIdle(pool: EndpointPool): void {
    if (this.#isClosed) return
    this.#idle.add(pool)
    if (this.#idle.size <= idlePoolsMax) return
    for (const oldest of this.#idle) {
      this.#idle.delete(oldest)
      this.#pools.delete(oldest.key)
      oldest.dispatcher.destroy()
      return
    }
  }
}

type EndpointPool = {
  readonly key: string
  readonly path: string
  readonly dispatcher: Pool
  /** Calls on their way. */
  running: number
  /** How the newest connection was made. */
  made?: string | undefined
}

/** Timeouts of the answer are off, because an exchange has a deadline of its own. */
function openPool(address: URL, connections: number, connect: Connector): Pool {
  return new Pool(address.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: answerHeaderBytesMax,
    keepAliveTimeout: idleMsUnlessNamed,
    keepAliveMaxTimeout: idleMsMax,
    keepAliveTimeoutThreshold: idleMsMargin,
    connect,
  })
}

/** Makes connections to an endpoint. */
function connectorFor(address: URL, otherwise: LookupFunction | undefined, allowSelfSigned: boolean): Connector {
  const found = isLoopbackName(address.hostname) ? lookupLoopback : otherwise
  return buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    autoSelectFamily: true,
    ...(allowSelfSigned ? { rejectUnauthorized: false } : {}),
    ...(found === undefined ? {} : { lookup: found }),
  })
}
