/**
 * The stream: a WebSocket that shows a conversation's activities as sets, from a watermark on. It is opened by the
 * ticket in its URL and by nothing else.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import { ticketGrant } from '../../domain/grant.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { clientFrameBytesMax, jsonBytesMax, type Limits, multimodalFrameBytesMax } from '../../protocol/limits.ts'
import { type Position, readWatermark } from '../../protocol/watermark.ts'
import type { Addresses } from '../addresses.ts'
import { refuseForeignOrigin } from '../authorization.ts'
import { mount, splitPrefix } from '../paths.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { SocketCount } from './socket-count.ts'
import { type SocketPorts, Stream, StreamSocket } from './stream-socket.ts'

/** What the stream needs of the inside. */
export type StreamPorts = SocketPorts & {
  readonly addresses: Addresses
  readonly wrongCredentials: WrongCredentials
  readonly limits: Pick<Limits, 'socketsPerNode' | 'socketsPerAddress' | 'pingMs' | 'silenceMs'>
  readonly isStopping: () => boolean
}

/** How long a stop waits for clients to answer the close of their sockets, and how often it looks: milliseconds. */
const closeWaitMs = 1_000
const closeCheckMs = 20

/** How long a client may take to answer the close of its socket: milliseconds. */
const closeTimeoutMs = 5_000

/** Ids need no escapes, so none are read. */
const path = /^\/v3\/directline\/conversations\/([A-Za-z0-9_-]+)\/stream(\/multimodal)?\/?$/i

type ServerOptions = {
  readonly noServer: true
  readonly maxPayload: number
  readonly perMessageDeflate: false
  readonly maxFragments: number
  readonly autoPong: false
  readonly closeTimeout: number
}
const serverOptions = (maxPayload: number): ServerOptions & { WebSocket: typeof StreamSocket } => ({
  noServer: true,
  maxPayload,
  perMessageDeflate: false,
  maxFragments: 64,
  autoPong: false,
  closeTimeout: closeTimeoutMs,
  WebSocket: StreamSocket,
})

/** Mounts the stream, and takes the server's upgrades. */
export function stream(ports: StreamPorts): (app: FastifyInstance) => void {
  return app => {
    const streams = new Streams(ports)
    const notAnUpgrade = () => {
      throw new ProtocolError('Unacceptable', 'The stream is opened as a WebSocket.')
    }
    for (const end of ['', '/multimodal']) {
      mount(app, `/v3/directline/conversations/:conversation/stream${end}`, { GET: notAnUpgrade }, jsonBytesMax)
    }
    app.upgrades.push({
      takes: own => path.test(own),
      accept: (request, socket, head) => streams.accept(request, socket, head),
    })
    app.addHook('preClose', () => streams.stop())
  }
}

class Streams {
  readonly #ports: StreamPorts
  readonly #open = new Set<Stream>()
  readonly #count: SocketCount
  readonly #plain = new WebSocketServer<typeof StreamSocket>(serverOptions(clientFrameBytesMax))
  readonly #multimodal = new WebSocketServer<typeof StreamSocket>(serverOptions(multimodalFrameBytesMax))
  /** What the last handshake that was none has lacked. */
  #lacked = ''
  #cancelPing: () => void

  constructor(ports: StreamPorts) {
    this.#ports = ports
    this.#count = new SocketCount(ports.limits)
    // Where nobody hears of it, the library answers such a handshake itself: as HTML, which no other origin may read.
    for (const server of [this.#plain, this.#multimodal])
      server.on('wsClientError', error => (this.#lacked = error.message))
    this.#cancelPing = ports.clock.after(ports.limits.pingMs, () => this.#ping())
  }

  /** Gives sockets that have been told to close a moment to do so, and ends the rest. */
  async stop(): Promise<void> {
    this.#cancelPing()
    const { clock } = this.#ports
    const untilMs = clock.monotonicMs() + closeWaitMs
    while (this.#open.size > 0 && clock.monotonicMs() < untilMs) {
      await new Promise<void>(resolve => clock.after(closeCheckMs, resolve))
    }
    for (const open of this.#open) open.socket.terminate()
  }

  /** Answers a handshake. @throws ProtocolError for one that is refused */
  async accept(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { credentials, conversations, addresses, wrongCredentials, isStopping } = this.#ports
    const { name, multimodal, query } = readStreamUrl(request.url ?? '/')
    if (isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
    const shown = query.get('t') ?? ''
    const { ticket, site } = wrongCredentials.check(request, () => credentials.openTicket(shown, name))
    const grant = ticketGrant(ticket, site)
    refuseForeignOrigin(site, grant.origins, request.headers.origin)
    const caller = this.#count.enter(addresses.callerOf(request))
    let isOpen = false
    try {
      await conversations.find(grant)
      const given = readWatermark(query.get('watermark') ?? undefined)
      const after = typeof given === 'number' ? given : ticket.from
      const server = multimodal ? this.#multimodal : this.#plain
      // Calls back at once, or has found that the handshake is none.
      server.handleUpgrade(request, socket, head, opened => {
        isOpen = true
        const own = new Stream(opened, socket, grant, caller, multimodal, this.#ports)
        this.#follow(own, after, ticket.greet)
      })
      if (!isOpen)
        throw new ProtocolError(request.method === 'GET' ? 'Unacceptable' : 'WrongMethod', `${this.#lacked}.`)
    } finally {
      if (!isOpen) this.#count.leave(caller)
    }
  }

  #follow(own: Stream, after: Position, greet: boolean): void {
    const { conversations, events } = this.#ports
    this.#open.add(own)
    own.begin()
    own.socket.once('close', () => {
      this.#open.delete(own)
      this.#count.leave(own.caller)
      own.ended()
    })
    conversations.listen(own.grant, own, after, greet).then(
      cursor => own.follow(cursor),
      (error: unknown) => {
        events({ event: 'fault', during: 'opening a stream', error })
        own.close(1011, 'the conversation can not be read')
      },
    )
  }

  /** One timer for all sockets. */
  #ping(): void {
    const { clock, limits } = this.#ports
    this.#cancelPing = clock.after(limits.pingMs, () => this.#ping())
    const nowMs = clock.monotonicMs()
    for (const open of this.#open) {
      if (nowMs - open.heardMs > limits.silenceMs) open.socket.terminate()
      else open.socket.ping()
    }
  }
}

type StreamUrl = { readonly name: string; readonly multimodal: boolean; readonly query: URLSearchParams }

/** @throws ProtocolError `UnknownPath` for any other path */
function readStreamUrl(address: string): StreamUrl {
  const url = URL.parse(splitPrefix(address).own, 'http://stream')
  const [, name, multimodal] = path.exec(url?.pathname ?? '') ?? []
  if (url === null || name === undefined) throw new ProtocolError('UnknownPath', 'There is no WebSocket at this path.')
  return { name, multimodal: multimodal !== undefined, query: url.searchParams }
}
