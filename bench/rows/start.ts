/**
 * Starting: from the moment the process is asked for until it says it is ready, and until it has taken its first
 * request; with an empty store and with one that is full. And what a process takes that nobody talks to.
 */
import { setTimeout as rest } from 'node:timers/promises'
import { landlineNodeArgs } from '../../test/support/node-args.ts'
import { freePort } from '../../test/support/ports.ts'
import { type Figure, interleaved, inWords, median, type Say } from '../figures.ts'
import { makeFolder } from '../folder.ts'
import { GrowingStore } from '../growing-store.ts'
import { startBot } from '../load/bot.ts'
import { HttpLine, requestText } from '../load/http-line.ts'
import { rssBytes, startProgram } from '../process.ts'
import type { Scale } from '../scale.ts'
import { landlineEnvironment, landlineScript, secret, startFloor, startLandline } from '../side.ts'

type Start = { readonly readyMs: number; readonly acceptedMs: number }

/** How long after a request nobody answered the next is sent, and when that ends: milliseconds. */
const knockMs = 1
const givenUpMs = 30_000

/** What a process does at its start is over by then: milliseconds. */
const idleMs = 4_000
const idleRounds = 3

/** Runs the row. */
export async function start(scale: Scale, say: Say): Promise<readonly Figure[]> {
  await using bot = await startBot()
  await using empty = await makeFolder()
  await using full = await makeFull(scale, say)
  const measurements = {
    empty: () => startOnce(bot.url, empty.path),
    full: () => startOnce(bot.url, full.path),
  }
  // The first start makes keys and tables; from then on starts are alike.
  await interleaved(1, measurements)
  const starts = await interleaved(scale.starts, measurements, round => say(`start: ${round}`))
  const value = (of: keyof typeof starts, name: keyof Start) => median(starts[of].map(one => one[name]))
  const activities = `${inWords(scale.startSize)} activities`
  const figure = (id: string, what: string, name: keyof Start): Figure => ({
    id: `start.${id}`,
    what: `start with ${activities}: ${what}`,
    unit: 'ms',
    value: value('full', name),
    baseline: value('empty', name),
    note: 'against an empty store',
  })
  return [
    figure('ready', 'until ready', 'readyMs'),
    figure('accepted', 'until the first conversation is started', 'acceptedMs'),
    await idleMemory(bot.url, empty.path, say),
  ]
}

/** A folder with a store that holds much, closed. */
async function makeFull(scale: Scale, say: Say): Promise<AsyncDisposable & { readonly path: string }> {
  const grown = await GrowingStore.open()
  await grown.grow(scale.startSize, say)
  await grown.opened[Symbol.asyncDispose]()
  return { path: grown.dir, [Symbol.asyncDispose]: () => grown[Symbol.asyncDispose]() }
}

async function startOnce(bot: string, dir: string): Promise<Start> {
  const port = await freePort()
  const address = { host: '127.0.0.1', port }
  const line = new HttpLine(address)
  const startedMs = performance.now()
  const starting = startProgram({
    script: landlineScript,
    args: ['--port', String(port), '--bot', bot, '--dir', dir, '--secret', secret],
    nodeArgs: landlineNodeArgs,
    environment: landlineEnvironment,
    isUp: /Ctrl-C stops it/,
  })
  const knocking = async (): Promise<Start> => {
    while ((await statusOf(line, requestText(address, 'GET', '/ready'))) !== 200) {
      if (performance.now() - startedMs > givenUpMs) throw new Error('The service did not become ready.')
      await rest(knockMs)
    }
    const readyMs = performance.now() - startedMs
    const authorization = `Bearer ${secret}`
    const opening = requestText(address, 'POST', '/v3/directline/conversations', { authorization, body: '{}' })
    const status = await statusOf(line, opening)
    if (status !== 201) throw new Error(`The first conversation was answered ${status}.`)
    return { readyMs, acceptedMs: performance.now() - startedMs }
  }
  try {
    const [running, measured] = await Promise.all([starting, knocking()])
    await running.stop()
    return measured
  } finally {
    line.close()
  }
}

async function idleMemory(bot: string, dir: string, say: Say): Promise<Figure> {
  const measure = async (starting: Promise<{ readonly pid: number; stop(): Promise<void> }>) => {
    const side = await starting
    await rest(idleMs)
    const bytes = rssBytes(side.pid)
    await side.stop()
    return bytes / 1024 / 1024
  }
  const rounds = await interleaved(
    idleRounds,
    { floor: () => measure(startFloor(bot)), Landline: () => measure(startLandline(bot, dir)) },
    round => say(`idle process: ${round}`),
  )
  return {
    id: 'idle.memory',
    what: 'idle process: memory',
    unit: 'MB',
    value: median(rounds.Landline),
    baseline: median(rounds.floor),
  }
}

const statusOf = (line: HttpLine, request: string): Promise<number> =>
  new Promise(resolve => line.exchange(request, resolve))
