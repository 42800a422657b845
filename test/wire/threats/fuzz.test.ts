/**
 * A hundred thousand requests and frames that no good client makes, at every door and on both sockets: each is answered
 * or refused in time, nothing inside fails, nothing piles up, and the service goes on. `LANDLINE_FUZZ` says how many;
 * `LANDLINE_FUZZ_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { BotTurnEnd } from '../../support/bot.ts'
import { message, post, readLog, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { seedOf } from '../../support/seed.ts'
import { openSocket } from '../../support/socket.ts'
import { botAnswers } from './fuzz/bodies.ts'
import { plans } from './fuzz/changes.ts'
import { fire, volleys } from './fuzz/frames.ts'
import { Line, type Outcome } from './fuzz/line.ts'
import { type Shot, shotOf } from './fuzz/requests.ts'
import { type Ground, type GroundOptions, repopulated, startGround } from './ground.ts'
import { isNoFault } from './knock.ts'

const count = Number(process.env['LANDLINE_FUZZ'] ?? 100_000)
const seed = seedOf('LANDLINE_FUZZ_SEED')

/** Requests, and frames, fired at a ground before it is made anew. */
const requestsPerRound = 2_000
const volleysPerRound = 60

/** Connections at once. */
const linesAtOnce = 32

/** What the heap may grow by after the first fifth: bytes. */
const growthMax = 48 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are still in use. */
function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** What no answer may say: stacks, paths, modules, and what the service is made of. */
const inside =
  /node:|\n\s+at |\.[cm]?[jt]s:\d|\/work\/|\/src\/|node_modules|sqlite|fastify|undici|SyntaxError|TypeError|RangeError/i

/** What is wrong with an answer; undefined if nothing is. */
function complaint({ replies, tookMs, isLate }: Outcome, { isUnframed }: Shot): string | undefined {
  if (isLate) return 'no answer in time'
  if (replies.length === 0 && !isUnframed) return `no answer after ${tookMs} ms`
  for (const { status, head, body } of replies) {
    // Direct Line 1.1 says 500 where a bot has answered with an error.
    const isBots = status === 502 || (status === 500 && body.includes('"httpStatusCode"'))
    if (!isNoFault(status) && status !== 503 && !isBots) return head
    if (status < 100 || status > 599) return head
    if (/\r\n(?:server|x-powered-by|via):/i.test(head)) return head
    if (status >= 400 && inside.test(body.toString('latin1'))) return `${head}\r\n\r\n${body}`
  }
  return undefined
}

const quoted = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1').slice(0, 4_000))

/** Fires a round of requests. Answers the statuses, by how often they came. */
async function fireRequests(
  ground: Ground,
  round: number,
  many: number,
  lines: readonly Line[],
  statuses: Map<number, number>,
): Promise<void> {
  const queue = fc.sample(plans, { seed: seed + round, numRuns: many })
  const work = async (line: Line) => {
    for (let plan = queue.pop(); plan !== undefined; plan = queue.pop()) {
      const shot = shotOf(plan, ground)
      const outcome = await (shot.isUnframed ? line.tell(shot.bytes, shot.isHead) : line.ask(shot.bytes, shot.isHead))
      const wrong = complaint(outcome, shot)
      assert.equal(
        wrong,
        undefined,
        `LANDLINE_FUZZ_SEED=${seed}, round ${round}, ${shot.route}: ${wrong}\n${quoted(shot.bytes)}`,
      )
      for (const { status } of outcome.replies) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(lines.map(work))
}

/** Fires a round of frames. Answers how many. */
async function fireFrames(ground: Ground, round: number, many: number): Promise<number> {
  const queue = fc.sample(volleys, { seed: seed + round, numRuns: many })
  const frames = queue.reduce((sum, volley) => sum + volley.frames.length, 0)
  const work = async () => {
    for (let volley = queue.pop(); volley !== undefined; volley = queue.pop()) {
      const wrong = await fire(volley, ground, ground.app.port)
      assert.equal(
        wrong,
        undefined,
        `LANDLINE_FUZZ_SEED=${seed}, round ${round}: ${wrong}\n${JSON.stringify(volley).slice(0, 4_000)}`,
      )
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return frames
}

/** Somebody who means no harm says something, and sees it. */
async function assertServes({ app, open }: Ground): Promise<void> {
  const chat = await startChat({ base: app.base, secret: open.talk.secret }, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const { status, text } = await post(chat, message('still here'))
  assert.equal(status, 200, text)
  await socket.untilText('still here')
  assert.deepEqual(
    (await readLog(chat)).map(said => said.text),
    ['still here'],
  )
  const faults = app.events.filter(({ event }) => event === 'fault')
  assert.deepEqual(faults, [], `seed ${seed}`)
}

/** What the bots answer next; 200 once there is nothing more. */
let answers: { readonly today: string; readonly old: string }[] = []

const answerOf = (kind: 'today' | 'old'): BotTurnEnd => {
  const next = answers.pop()
  if (next === undefined) return 200
  if (answers.length % 10 === 0) return answers.length % 20 === 0 ? 500 : 'drop'
  return { status: 200, body: next[kind] }
}

/** Fires at a service of its own, and holds it against what it promises. */
async function fuzz(t: TestContext, many: number, store: Pick<GroundOptions, 'dir'>): Promise<void> {
  t.diagnostic(`LANDLINE_FUZZ_SEED=${seed}`)
  // Of the one before, which may have failed in the midst of a round.
  answers = []
  await using first = await startGround({
    ...store,
    expectReplies: true,
    bot: { answer: () => answerOf('today') },
    oldBot: { answer: () => answerOf('old') },
  })
  const startedMs = performance.now()
  const lines = Array.from({ length: linesAtOnce }, () => new Line(first.app.port))
  const statuses = new Map<number, number>()
  let ground: Ground = first
  let fired = 0
  let early: { readonly fired: number; readonly bytes: number } | undefined
  try {
    for (let round = 0; fired < many; round += 1) {
      const requests = Math.min(requestsPerRound, many - fired)
      answers = fc.sample(botAnswers, { seed: seed + round, numRuns: Math.ceil(requests / 4) })
      await fireRequests(ground, round, requests, lines, statuses)
      fired += requests + (await fireFrames(ground, round, volleysPerRound))
      answers = []
      await assertServes(ground)
      // What was made is forgotten, so that what still grows is kept by mistake.
      await first.app.store.forgetUnused(Number.MAX_SAFE_INTEGER, 1_000_000)
      ground = await repopulated(ground)
      if (early === undefined && fired >= many / 5) early = { fired, bytes: heapUsed() }
    }
  } finally {
    for (const line of lines) line[Symbol.dispose]()
  }
  await assertServes(ground)
  const grown = heapUsed() - (early?.bytes ?? 0)
  const seconds = (performance.now() - startedMs) / 1000
  const told = [...statuses].sort(([one], [other]) => one - other).map(([status, times]) => `${status}: ${times}`)
  t.diagnostic(
    `${fired} in ${seconds.toFixed(1)} s; heap ${(grown / 2 ** 20).toFixed(1)} MiB more than after ${early?.fired}`,
  )
  t.diagnostic(told.join(', '))
  const answered = [...statuses.values()].reduce((sum, times) => sum + times, 0)
  assert.ok((statuses.get(200) ?? 0) > answered / 10, 'few of the requests came through the door')
  assert.ok(grown < growthMax, `the heap has grown by ${grown} bytes`)
}

test('nine tenths of the requests and frames hurt nothing that is kept in memory', t =>
  fuzz(t, Math.ceil(count * 0.9), {}))

test('one tenth hurts nothing that is kept on disk', async t => {
  await using folder = await makeFolder()
  await fuzz(t, Math.ceil(count / 10), { dir: folder.path })
})
