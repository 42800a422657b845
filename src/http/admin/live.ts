/**
 * The live socket of the admin API: whoever looks in says what they follow, and is told what comes.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebSocketServer } from 'ws'
import type { Events } from '../../domain/events.ts'
import type { Live } from '../../domain/live.ts'
import type { Clock } from '../../domain/ports.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { mount } from '../paths.ts'
import { base } from './audit.ts'
import type { Admission } from './guard.ts'
import { LiveSocket } from './live-socket.ts'
import type { Session, Sessions } from './session.ts'

/** What the live socket, and the tail, need of the inside. */
export type LivePorts = {
  readonly live: Live
  readonly clock: Clock
  readonly events: Events
  readonly isStopping: () => boolean
  /** Called now and then while somebody looks. */
  readonly looked: () => void
}

/** What the live socket is given by those who let people in. */
export type LiveDoor = {
  readonly admitUpgrade: (request: IncomingMessage) => Admission
  readonly sessions: Pick<Sessions, 'hasEnded' | 'listen'>
}

/** Sockets at once: each is a person with the admin key. */
const socketsMax = 64

/** How often a socket is pinged: milliseconds. One that has not answered the ping before is taken for dead. */
const pingMs = 20_000

/** What a client says is small. */
const frameBytesMax = 4 * 1024

/** How long a client may take to answer the close of its socket: milliseconds. */
const closeTimeoutMs = 1_000

const path = /^\/admin\/v1\/live\/?$/i

/** Mounts the socket. */
export function liveRoute(app: FastifyInstance, ports: LivePorts, { admitUpgrade, sessions }: LiveDoor): void {
  const notAnUpgrade = () => {
    throw new ProtocolError('Unacceptable', 'This is opened as a WebSocket.')
  }
  mount(app, `${base}/live`, { GET: notAnUpgrade }, jsonBytesMax)
  const sockets = new LiveSockets(ports)
  app.upgrades.push({
    takes: own => path.test(own),
    async accept(request, socket, head) {
      const { refused, session } = admitUpgrade(request)
      if (refused !== undefined) throw refused
      sockets.accept(request, socket, head, session)
    },
  })
  sessions.listen(() => sockets.closeWhere(session => sessions.hasEnded(session)))
  app.addHook('preClose', async () => sockets.stop())
}

/** The sockets that are open. */
class LiveSockets {
  readonly #ports: LivePorts
  readonly #open = new Set<LiveSocket>()
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
    maxFragments: 4,
    closeTimeout: closeTimeoutMs,
  } as ConstructorParameters<typeof WebSocketServer>[0])
  #cancelPing: (() => void) | undefined

  constructor(ports: LivePorts) {
    this.#ports = ports
  }

  /** @throws ProtocolError `Unavailable` */
  accept(request: IncomingMessage, socket: Socket, head: Buffer, session: Session | undefined): void {
    if (this.#ports.isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
    if (this.#open.size >= socketsMax) throw new ProtocolError('Unavailable', 'Too many are looking in already.')
    this.#server.handleUpgrade(request, socket, head, opened => {
      const own = new LiveSocket(opened, this.#ports, session)
      this.#open.add(own)
      this.#ports.looked()
      this.#cancelPing ??= this.#ports.clock.after(pingMs, () => this.#ping())
      opened.once('close', () => {
        this.#open.delete(own)
        own.ended()
      })
    })
  }

  /** Closes those that were opened with a session that has ended; one that was opened with the key has none. */
  closeWhere(hasEnded: (session: Session) => boolean): void {
    for (const own of this.#open)
      if (own.session !== undefined && hasEnded(own.session)) own.close(1008, 'the session has ended')
  }

  /** Closes all of them; who does not answer is cut off. */
  stop(): void {
    this.#cancelPing?.()
    for (const own of this.#open) own.close(1001, 'the service is stopping')
  }

  /** One timer for all sockets, and none while there are none. */
  #ping(): void {
    this.#cancelPing = this.#open.size === 0 ? undefined : this.#ports.clock.after(pingMs, () => this.#ping())
    if (this.#open.size > 0) this.#ports.looked()
    for (const own of this.#open) own.ping()
  }
}
