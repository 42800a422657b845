/**
 * A bad bot costs its own turns: other posts, other conversations and other bots do not notice, and what comes late
 * still arrives.
 */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertTaken, botSays, openTalk, startTalk, watch } from '../../support/talk.ts'
import { holding } from './holding-bot.ts'

/** Hangs in turns whose text says so, until it is released; accepts the others at once. */
const hanging = () => holding(({ text }) => text === 'hang')

/** Less than a turn that hangs takes, and ten times what a busy machine needs for one that does not: milliseconds. */
const quickMs = 10_000

test('another post of the same conversation is answered while the first one’s turn hangs', async () => {
  const bot = hanging()
  await using talk = await startTalk({ bot })
  const hung = post(talk, message('hang'))
  await talk.bot.until('the turn', ({ of }) => of(talk.conversation, 'message')[0])
  const startedMs = performance.now()
  await say(talk, 'quick')
  assert.ok(performance.now() - startedMs < quickMs)
  bot.releaseAll()
  assert.equal((await hung).status, 200)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hang', 'quick'],
  )
})

test('conversations of the same bot go on while a hundred turns of others hang', async () => {
  const bot = hanging()
  await using talk = await startTalk({ bot })
  const others = await Promise.all(Array.from({ length: 20 }, (_, n) => openTalk(talk.app, talk.bot, { id: `u${n}` })))
  const hung = others.flatMap((other, n) => [1, 2, 3, 4, 5].map(() => post(other, message('hang', `u${n}`))))
  await talk.bot.until(
    'all of them',
    ({ activities }) => activities.filter(({ text }) => text === 'hang').length === 100,
  )
  const times: number[] = []
  for (let n = 0; n < 20; n += 1) {
    const startedMs = performance.now()
    await say(talk, `quick ${n}`)
    times.push(performance.now() - startedMs)
  }
  assert.ok(Math.max(...times) < quickMs, `${Math.max(...times)} ms`)
  bot.releaseAll()
  for (const { status } of await Promise.all(hung)) assert.equal(status, 200)
})

test('another bot of the same service goes on', async () => {
  const held = hanging()
  await using bad = await startBot(held)
  await using good = await startBot()
  const settings = [bad, good].map(({ url }, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: url,
    sites: [{ ...defaultSite, id: `site${at}`, secrets: [`a-secret-of-bot-${at}-0000000000000000000`] }],
  }))
  await using app = await startApp({ settings: { bots: settings } })
  const chats = await Promise.all(
    [0, 1].map(at => startChat({ base: app.base, secret: `a-secret-of-bot-${at}-0000000000000000000` }, { id: 'u1' })),
  )
  const [badChat = assert.fail(), goodChat = assert.fail()] = chats
  const hung = Promise.all(Array.from({ length: 8 }, () => post(badChat, message('hang'))))
  await bad.until('the turns', ({ of }) => of(badChat.conversation, 'message').length === 8)
  const startedMs = performance.now()
  await say(goodChat, 'hang')
  assert.ok(performance.now() - startedMs < quickMs)
  held.releaseAll()
  for (const { status } of await hung) assert.equal(status, 200)
})

test('a reply that comes after the client was told 502 still arrives', async () => {
  await using talk = await startTalk({ app: { botSettings: { timeoutMs: 2_000 } }, bot: hanging() })
  using socket = await watch(talk)
  const answer = await post(talk, message('hang'))
  assertRefused(answer, 502, 'BotError', 504)
  const turn = talk.bot.of(talk.conversation, 'message')[0] ?? assert.fail()
  const id = assertTaken(await talk.bot.reply(turn, { type: 'message', text: 'late' }))
  const late = await socket.untilId(id)
  assert.equal(late.replyToId, turn.id)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hang', 'late'],
  )
})

test('a message of a failed turn, sent again by its client, is the same message in one more turn', async () => {
  let isWell = false
  await using talk = await startTalk({ bot: { answer: ({ type }) => (type === 'message' && !isWell ? 500 : 200) } })
  const again = message('hello', 'u1', { channelData: { clientActivityID: 'c-1' } })
  assertRefused(await post(talk, again), 502, 'BotError', 500)
  isWell = true
  const { status, body } = await post(talk, again)
  assert.equal(status, 200)
  assert.equal((await post(talk, again)).body.id, body.id)
  assert.deepEqual(
    (await readLog(talk)).map(({ id }) => id),
    [body.id],
  )
  assert.deepEqual(
    talk.bot.of(talk.conversation, 'message').map(({ id }) => id),
    [body.id, body.id],
  )
})

test('a bot that was down is used as soon as it is back', async () => {
  const first = await startBot()
  const { port, url } = first
  await using app = await startApp({ bot: url })
  const talk = await openTalk(app, first)
  await say(talk, 'before')
  await first[Symbol.asyncDispose]()
  assertRefused(await post(talk, message('meanwhile')), 502, 'BotError', 504)
  await using second = await startBot({ port })
  await say(talk, 'after')
  assert.equal(second.activities.at(-1)?.text, 'after')
})

test('a bot that fails may still speak', async () => {
  await using talk = await startTalk({
    bot: {
      answer: ({ type }) => (type === 'message' ? 500 : 200),
      onActivity: async (activity, bot) => {
        if (activity.type === 'message') await bot.reply(activity, { type: 'message', text: 'Something went wrong.' })
      },
    },
  })
  assertRefused(await post(talk, message('hello')), 502, 'BotError', 500)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hello', 'Something went wrong.'],
  )
})

test('a bot that is never well leaves the service well', async () => {
  await using talk = await startTalk({ bot: { answer: () => 'drop' } })
  for (let n = 0; n < 20; n += 1) assert.equal((await post(talk, message(`try ${n}`))).status, 502)
  for (const path of ['/health', '/ready']) assert.equal((await call(`${talk.app.origin}${path}`)).status, 200)
  await botSays(talk, 'still here')
  assert.equal((await readLog(talk)).length, 21)
  assert.deepEqual(
    talk.app.events.filter(({ event }) => event === 'fault'),
    [],
  )
})
