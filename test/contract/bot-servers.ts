/**
 * Bots to call: well-behaved ones over HTTP, bare sockets that do what no bot should, and what is said of them.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import type { BotAnswer, BotCall, BotClient } from '../../src/domain/bot-port.ts'
import { botId, newConversationId } from '../../src/protocol/ids.ts'
import { patienceMs } from '../support/until.ts'

/** A server on a free port that counts its connections. */
export type TestBot = AsyncDisposable & {
  readonly url: string
  readonly server: net.Server
  /** The connections open now. */
  readonly open: ReadonlySet<net.Socket>
  /** How many connections there have ever been. */
  readonly opened: () => number
}

/** Starts a server on a free port. Disposing it breaks its connections. */
export async function listening(server: net.Server, host: string, name: string): Promise<TestBot> {
  const open = new Set<net.Socket>()
  let opened = 0
  server.on('connection', (socket: net.Socket) => {
    opened += 1
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  return {
    url: `http://${name}:${port}/api/messages`,
    server,
    open,
    opened: () => opened,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** A bot on Node's HTTP server. */
export const httpBot = (
  answer: http.RequestListener,
  options: http.ServerOptions = {},
  host = '127.0.0.1',
  name = host,
): Promise<TestBot> => listening(http.createServer(options, answer), host, name)

/** A bot that does as it likes with its socket once something has been sent to it. */
export const rawBot = (answer: (socket: net.Socket) => void): Promise<TestBot> =>
  listening(
    net.createServer(socket => socket.once('data', () => answer(socket))),
    '127.0.0.1',
    '127.0.0.1',
  )

/** Takes every turn as SDKs do. */
export const accepting: http.RequestListener = (request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200).end())
}

let conversations = 0

/** Calls a bot, from a conversation of its own unless one is given. */
export function call(
  client: BotClient,
  bot: Pick<TestBot, 'url'>,
  more: Partial<BotCall> & { readonly bot?: string; readonly allowLinkLocal?: boolean } = {},
): Promise<BotAnswer> {
  const { bot: id = 'bot', allowLinkLocal = false, ...rest } = more
  conversations += 1
  return client.call({
    endpoint: { bot: botId(id), url: bot.url, allowLinkLocal },
    conversation: newConversationId(`conversation-${conversations}`),
    activity: '{"type":"message"}',
    authorization: undefined,
    timeoutMs: 10_000,
    answerBytesMax: 65_536,
    needsBody: false,
    ...rest,
  })
}

/** The bot has answered. */
export const answered = (status: number, body = ''): BotAnswer => ({ outcome: 'answered', status, body })
/** The bot has not answered in time. */
export const timedOut: BotAnswer = { outcome: 'timedOut' }
/** The bot could not be reached, or broke off. */
export const unreachable = (reason: string): BotAnswer => ({ outcome: 'unreachable', reason })

/** Asks again each few milliseconds until it is so. A time of its own is for what has to happen by then. */
export async function until(isSo: () => boolean, timeoutMs = patienceMs): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!isSo()) {
    assert.ok(performance.now() < end, `not so after ${timeoutMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

/** Writes the head, then the drop every few milliseconds until the socket is gone. */
export function drip(socket: net.Socket, head: string, drop: string, everyMs: number): void {
  socket.write(head)
  const timer = setInterval(() => socket.write(drop), everyMs)
  socket.on('close', () => clearInterval(timer))
}

/** Writes as fast as the other side reads, until the socket is gone. */
export function pump(socket: net.Socket, piece: string, wrote: (bytes: number) => void): void {
  const write = () => {
    while (!socket.destroyed && socket.writable) {
      wrote(piece.length)
      if (!socket.write(piece)) return
    }
  }
  socket.on('drain', write)
  write()
}
