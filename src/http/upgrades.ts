/**
 * Upgrades to WebSocket: a server has one event for all of them, and several surfaces have sockets. Each says which
 * paths are its own; what nobody claims is a request like any other.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Events } from '../domain/events.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { type FailedAnswer, failedAnswer, rawAnswer } from './errors.ts'
import { isAdminPath, splitPrefix, targetFault } from './paths.ts'

/** Takes the upgrades of some paths. */
export type Upgrade = {
  /** Whether a path, without what stands in front of ours and without its query, is its own. */
  readonly takes: (path: string) => boolean
  /** Answers the handshake. What it rejects with is answered to the client. */
  readonly accept: (request: IncomingMessage, socket: Socket, head: Buffer) => Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Everybody who takes upgrades. */
    upgrades: Upgrade[]
  }
}

/**
 * Whether a request is to become a WebSocket that somebody takes. Others are answered as if they offered nothing: Java's
 * HTTP client and `curl --http2` offer HTTP/2 with every request.
 */
export function isTaken(app: FastifyInstance, request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket' && takerOf(app, request) !== undefined
}

/** Hands each upgrade to whoever takes its path. @param body the JSON text of a refusal */
export function takeUpgrades(app: FastifyInstance, events: Events, body: (error: ProtocolError) => string): void {
  app.decorate('upgrades', [])
  const server = app.server as Server
  server.on('upgrade', (request: IncomingMessage, duplex, head) => {
    const socket = duplex as Socket
    socket.on('error', ignore)
    accept(app, request, socket, head).catch((error: unknown) => {
      const answer = failedAnswer(error, events)
      refuse(request, socket, answer, body(answer.error))
    })
  })
}

/** @throws ProtocolError for a handshake that is refused */
async function accept(app: FastifyInstance, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  const fault = targetFault(request)
  if (fault !== undefined) throw fault
  const taker = takerOf(app, request)
  if (taker === undefined) throw new ProtocolError('UnknownPath', 'There is no WebSocket at this path.')
  await taker.accept(request, socket, head)
}

/**
 * A broken socket closes, and closing is heard. Not written where it is used: it stays with the socket, and would keep
 * the request that the socket began as.
 */
const ignore = () => undefined

function takerOf(app: FastifyInstance, { url }: IncomingMessage): Upgrade | undefined {
  const path = splitPrefix(url ?? '/').own.split('?', 1)[0] ?? ''
  return app.upgrades.find(({ takes }) => takes(path))
}

/** Answers a handshake with an error, as an HTTP answer before any upgrade. */
function refuse(request: IncomingMessage, socket: Socket, answer: FailedAnswer, body: string): void {
  // A client that never closes its side must not keep the connection.
  socket.once('finish', () => socket.destroy())
  socket.end(rawAnswer(answer, body, request.headers.origin, !isAdminPath(request.url ?? '/')))
}
