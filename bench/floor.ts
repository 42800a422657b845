/**
 * The floor: the same hops as a send through Landline with nothing but Node's own HTTP, a list in memory, no tokens
 * and no disk. What Landline costs is told as a ratio to it, so that the machine's mood cancels out.
 */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

const bot = new URL(process.argv[2] ?? '')
const agent = new Agent({ keepAlive: true, maxSockets: 512 })
const log: string[] = []

const server = createServer((incoming, answer) => {
  const chunks: Buffer[] = []
  incoming.on('data', chunk => chunks.push(chunk))
  incoming.on('end', () => {
    const activity = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    const id = `floor|${log.length}`
    const text = JSON.stringify({ ...activity, id })
    log.push(text)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const call = request({ agent, host: bot.hostname, port: bot.port, path: bot.pathname, method: 'POST', headers })
    call.on('response', response => {
      response.resume()
      response.on('end', () => answer.end(JSON.stringify({ id })))
    })
    call.end(text)
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
