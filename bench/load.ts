/**
 * A closed loop of senders: each sends its next message when the last one was answered.
 */
import { Agent, request } from 'node:http'

/** What is sent: the same request again and again, one sender to each path. */
export type Load = {
  readonly origin: string
  /** One sender for each. */
  readonly paths: readonly string[]
  readonly authorization: string
  readonly body: string
  /** How long is measured: milliseconds. */
  readonly ms: number
}

/** What was measured. */
export type Measured = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number }

/** Runs the load. @throws Error at the first answer that is not 2xx */
export async function run(load: Load): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.paths.length })
  const took: number[] = []
  const startedMs = performance.now()
  const untilMs = startedMs + load.ms
  await Promise.all(
    load.paths.map(async path => {
      while (performance.now() < untilMs) {
        const sentMs = performance.now()
        await send(agent, load, path)
        took.push(performance.now() - sentMs)
      }
    }),
  )
  const seconds = (performance.now() - startedMs) / 1000
  agent.destroy()
  took.sort((a, b) => a - b)
  const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0
  return { perSecond: took.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function send(agent: Agent, { origin, authorization, body }: Load, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const call = request(origin + path, { agent, method: 'POST', headers }, response => {
      response.resume()
      response.on('end', () => {
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 300) resolve()
        else reject(new Error(`${path} was answered ${statusCode}`))
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}
