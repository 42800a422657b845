/**
 * Overload is refused early: first new conversations, then sends; everything else goes on. Who is refused loses nothing
 * by sending again.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { ConversationStore } from '../../../src/domain/ports.ts'
import type { Outside } from '../../../src/outside.ts'
import { defaultLimits } from '../../../src/protocol/limits.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  getPage,
  message,
  post,
  readLog,
  reconnect,
  type Service,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { assertOldRefused, startOldChat } from '../../support/old-direct-line.ts'
import { openSocket } from '../../support/socket.ts'
import { assertTaken } from '../../support/talk.ts'
import { inTime } from '../../support/until.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

const calm = { loopLateMs: 0, memoryShare: 0.1 }

/** A service whose process is as pressed as a test says. */
async function startPressed(more: { readonly store?: (good: ConversationStore) => ConversationStore } = {}) {
  let strain = calm
  const exchanged = ({ store }: Pick<Outside, 'store'>) => ({
    load: { measure: () => strain, [Symbol.dispose]: () => undefined },
    store: more.store?.(store) ?? store,
  })
  const service = await startFaulty(bot.url, exchanged, defaultLimits)
  return {
    ...service,
    origin: new URL(service.base).origin,
    press: (now: Partial<typeof calm>) => {
      strain = { ...calm, ...now }
    },
  }
}

/** Asks again and again until the answer has this status: how far an overload has gone is seen by nothing else. */
async function until(status: number, ask: () => Promise<Answer>): Promise<Answer> {
  const asking = async () => {
    for (;;) {
      const answer = await ask()
      if (answer.status === status) return answer
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  return inTime(`an answer of status ${status}`, asking())
}

const generate = ({ base, secret }: Service) => call(`${base}/tokens/generate`, { method: 'POST', bearer: secret })
const start = ({ base }: Service, bearer: string) => call(`${base}/conversations`, { method: 'POST', bearer })
const upload = ({ address, token }: Chat) =>
  call(`${address}/upload?userId=u1`, { bearer: token, raw: 'x', headers: { 'content-type': 'text/plain' } })

function assertTurnedAway(answer: Answer): void {
  assertRefused(answer, 503, 'ServiceError')
  assert.match(answer.headers['retry-after'] ?? '', /^([1-9]|[12]\d|30)$/)
}

/** What nobody may be refused for the service’s having too much to do. */
async function assertGoesOn(service: Service, chat: Chat): Promise<void> {
  assert.equal((await getPage(chat)).status, 200)
  assert.equal((await reconnect(chat)).status, 200)
  assert.equal(
    (await start(service, chat.token)).status,
    200,
    'a start with a token that has been used is the way back',
  )
  assert.equal((await call(`${service.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })).status, 200)
  const [join] = bot.of(chat.conversation)
  assert.ok(join !== undefined)
  using socket = await openSocket((await reconnect(chat)).body.streamUrl)
  await socket.untilId(assertTaken(await bot.say(join, { type: 'message', text: 'from the bot' })))
}

suite('when the process is pressed', { concurrency: true }, () => {
  test('first new conversations are turned away, then sends, and everything else goes on; then all is as before', async () => {
    await using service = await startPressed()
    const chat = await startChat(service)
    const { token } = await generateToken(service)
    const old = await startOldChat(service)
    await bot.until('the start', ({ of }) => of(chat.conversation)[0])

    service.press({ memoryShare: 0.9 })
    assertTurnedAway(await until(503, () => generate(service)))
    // Neither too much nor calm again: it stays at this step, however long the rest takes.
    service.press({ memoryShare: 0.8 })
    await say(chat, 'while new conversations are turned away')
    assertTurnedAway(await start(service, service.secret))
    assertOldRefused(
      await call(`${service.origin}/api/conversations`, { method: 'POST', bearer: service.secret }),
      503,
      'ServiceError',
    )
    assert.equal((await call(`${service.origin}/api/tokens`, { bearer: service.secret })).status, 503)
    assert.equal((await start(service, token)).status, 201, 'who has a token has been let in')
    await assertGoesOn(service, chat)

    service.press({ memoryShare: 0.9 })
    const unused = await until(503, () => post(chat, message('too much')))
    assertTurnedAway(unused)
    assertTurnedAway(await upload(chat))
    assertTurnedAway(await start(service, service.secret))
    const oldMessage = { from: 'u1', text: 'too much' }
    assertOldRefused(await call(`${old.old}/messages`, { bearer: old.token, json: oldMessage }), 503, 'ServiceError')
    await assertGoesOn(service, chat)

    service.press(calm)
    await until(200, () => post(chat, message('again')))
    await until(200, () => generate(service))
    assert.equal((await upload(chat)).status, 200)
    const told = service.events.filter(event => event.event === 'overload')
    assert.deepEqual(
      told.map(({ state }) => state),
      ['began', 'ended'],
    )
    assert.ok((told[1]?.turnedAway ?? 0) > 0)
    assert.ok(!service.events.some(event => event.event === 'fault'), 'a refusal is not a fault')
  })

  test('a send that is refused and sent again until it is taken is one message, and the bot is asked once', async () => {
    await using service = await startPressed()
    const chat = await startChat(service)
    service.press({ loopLateMs: 300 })
    await until(503, () => post(chat, message('before')))
    const before = (await readLog(chat)).length
    const sent = message('once', 'u1', { channelData: { clientActivityID: 'c1' } })
    for (let count = 0; count < 3; count += 1) assertTurnedAway(await post(chat, sent))
    assert.equal((await readLog(chat)).length, before, 'nothing of what is refused is kept')
    service.press(calm)
    const taken = await until(200, () => post(chat, sent))
    assert.deepEqual((await post(chat, sent)).body, taken.body)
    const log = await readLog(chat)
    assert.equal(log.filter(({ text }) => text === 'once').length, 1)
    assert.equal(log.length, before + 1)
    assert.equal(bot.of(chat.conversation, 'message').filter(({ text }) => text === 'once').length, 1)
  })

  test('a socket that takes activities is closed with 1013 at the first it can’t take: nobody is answered there', async () => {
    await using service = await startPressed()
    const chat = await startChat(service)
    using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
    service.press({ loopLateMs: 300 })
    await until(503, () => post(chat, message('elsewhere')))
    socket.send(JSON.stringify(message('spoken')))
    assert.deepEqual(await inTime('a close', socket.closed), {
      code: 1013,
      reason: 'the service has too much to do',
    })
    assert.ok(!(await readLog(chat)).some(({ text }) => text === 'spoken'))
  })

  test('a commit that does not come is overload, and when it has come it no longer is', async () => {
    let waitingMs = 0
    await using service = await startPressed({
      store: good =>
        new Proxy(good, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name)
            if (name === 'waitingMs') return waitingMs
            return typeof value === 'function' ? value.bind(target) : value
          },
        }),
    })
    waitingMs = 2_500
    assertTurnedAway(await until(503, () => generate(service)))
    waitingMs = 0
    await until(200, () => generate(service))
  })
})

/** Keeps the loop of this process, which is the service’s too, so busy that each of its turns takes so long. */
function makeTurns(ms: number) {
  let turns = 0
  let isOver = false
  let longestMs = 0
  let beganMs = performance.now()
  const turn = () => {
    longestMs = Math.max(longestMs, performance.now() - beganMs)
    beganMs = performance.now()
    for (const untilMs = beganMs + ms; performance.now() < untilMs; );
    turns += 1
    if (!isOver) setImmediate(turn)
  }
  turn()
  return {
    turns: () => turns,
    /** How long the longest of them was, with all that somebody else has done meanwhile: milliseconds. */
    longestMs: () => longestMs,
    [Symbol.dispose]: () => {
      isOver = true
    },
  }
}

test('a loop that is really late turns people away; one that is only busy does not', async () => {
  await using app = await startApp({ bot: bot.url, settings: { limits: defaultLimits } })
  const chat = await startChat(app)
  // Where the machine has stood still meanwhile, the loop was late, and it is tried again.
  let longestMs = Number.POSITIVE_INFINITY
  for (let times = 0; times < 10 && longestMs > defaultLimits.overload.loopLateMs; times += 1) {
    await until(200, () => generate(app))
    const statuses = new Set<number>()
    {
      using busy = makeTurns(60)
      while (busy.turns() < 40) statuses.add((await generate(app)).status)
      longestMs = busy.longestMs()
    }
    if (longestMs <= defaultLimits.overload.loopLateMs) assert.deepEqual([...statuses], [200])
  }
  {
    using _late = makeTurns(300)
    assertTurnedAway(await until(503, () => generate(app)))
    assert.equal((await getPage(chat)).status, 200)
  }
  await until(200, () => generate(app))
  const began = app.events.filter(event => event.event === 'overload').findLast(({ state }) => state === 'began')
  assert.ok(began !== undefined && began.loopLateMs > 250 && began.loopLateMs < 10_000, JSON.stringify(began))
})

test('memory beyond its part of the heap’s limit turns people away', async () => {
  const overload = { ...defaultLimits.overload, memoryShare: 0.000_1 }
  await using app = await startApp({ bot: bot.url, settings: { limits: { ...defaultLimits, overload } } })
  assertTurnedAway(await until(503, () => generate(app)))
})
