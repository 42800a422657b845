/**
 * A bot that answers in bytes: whatever no HTTP server would say. It takes part in starts and joins like any other, and
 * misbehaves on everything else.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { WireActivity } from '../../support/http.ts'

/** Says something to whoever sent an activity, as bytes, or does something to the connection. */
export type Misbehaviour = (socket: Socket, activity: WireActivity) => void

/** A running raw bot. */
export type RawBot = AsyncDisposable & {
  readonly url: string
  /** How it behaves from now on. */
  behave(as: Misbehaviour): void
  /** The activities it has been sent, but for starts and joins. */
  readonly activities: readonly WireActivity[]
}

const accepted = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/** Starts it on 127.0.0.1. */
export async function startRawBot(): Promise<RawBot> {
  const sockets = new Set<Socket>()
  const activities: WireActivity[] = []
  let misbehave: Misbehaviour = socket => socket.end(accepted)
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const activity = wholeActivity(received)
      if (activity === undefined) return
      received = Buffer.alloc(0)
      if (activity.type === 'conversationUpdate') {
        socket.end(accepted)
        return
      }
      activities.push(activity)
      misbehave(socket, activity)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/messages`,
    behave: as => {
      misbehave = as
    },
    activities,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** The activity of a request once all of it is there. */
function wholeActivity(received: Buffer): WireActivity | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const length = Number(/content-length: (\d+)/i.exec(received.toString('latin1', 0, end))?.[1] ?? 0)
  const body = received.subarray(end + 4)
  return body.length < length ? undefined : (JSON.parse(body.toString('utf8')) as WireActivity)
}
