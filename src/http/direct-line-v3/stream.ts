/**
 * The stream: a WebSocket that shows a conversation's activities as sets, from a watermark on. It is opened by the
 * ticket in its URL and by nothing else.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Conversations } from '../../domain/conversations.ts'
import type { Credentials } from '../../domain/credentials.ts'
import type { Listener } from '../../domain/cursor.ts'
import type { Events } from '../../domain/events.ts'
import { type ConversationGrant, ticketGrant } from '../../domain/grant.ts'
import type { Cursor } from '../../domain/hub.ts'
import type { Clock } from '../../domain/ports.ts'
import { parseActivityText } from '../../protocol/activity.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { UserId } from '../../protocol/ids.ts'
import {
  clientFrameBytesMax,
  jsonBytesMax,
  multimodalFrameBytesMax,
  pingIntervalMs,
  silenceTimeoutMs,
  unsentBytesMax,
} from '../../protocol/limits.ts'
import { readWatermark } from '../../protocol/watermark.ts'
import { refuseForeignOrigin } from '../authorization.ts'
import { failedAnswer, rawAnswer } from '../errors.ts'
import { mount, splitPrefix } from '../paths.ts'
import { errorBody } from './errors.ts'

/** What the stream needs of the inside. */
export type StreamPorts = {
  readonly credentials: Credentials
  readonly conversations: Conversations
  readonly clock: Clock
  readonly events: Events
  readonly isStopping: () => boolean
}

/** How long a stop waits for clients to answer the close of their sockets, and how often it looks: milliseconds. */
const closeWaitMs = 1_000
const closeCheckMs = 20

/** Ids need no escapes, so none are read. */
const path = /^\/v3\/directline\/conversations\/([A-Za-z0-9_-]+)\/stream(\/multimodal)?\/?$/i

/** A socket with what belongs to it: handlers are shared by all sockets, and find their way by this. */
class StreamSocket extends WebSocket {
  stream: Stream | undefined
}

type ServerOptions = {
  readonly noServer: true
  readonly maxPayload: number
  readonly perMessageDeflate: false
  readonly maxFragments: number
}
const serverOptions = (maxPayload: number): ServerOptions & { WebSocket: typeof StreamSocket } => ({
  noServer: true,
  maxPayload,
  perMessageDeflate: false,
  maxFragments: 64,
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
    const server = app.server as Server
    server.on('upgrade', (request, socket, head) => streams.upgrade(request, socket as Socket, head))
    app.addHook('preClose', () => streams.stop())
  }
}

class Streams {
  readonly #ports: StreamPorts
  readonly #open = new Set<Stream>()
  readonly #plain = new WebSocketServer<typeof StreamSocket>(serverOptions(clientFrameBytesMax))
  readonly #multimodal = new WebSocketServer<typeof StreamSocket>(serverOptions(multimodalFrameBytesMax))
  #cancelPing: () => void

  constructor(ports: StreamPorts) {
    this.#ports = ports
    this.#cancelPing = ports.clock.after(pingIntervalMs, () => this.#ping())
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', ignore)
    this.#accept(request, socket, head).catch((error: unknown) => refuse(request, socket, error, this.#ports.events))
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

  async #accept(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { credentials, conversations, clock, events, isStopping } = this.#ports
    const { name, multimodal, query } = readStreamUrl(request.url ?? '/')
    if (isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
    const { ticket, site } = credentials.openTicket(query.get('t') ?? '', name)
    const grant = ticketGrant(ticket, site)
    refuseForeignOrigin(site, grant.origins, request.headers.origin)
    await conversations.find(grant)
    const given = readWatermark(query.get('watermark') ?? undefined)
    const after = typeof given === 'number' ? given : ticket.from
    const server = multimodal ? this.#multimodal : this.#plain
    server.handleUpgrade(request, socket, head, opened => {
      const own = new Stream(opened, socket, grant, multimodal ? this.#ports : undefined, clock)
      opened.stream = own
      this.#open.add(own)
      opened.on('message', onMessage).on('pong', onLife).on('error', ignore)
      opened.once('close', () => {
        this.#open.delete(own)
        own.ended()
      })
      conversations.listen(grant, own, after, ticket.greet).then(
        cursor => own.follow(cursor),
        (error: unknown) => {
          events({ event: 'fault', during: 'opening a stream', error })
          own.close(1011, 'the conversation can not be read')
        },
      )
    })
  }

  /** One timer for all sockets. */
  #ping(): void {
    this.#cancelPing = this.#ports.clock.after(pingIntervalMs, () => this.#ping())
    const nowMs = this.#ports.clock.monotonicMs()
    for (const open of this.#open) {
      if (nowMs - open.heardMs > silenceTimeoutMs) open.socket.terminate()
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

/** One socket as a listener. */
class Stream implements Listener {
  readonly socket: WebSocket
  readonly #tcp: Socket
  readonly #grant: ConversationGrant
  /** Set where frames from the client are activities. */
  readonly #posts: StreamPorts | undefined
  readonly #clock: Clock
  #cursor: Cursor | undefined
  #isOver = false
  heardMs: number

  constructor(socket: WebSocket, tcp: Socket, grant: ConversationGrant, posts: StreamPorts | undefined, clock: Clock) {
    this.socket = socket
    this.#tcp = tcp
    this.#grant = grant
    this.#posts = posts
    this.#clock = clock
    this.heardMs = clock.monotonicMs()
  }

  get user(): UserId | undefined {
    return this.#grant.user?.id
  }

  send(frame: string): boolean {
    this.socket.send(bytesOf(frame), { binary: false })
    if (this.#tcp.writableLength <= unsentBytesMax || !this.#tcp.writableNeedDrain) return true
    this.#tcp.once('drain', () => this.#cursor?.resume())
    return false
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  follow(cursor: Cursor): void {
    this.#cursor = cursor
    if (this.#isOver) cursor.end()
    else if (!this.#tcp.writableNeedDrain) cursor.resume()
  }

  ended(): void {
    this.#isOver = true
    this.#cursor?.end()
  }

  alive(): void {
    this.heardMs = this.#clock.monotonicMs()
  }

  /** On `/stream` clients send only empty frames, to keep the line open; on `/multimodal` every other frame is an activity. */
  hear(data: RawData, isBinary: boolean): void {
    this.alive()
    if (this.#posts === undefined || isBinary) return
    const text = data.toString()
    if (text !== '') this.#post(text, this.#posts)
  }

  #post(text: string, { conversations, events }: StreamPorts): void {
    const posted = new Promise(resolve => resolve(conversations.post(this.#grant, parseActivityText(text))))
    posted.catch((error: unknown) => {
      // Nobody is answered on a socket; the bot's failures have been noted where they happened.
      if (!(error instanceof ProtocolError))
        events({ event: 'fault', during: 'taking an activity from a stream', error })
    })
  }
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  if (this instanceof StreamSocket) this.stream?.hear(data, isBinary)
}

function onLife(this: WebSocket): void {
  if (this instanceof StreamSocket) this.stream?.alive()
}

/** A broken socket closes, and closing is heard. */
const ignore = () => undefined

/** The bytes of the last frame: a room's sockets are sent the same one, one after another. */
let last: { readonly frame: string; readonly bytes: Buffer } = { frame: '', bytes: Buffer.alloc(0) }

function bytesOf(frame: string): Buffer {
  if (last.frame !== frame) last = { frame, bytes: Buffer.from(frame) }
  return last.bytes
}

/** Answers a handshake with an error, as an HTTP answer before any upgrade. */
function refuse(request: IncomingMessage, socket: Duplex, thrown: unknown, events: Events): void {
  const answer = failedAnswer(thrown, events)
  socket.end(rawAnswer(answer, errorBody(answer.error), request.headers.origin))
}
