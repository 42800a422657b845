/**
 * Turns as people who look in see them: spans, what went to the bot and came back, and what was wrong.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Exchange, RecordsBody, Span, TurnBody } from '../../../src/protocol/admin-conversations.ts'
import type { Problem } from '../../../src/protocol/admin-problems.ts'
import { type Administered, ask, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { message, numberOf, post, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { sayOld, startOldChat } from '../../support/old-direct-line.ts'
import { startTalk, uma, watch } from '../../support/talk.ts'
import { startEchoBot } from '../../support/three-bots.ts'
import { patienceMs } from '../../support/until.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

/** A conversation of a service. */
type There = { readonly app: Administered; readonly conversation: string }

/** The turns of a conversation that belong to something in its log. */
async function turnsOf(app: Administered, conversation: string): Promise<readonly TurnBody[]> {
  return ((await done(app, 'GET', `/conversations/${conversation}/records`)) as unknown as RecordsBody).turns
}

/** Asks until the answer is what is waited for. */
async function eventually<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (const untilMs = performance.now() + patienceMs; performance.now() < untilMs; ) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error(`Waited ${patienceMs} ms in vain for ${what}.`)
}

/** The turn an activity has caused, once it is settled and its answer and replies have been told of. */
const turnOf = ({ app, conversation }: There, id: string, replies = 0) =>
  eventually(`the turn of ${id}`, async () => {
    const turns = await turnsOf(app, conversation)
    return turns.find(
      turn =>
        turn.cause === numberOf(id) &&
        turn.outcome !== 'running' &&
        turn.replies.length === replies &&
        turn.spans.some(({ name }) => name === 'answer'),
    )
  })

/** The same with what went to the bot and came back. */
const wholeTurn = async ({ app, conversation }: There, id: string) =>
  (await done(app, 'GET', `/conversations/${conversation}/turns/${id}`)) as unknown as TurnBody & {
    readonly exchange: Exchange
  }

const problemsOf = async (app: Administered) =>
  JSON.parse((await ask(app, 'GET', '/problems')).text) as readonly Problem[]

const span = ({ spans }: TurnBody, name: string): Span => {
  const found = spans.find(one => one.name === name)
  assert.ok(found, `there is no span ${name} in ${JSON.stringify(spans)}`)
  return found
}

const startEchoTalk = async (app: Parameters<typeof startApp>[0] = {}) => {
  const bot = await startEchoBot()
  const service = await startApp({ bot: bot.url, ...app })
  const chat = await startChat(service, uma)
  await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  return {
    ...chat,
    app: service,
    bot,
    async [Symbol.asyncDispose]() {
      await bot[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

test('a turn has a span for each part of its way, in order, and none is longer than the turn', async () => {
  await using talk = await startEchoTalk()
  using socket = await watch(talk)
  const id = await say(talk, 'sleep 200')
  await socket.untilText('You said: sleep 200')
  const turn = await turnOf(talk, id, 1)
  assert.deepEqual(
    turn.spans.map(({ name }) => name),
    ['receive', 'store', 'bot', 'reply 1', 'push 1', 'body', 'answer'],
  )
  const bot = span(turn, 'bot')
  assert.ok(bot.ms >= 200 && bot.ms < 5_000, `the bot slept 200 ms, and its span is ${bot.ms} ms`)
  assert.equal(span(turn, 'push 1').note, '1 socket')
  assert.ok(span(turn, 'reply 1').start >= bot.start + 200)
  for (const { name, start, ms } of turn.spans) {
    assert.ok(start >= 0 && ms >= 0 && start + ms <= turn.totalMs + 0.05, `${name} is beyond the end`)
    for (const number of [start, ms]) assert.equal(Math.round(number * 10) / 10, number, 'one decimal')
  }
  assert.deepEqual([turn.outcome, turn.status, turn.type, turn.again], ['ok', 200, 'message', false])
  assert.deepEqual(turn.replies, [numberOf(socket.activities.at(-1)?.id)])
})

test('only the call that a connection was made for has a span for it, with its parts', async () => {
  const attempt = async () => {
    const startedMs = performance.now()
    await using talk = await startTalk({
      bot: {
        answer: ({ text }) => (text === 'close' ? { status: 200, headers: { connection: 'close' } } : 200),
      },
    })
    const turns = []
    for (const text of ['close', 'one', 'two']) turns.push(await turnOf(talk, await say(talk, text)))
    const connects = turns.map(({ spans }) => spans.find(({ name }) => name === 'connect'))
    return { connects, tookMs: performance.now() - startedMs }
  }
  let { connects, tookMs } = await attempt()
  // A connection nobody uses is soon given up, as it may be: where the machine has stood still, it is tried again.
  for (let times = 1; times < 10 && tookMs > 1_000; times += 1) ({ connects, tookMs } = await attempt())
  assert.deepEqual(
    connects.map(connect => connect !== undefined),
    [false, true, false],
  )
  assert.match(connects[1]?.note ?? '', /^TCP \d+\.\d ms, to 127\.0\.0\.1$/)
})

test('a bot that answers 500 is told of with its body and what it means', async () => {
  let isBroken = true
  await using talk = await startTalk({
    bot: {
      answer: ({ type }) =>
        type === 'message' && isBroken ? { status: 500, body: 'TypeError: no order', headers: { 'x-it': 'y' } } : 200,
    },
  })
  const answer = await post(talk, message('please crash'))
  assert.equal(answer.status, 502)
  const found = await eventually('the failed turn', async () =>
    (await turnsOf(talk.app, talk.conversation)).find(({ status }) => status === 500),
  )
  const turn = await wholeTurn(talk, found.id)
  assert.deepEqual([turn.outcome, turn.problem], ['botError', 'BotThrew'])
  assert.equal(turn.exchange.body, 'TypeError: no order')
  assert.equal(turn.exchange.url, talk.bot.url)
  assert.match(turn.exchange.requestBody ?? '', /please crash/)
  assert.ok(turn.exchange.responseHeaders?.some(([name, value]) => name === 'x-it' && value === 'y'))
  span(turn, 'answer')
  const [problem] = await problemsOf(talk.app)
  assert.deepEqual([problem?.code, problem?.bot, problem?.count], ['BotThrew', 'bot', 1])
  assert.match(problem?.text ?? '', /TypeError: no order/)

  isBroken = false
  const { status, text } = await ask(
    talk.app,
    'POST',
    `/conversations/${talk.conversation}/records/${turn.cause}/again`,
    {},
  )
  assert.equal(status, 200, text)
  const again = await eventually('the turn that is the same again', async () =>
    (await turnsOf(talk.app, talk.conversation)).find(one => one.again && one.outcome !== 'running'),
  )
  assert.deepEqual([again.cause, again.status, again.outcome], [turn.cause, 200, 'ok'])
})

test('a bot that is not there is told of within two seconds, and no more when it is back', async () => {
  await using talk = await startTalk()
  const { port } = talk.bot
  await talk.bot[Symbol.asyncDispose]()
  const startedMs = performance.now()
  assert.equal((await post(talk, message('anybody?'))).status, 502)
  await eventually('the problem', async () => (await problemsOf(talk.app)).find(({ code }) => code === 'NobodyListens'))
  // Five times what is promised: a busy machine may stand still meanwhile.
  assert.ok(performance.now() - startedMs < 10_000)
  const [turn] = (await turnsOf(talk.app, talk.conversation)).slice(-1)
  assert.deepEqual([turn?.outcome, turn?.problem], ['unreachable', 'NobodyListens'])
  await using _back: TestBot = await startBot({ port })
  await eventually('the problem to be over', async () => ((await problemsOf(talk.app)).length === 0 ? true : undefined))
})

test('messages are taken and answered as ever while the store takes no turns', async () => {
  await using bot = await startBot()
  const asked: number[] = []
  await using service = await startFaulty(bot.url, ({ turns }) => ({
    turns: {
      putTurns: lot => {
        asked.push(lot.length)
        return new Promise(() => undefined)
      },
      turn: id => turns.turn(id),
      turnsAbout: async () => [],
      eraseExchanges: async () => undefined,
      forgetTurns: async () => 0,
    },
  }))
  const chat = await startChat(service, uma)
  await Promise.all(Array.from({ length: 20 }, (_, at) => say(chat, `${at}`)))
  await eventually('the store to be asked', async () => {
    await problemsOf(service)
    return asked.length > 0 ? true : undefined
  })
  const ids = await Promise.all(Array.from({ length: 20 }, (_, at) => say(chat, `again ${at}`)))
  const turn = await turnOf({ app: service, conversation: chat.conversation }, ids.at(-1) ?? '')
  assert.equal(turn.outcome, 'ok')
  assert.equal(asked.length, 1, 'one lot is under way, and the others wait for it or are dropped')
})

test('what a client of 1.1 says has its turn too', async () => {
  await using talk = await startEchoTalk()
  const chat = await startOldChat({ origin: talk.app.origin, secret: talk.app.secret })
  await sayOld(chat, 'hello')
  const turn = await eventually('the turn', async () =>
    (await turnsOf(talk.app, chat.conversation)).find(
      ({ type, replies }) => type === 'message' && replies.length === 1,
    ),
  )
  assert.deepEqual([span(turn, 'receive').start, turn.outcome], [0, 'ok'])
})

test('a turn is still there after a restart, and gone with its conversation', async () => {
  await using folder = await makeFolder()
  const before = await (async () => {
    await using talk = await startEchoTalk({ dir: folder.path })
    const turn = await turnOf(talk, await say(talk, 'hello'), 1)
    return { turn, conversation: talk.conversation }
  })()
  await using app = await startApp({ dir: folder.path })
  const turn = await wholeTurn({ app, conversation: before.conversation }, before.turn.id)
  assert.deepEqual({ ...turn, exchange: undefined }, { ...before.turn, exchange: undefined })
  assert.match(turn.exchange.requestBody ?? '', /hello/)
  assert.deepEqual(
    (await turnsOf(app, before.conversation)).map(({ id }) => id),
    [before.turn.id],
  )
  assert.equal((await ask(app, 'DELETE', `/conversations/${before.conversation}`)).status, 204)
  await app.stop()
  for (const name of readdirSync(folder.path).filter(file => file.includes('.db')))
    assert.equal(readFileSync(join(folder.path, name)).includes(before.turn.id), false, name)
})

test('neither a credential, nor a cookie, nor the address by which a bot is let in is in what is kept', async () => {
  await using folder = await makeFolder()
  const app = { id: '00000000-1111-2222-3333-444444444444', password: 'the-password-of-the-bot' }
  const planted = { cookie: 'cookie-of-the-bot', header: 'named-in-the-settings', key: 'key-in-the-address' }
  await using bot = await startBot({
    answer: activity => ({
      status: 500,
      headers: { 'set-cookie': `session=${planted.cookie}`, 'x-secret': planted.header },
      body: JSON.stringify({ got: activity }),
    }),
  })
  const seen: string[] = []
  for (const credential of [app, undefined]) {
    await using service = await startApp({
      dir: join(folder.path, credential === undefined ? 'open' : 'closed'),
      bot: `${bot.url}?code=${planted.key}`,
      botSettings: { app: credential },
      settings: { inspect: { bodies: 'full', maxBody: 16_384, turns: 100, hours: 24, redact: ['X-Secret'] } },
    })
    const chat = await startChat(service, uma)
    await post(chat, message('hello'))
    const [turn] = (await turnsOf(service, chat.conversation)).slice(-1)
    assert.ok(turn)
    const whole = await wholeTurn({ app: service, conversation: chat.conversation }, turn.id)
    assert.match(whole.exchange.body ?? '', /hello/)
    seen.push(JSON.stringify([whole, await problemsOf(service)]))
  }
  const secrets = [
    ...Object.values(planted),
    ...bot.requests.flatMap(({ headers, activity }) => [
      headers.authorization?.replace('Bearer ', ''),
      /\/connector\/[^/]+\/([^/]+)/.exec(activity.serviceUrl ?? '')?.[1],
    ]),
  ].filter(text => text !== undefined && text.length > 12)
  assert.ok(secrets.length >= 5)
  const kept = ['open', 'closed'].flatMap(dir =>
    readdirSync(join(folder.path, dir))
      .filter(name => name.includes('.db'))
      .map(name => readFileSync(join(folder.path, dir, name), 'latin1')),
  )
  for (const secret of secrets)
    for (const text of [...seen, ...kept])
      assert.equal(text.includes(String(secret)), false, String(secret).slice(0, 20))
})
