/**
 * Clients that never read: sockets that are opened and then left alone while megabytes go through their conversations.
 * They may cost the service a bounded amount of memory and nobody else any time, and go on without a hole when they
 * read again.
 */
import { WebSocket } from 'ws'
import { call } from '../test/support/http.ts'
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { residentMebibytes, type Service, serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atMost, became, type Figure, type Part, pause, quantile } from './world.ts'

const conversations = 4
const socketsEach = 12

/** What goes through each conversation at full length: messages of so many characters. */
const messagesOfFullRun = 80
const messageCharacters = 200_000

/**
 * How much the service may grow by: 64 KiB for each socket, and room for what the collector has not collected. A small
 * run is over before the collector has had to work, so there it may be twice as much.
 */
const grownMebibytesMax = (scale: number) => (scale < 0.5 ? 200 : 100)

/** What others' waits may become, and by how much a machine's moods may add to it: milliseconds. */
const timesMax = 2
const addedMsMax = 30

/** How long each measurement takes at full length: milliseconds. */
const measureMs = 2_500

/** How long a reader that wakes up may take to have read everything: milliseconds. */
const catchUpMs = 10_000

/** Runs the part. */
export const silentReaders: Part = async ({ dice, scale, folder, tell }) => {
  await using bot = new Bot({ dice: dice.apart('bot') })
  const service = await serviceFor(bot, await folder())
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 8,
    flaky: false,
    pauseMsMax: 20,
  })
  const sleepers: Sleeper[] = []
  const messages = Math.max(20, Math.round(messagesOfFullRun * scale))
  try {
    await service.start()
    await crowd.begin()
    const ids: string[] = []
    for (let number = 0; number < conversations; number += 1) ids.push(await start(service))
    // The same load once with nobody asleep, so that what it costs anyway is not blamed on the sleepers.
    await fill(service, await start(service), messages)
    const before = await measured(crowd, service, measureMs * Math.min(1, scale))
    tell('sockets fall asleep')
    for (const id of ids) for (let n = 0; n < socketsEach / 2; n += 1) sleepers.push(await Sleeper.open(service, id))
    for (const id of ids) await fill(service, id, messages)
    for (const id of ids) for (let n = 0; n < socketsEach / 2; n += 1) sleepers.push(await Sleeper.open(service, id))
    tell('sockets sleep')
    const during = await measured(crowd, service, measureMs * Math.min(1, scale))
    const woken = [sleepers.at(0), sleepers.at(-1)].filter(one => one !== undefined)
    const failures: string[] = []
    for (const sleeper of woken) failures.push(...(await sleeper.wake(messages)))
    const figures: Figure[] = [
      { name: 'sockets that do not read', value: sleepers.length },
      {
        name: 'through their conversations',
        value: `${Math.round((messages * messageCharacters) / 2 ** 20) * conversations} MiB`,
      },
      { name: 'p99 of other sends before', value: `${before.p99.toFixed(1)} ms` },
      atMost('p99 of other sends meanwhile', during.p99, before.p99 * timesMax + addedMsMax, ' ms'),
    ]
    if (before.mebibytes !== undefined && during.mebibytes !== undefined) {
      figures.push(
        { name: 'memory before', value: `${before.mebibytes.toFixed(0)} MiB` },
        atMost('memory grown by', during.mebibytes - before.mebibytes, grownMebibytesMax(scale), ' MiB'),
      )
    }
    const verdict = await verdictOn(crowd, bot)
    return {
      figures: [...figures, ...verdict.figures],
      failures: [...failures, ...verdict.failures],
      ...(before.mebibytes === undefined
        ? { skipped: ['this system does not tell how much memory a process has'] }
        : {}),
    }
  } finally {
    for (const sleeper of sleepers) sleeper.end()
    await service.kill()
  }
}

async function measured(
  crowd: Crowd,
  service: Service,
  ms: number,
): Promise<{ readonly p99: number; readonly mebibytes: number | undefined }> {
  const from = crowd.talkers.map(({ tookMs }) => tookMs.length)
  await pause(ms)
  const took = crowd.talkers.flatMap(({ tookMs }, at) => tookMs.slice(from[at]))
  return { p99: quantile(took, 0.99), mebibytes: await residentMebibytes(service.pid) }
}

async function start({ base, secret }: Service): Promise<string> {
  const { body, status, text } = await call(`${base}/conversations`, { method: 'POST', bearer: secret })
  if (body.conversationId === undefined) throw new Error(`A start was answered ${status} ${text}`)
  return body.conversationId
}

/** Sends many large activities that the bot does not answer, each after the one before. */
async function fill({ base, secret }: Service, conversation: string, messages: number): Promise<void> {
  for (let number = 1; number <= messages; number += 1) {
    const json = { type: 'event', name: String(number), from: { id: 'someone' }, value: 'x'.repeat(messageCharacters) }
    const answer = await call(`${base}/conversations/${conversation}/activities`, { bearer: secret, json })
    if (answer.status !== 200) throw new Error(`A large activity was answered ${answer.status} ${answer.text}`)
  }
}

/** A socket that reads nothing until it is woken. */
class Sleeper {
  readonly #socket: WebSocket
  readonly #names: number[] = []

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      const set = JSON.parse(data.toString() || '{}') as { activities?: readonly { name?: string }[] }
      for (const { name } of set.activities ?? []) this.#names.push(Number(name))
    })
    socket.on('error', () => undefined)
  }

  /** Opens one from the beginning of the log. */
  static async open({ base, secret }: Service, conversation: string): Promise<Sleeper> {
    const { body } = await call(`${base}/conversations/${conversation}?watermark=0`, { bearer: secret })
    const socket = new WebSocket(body.streamUrl ?? '', { perMessageDeflate: false })
    const sleeper = new Sleeper(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => {
        socket.pause()
        resolve()
      })
      socket.once('error', reject)
    })
    return sleeper
  }

  /** Reads on. Answers what is wrong with what it has been shown by the end. */
  async wake(messages: number): Promise<readonly string[]> {
    this.#socket.resume()
    const isComplete = await became(() => this.#names.length >= messages, catchUpMs)
    if (!isComplete) return [`a socket that woke up was shown ${this.#names.length} of ${messages}`]
    return this.#names.every((name, at) => name === at + 1) ? [] : ['a socket that woke up was not shown all in order']
  }

  end(): void {
    this.#socket.terminate()
  }
}
