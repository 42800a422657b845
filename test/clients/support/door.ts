/**
 * A front door to a service: the address that bots and clients are told, with TLS if it has a certificate. It passes on
 * every byte, and remembers which tokens came through.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Certificate } from '../../support/certificate.ts'

/** The door. Disposing it breaks all connections. */
export type Door = AsyncDisposable & {
  /** `http://127.0.0.1:{port}`, or `https://localhost:{port}`. */
  readonly origin: string
  /** Where connections go from now on: a port on this machine. */
  lead(port: number): void
  /** The bearer tokens in the requests that came through, each once, oldest first. */
  tokens(): readonly string[]
}

/** A header may come in two pieces: what is kept of the first, in characters. */
const keptCharacters = 8 * 1024

/** Opens a door that leads nowhere yet. */
export async function openDoor(certificate?: Certificate): Promise<Door> {
  const tokens = new Set<string>()
  const open = new Set<Socket>()
  let target = 0
  const pass = (caller: Socket) => {
    const service = connect(target, '127.0.0.1')
    let heard = ''
    caller.on('data', chunk => {
      heard = heard.slice(-keptCharacters) + chunk.toString('latin1')
      for (const [, token] of heard.matchAll(/^authorization: bearer (\S+)\r$/gim)) tokens.add(token ?? '')
    })
    caller.pipe(service)
    service.pipe(caller)
    // A broken connection on one side is passed on to the other; nobody else needs to hear of it.
    const end = () => {
      open.delete(caller)
      // What has been written is still sent.
      caller.destroySoon()
      service.destroySoon()
    }
    open.add(caller)
    for (const socket of [caller, service]) socket.on('error', end).on('close', end)
  }
  const server = certificate === undefined ? createServer(pass) : createTlsServer(certificate, pass)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: certificate === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    lead: port => {
      target = port
    },
    tokens: () => [...tokens],
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const caller of open) caller.destroy()
      await closed
    },
  }
}
