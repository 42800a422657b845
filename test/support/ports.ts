/**
 * Ports for programs that must be told theirs before they start.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Where such a port is looked for: below those that Linux, macOS and Windows give to outgoing connections and to whoever
 * listens on port 0. One of theirs may be free when it is looked for and somebody's a moment later, while a service that
 * is killed and started again must find its own each time.
 */
const from = 20_000
const to = 32_000

/** How many are tried. */
const triesMax = 50

/** A port of 127.0.0.1 that nobody has, and that nobody is given who does not ask for it. @throws if there is none */
export async function freePort(): Promise<number> {
  for (let tried = 1; ; tried += 1) {
    const port = randomInt(from, to)
    const server = createServer()
    try {
      server.listen({ port, host: '127.0.0.1', exclusive: true })
      await once(server, 'listening')
      return port
    } catch (error) {
      if (tried >= triesMax) throw error
    } finally {
      if (server.listening) await new Promise(resolve => server.close(resolve))
    }
  }
}
