/**
 * `npm run bench`: what a send costs through Landline as people start it, tokens checked and every commit synced, as
 * ratios to a floor measured in the same run. Rounds are interleaved and medians are told.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from '../test/support/app.ts'
import { type Load, type Measured, run } from './load.ts'

const rounds = 5
const roundMs = 1_500
const senders = [16, 64] as const

const bot = createServer((request, answer) => {
  request.resume()
  request.on('end', () => answer.end())
})
bot.listen(0, '127.0.0.1')
await once(bot, 'listening')
const botUrl = `http://127.0.0.1:${(bot.address() as AddressInfo).port}/api/messages`
const dir = await mkdtemp(join(tmpdir(), 'landline-bench-'))
const floor = await startFloor()
const landline = await startProcess({ args: ['--port', '0', '--bot', botUrl, '--dir', dir] })

try {
  for (const count of senders) {
    const loads = await loadsOf(count)
    for (const load of Object.values(loads)) await run({ ...load, ms: roundMs / 2 })
    const measured = new Map<string, Measured[]>(Object.keys(loads).map(name => [name, []]))
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, load] of Object.entries(loads)) measured.get(name)?.push(await run(load))
    }
    print(count, measured)
  }
} finally {
  await landline.stop()
  floor.child.kill()
  bot.closeAllConnections()
  bot.close()
  await rm(dir, { recursive: true, force: true })
}

/** The same sends through the floor, Direct Line 3.0 and Direct Line 1.1, each sender in a conversation of its own. */
async function loadsOf(count: number): Promise<Record<'floor' | '3.0' | '1.1', Load>> {
  const authorization = `Bearer ${landline.secret}`
  const conversations = await Promise.all(
    Array.from({ length: 2 * count }, async () => {
      const started = await fetch(`${landline.base}/conversations`, { method: 'POST', headers: { authorization } })
      return ((await started.json()) as { conversationId: string }).conversationId
    }),
  )
  const activity = JSON.stringify({ type: 'message', from: { id: 'u1' }, text: 'x'.repeat(200) })
  const message = JSON.stringify({ from: 'u1', text: 'x'.repeat(200) })
  const common = { authorization, ms: roundMs }
  return {
    floor: { ...common, origin: floor.origin, paths: Array<string>(count).fill('/'), body: activity },
    '3.0': {
      ...common,
      origin: landline.origin,
      paths: conversations.slice(0, count).map(id => `/v3/directline/conversations/${id}/activities`),
      body: activity,
    },
    '1.1': {
      ...common,
      origin: landline.origin,
      paths: conversations.slice(count).map(id => `/api/conversations/${id}/messages`),
      body: message,
    },
  }
}

function print(count: number, measured: ReadonlyMap<string, Measured[]>): void {
  const middle = (name: string, of: (one: Measured) => number) => median((measured.get(name) ?? []).map(of))
  process.stdout.write(`\n${count} senders, medians of ${rounds} rounds of ${roundMs} ms\n`)
  for (const name of measured.keys()) {
    const perSecond = middle(name, one => one.perSecond)
    const toFloor = perSecond / middle('floor', one => one.perSecond)
    const p50 = middle(name, one => one.p50Ms).toFixed(2)
    const p99 = middle(name, one => one.p99Ms).toFixed(2)
    process.stdout.write(
      `  ${name.padEnd(6)} ${perSecond.toFixed(0).padStart(6)} sends/s  p50 ${p50} ms  p99 ${p99} ms  ${toFloor.toFixed(2)} of the floor\n`,
    )
  }
  const added = middle('1.1', one => one.p50Ms) / middle('3.0', one => one.p50Ms) - 1
  process.stdout.write(`  1.1 adds ${(added * 100).toFixed(1)} % to the p50 of a 3.0 send\n`)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

async function startFloor(): Promise<{ readonly origin: string; readonly child: ChildProcess }> {
  const script = fileURLToPath(new URL('./floor.ts', import.meta.url))
  const child = spawn(process.execPath, [script, botUrl], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  return { origin: `http://127.0.0.1:${port.toString().trim()}`, child }
}
