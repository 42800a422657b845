/**
 * A network the tests can break: a TCP proxy in front of the service that cuts WebSockets while client and
 * service stay as they are.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The proxy. Disposing it cuts everything. */
export type WireCutter = AsyncDisposable & {
  /** `http://127.0.0.1:{port}`: what clients and bots are told as the service's address. */
  readonly origin: string
  /** Where connections go from now on: a port on this machine. */
  lead(port: number): void
  /** Breaks every WebSocket as a lost network does: without a close frame. Answers how many there were. */
  cutStreams(): number
}

/** Opens a proxy that leads nowhere yet. */
export async function openWireCutter(): Promise<WireCutter> {
  const connections = new Map<Socket, { readonly isStream: () => boolean }>()
  let target = 0
  const server = createServer(client => {
    const service = connect(target, '127.0.0.1')
    let isStream = false
    connections.set(client, { isStream: () => isStream })
    client.on('data', chunk => {
      if (/^GET \S*\/stream\?/.test(chunk.toString('latin1'))) isStream = true
    })
    client.pipe(service)
    service.pipe(client)
    // A broken connection on one side is passed on to the other; nobody else needs to hear of it.
    const end = () => {
      connections.delete(client)
      client.destroy()
      service.destroy()
    }
    for (const socket of [client, service]) socket.on('error', end).on('close', end)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (which: (connection: { isStream: () => boolean }) => boolean) => {
    const chosen = [...connections].filter(([, connection]) => which(connection))
    for (const [client] of chosen) client.resetAndDestroy()
    return chosen.length
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead: (port: number) => {
      target = port
    },
    cutStreams: () => cut(connection => connection.isStream()),
    [Symbol.asyncDispose]: async () => {
      server.close()
      cut(() => true)
      await once(server, 'close')
    },
  }
}
