/**
 * The bench's bot: it replies to each message through the activity's `serviceUrl` and ends its turn when the reply
 * has been taken, as bots of the SDKs do; written on bare sockets, because it runs beside what is measured.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { HttpPool, requestText } from './http-line.ts'
import { HttpReader } from './http-reader.ts'

/** A running bot. Disposing it breaks off all connections. */
export type Bot = AsyncDisposable & {
  /** The messaging endpoint. */
  readonly url: string
}

/** A message that begins so is not replied to. */
export const quiet = 'quiet'

type Turn = {
  readonly type?: string
  readonly id?: string
  readonly text?: string
  readonly serviceUrl?: string
  readonly conversation?: { readonly id?: string }
}

/** As Node's servers answer, so that clients keep their connections as they would with a bot of an SDK. */
const answer = (status: number) =>
  `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Internal Server Error'}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n`
const accepted = answer(200)
const failed = answer(500)

const replyText = 'y'.repeat(200)

/** Starts a bot on 127.0.0.1. */
export async function startBot(): Promise<Bot> {
  const open = new Set<Socket>()
  const services = new Map<string, HttpPool>()
  const server = createServer({ noDelay: true }, socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
    const reader = new HttpReader((_head, body) => {
      takeTurn(services, JSON.parse(body.toString()) as Turn, end => socket.write(end, 'latin1'))
    })
    socket.on('data', chunk => reader.push(chunk))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 })
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/messages`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      for (const pool of services.values()) pool.close()
      await closed
    },
  }
}

function takeTurn(services: Map<string, HttpPool>, turn: Turn, end: (answer: string) => void): void {
  if (turn.type !== 'message' || turn.text?.startsWith(quiet)) {
    end(accepted)
    return
  }
  const { id = '', serviceUrl = '', conversation } = turn
  const pathAt = serviceUrl.indexOf('/', 'http://'.length)
  const pool = poolOf(services, serviceUrl.slice(0, pathAt))
  const path = `${serviceUrl.slice(pathAt)}v3/conversations/${conversation?.id}/activities/${id.replace('|', '%7C')}`
  const body = JSON.stringify({
    type: 'message',
    text: replyText,
    from: { id: 'bot' },
    conversation,
    replyToId: id,
  })
  pool.exchange(requestText(pool.address, 'POST', path, { body }), status =>
    // What was refused shows at the client, whose message then fails.
    end(status >= 200 && status < 300 ? accepted : failed),
  )
}

function poolOf(services: Map<string, HttpPool>, origin: string): HttpPool {
  let pool = services.get(origin)
  if (pool === undefined) {
    const { hostname, port } = new URL(origin)
    pool = new HttpPool({ host: hostname, port: Number(port) })
    services.set(origin, pool)
  }
  return pool
}
