/**
 * A disk that is full: the real process under load where no file may grow beyond a limit. Sends are answered 503 at
 * once, polls and sockets go on, and when there is room again so do the sends, without a restart.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { call } from '../test/support/http.ts'
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { faultsIn } from './log-file.ts'
import { serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atLeast, atMost, became, type Figure, type Part, pause } from './world.ts'

/** Changes the limits of a process that is running. */
const lifter = 'prlimit'

/** What is left to the largest file when the limit is set: bytes. */
const roomBytes = 2 * 1024 * 1024

/** A message that fills the disk: characters. */
const fillerCharacters = 100_000
const fillersMax = 400

/** How long the disk stays full at full length, and bounds of what must follow: milliseconds. */
const fullMs = 3_000
const refusalMs = 1_000
const recoveryMs = 5_000

/** Runs the part. */
export const fullDisk: Part = async ({ dice, scale, folder, tell }) => {
  if (spawnSync(lifter, ['--version']).error !== undefined)
    return { figures: [], failures: [], skipped: [`${lifter} is not installed, which lifts the limit again`] }
  await using bot = new Bot({ dice: dice.apart('bot'), thinksMsMax: 10 })
  const dir = await folder()
  const service = await serviceFor(bot, dir)
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 8,
    flaky: false,
    pauseMsMax: 40,
  })
  try {
    await service.start()
    const { pid } = service
    await crowd.begin()
    // Not before: what the first ones say could fill the disk while the last ones still begin.
    execFileSync(lifter, ['--pid', String(pid), `--fsize=${largestFile(dir) + roomBytes}:unlimited`])
    const filler = new Filler(service.base, service.secret)
    const filled = await filler.untilRefused()
    tell('the disk is full')
    const refused = await whileFull(filler, crowd, Math.max(800, fullMs * scale))
    execFileSync(lifter, ['--pid', String(pid), '--fsize=unlimited'])
    const liftedMs = performance.now()
    const recovered = await became(async () => (await filler.send()).status === 200, recoveryMs * 2)
    const recoveredMs = performance.now() - liftedMs
    const isSameProcess = service.pid === pid && crowd.cutSockets === 0
    const { figures, failures } = await verdictOn(crowd, bot)
    await service.stop()
    return {
      figures: [
        { name: 'fillers until the disk was full', value: filled },
        ...refused,
        atMost(
          'room again to first acknowledgement',
          recovered ? recoveredMs : Number.POSITIVE_INFINITY,
          recoveryMs,
          ' ms',
        ),
        atMost('restarts', isSameProcess ? 0 : 1, 0),
        ...figures,
      ],
      failures: [...failures, ...faultsIn(dir)],
    }
  } finally {
    await service.kill()
  }
}

/** Bytes of the largest file of a store. */
const largestFile = (dir: string): number => Math.max(...readdirSync(dir).map(name => statSync(join(dir, name)).size))

/** Sends and polls against the full disk. */
async function whileFull(filler: Filler, crowd: Crowd, ms: number): Promise<readonly Figure[]> {
  const untilMs = performance.now() + ms
  const statuses = new Map<number, number>()
  const took: number[] = []
  const polled: number[] = []
  let badPolls = 0
  while (performance.now() < untilMs) {
    const sent = await filler.send()
    took.push(sent.ms)
    statuses.set(sent.status, (statuses.get(sent.status) ?? 0) + 1)
    const poll = await filler.poll()
    polled.push(poll.ms)
    if (poll.status !== 200) badPolls += 1
    await pause(10)
  }
  const refusals = statuses.get(503) ?? 0
  const others = [...statuses].filter(([status]) => status !== 503).reduce((sum, [, count]) => sum + count, 0)
  return [
    atLeast('sends refused with 503 and Retry-After', refusals, 5),
    atMost('sends answered otherwise', others, 0),
    atMost('slowest refusal', Math.max(...took), refusalMs, ' ms'),
    { name: 'polls while it was full', value: polled.length },
    atMost('polls not answered 200', badPolls, 0),
    atMost('slowest poll', Math.max(...polled), refusalMs, ' ms'),
    atMost('sockets cut', crowd.cutSockets, 0),
  ]
}

/** Fills the disk through a conversation of its own, which no bot answers: what it sends is judged by nobody. */
class Filler {
  readonly #base: string
  readonly #secret: string
  #conversation: string | undefined

  constructor(base: string, secret: string) {
    this.#base = base
    this.#secret = secret
  }

  /** Sends until the disk is full. Answers how many went in. */
  async untilRefused(): Promise<number> {
    const started = await call(`${this.#base}/conversations`, { method: 'POST', bearer: this.#secret })
    this.#conversation = started.body.conversationId
    for (let sent = 0; sent < fillersMax; sent += 1) if ((await this.send()).status !== 200) return sent
    throw new Error('The disk never became full.')
  }

  /** One send. 503 without `Retry-After` counts as 500. */
  async send(): Promise<{ readonly status: number; readonly ms: number }> {
    const json = { type: 'event', name: 'fill', from: { id: 'filler' }, value: 'x'.repeat(fillerCharacters) }
    return this.#timed(async url => {
      const { status, headers } = await call(url, { bearer: this.#secret, json })
      return status === 503 && headers['retry-after'] === undefined ? 500 : status
    })
  }

  async poll(): Promise<{ readonly status: number; readonly ms: number }> {
    return this.#timed(async url => (await call(`${url}?watermark=1`, { bearer: this.#secret })).status)
  }

  async #timed(work: (url: string) => Promise<number>): Promise<{ readonly status: number; readonly ms: number }> {
    const beganMs = performance.now()
    const status = await work(`${this.#base}/conversations/${this.#conversation}/activities`)
    return { status, ms: performance.now() - beganMs }
  }
}
