/**
 * POST /conversations/{id}/activities: logged, shown, delivered to the bot, and then acknowledged.
 */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { type BotTurnEnd, startBot, type TestBot } from '../../support/bot.ts'
import { assertRefused, getPage, message, numberOf, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { openSocket } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** A bot whose turns on messages end when the test says so, each on its own. */
async function startHeldBot(): Promise<TestBot & { release(text: string, end?: BotTurnEnd): void }> {
  const ends = new Map<string, PromiseWithResolvers<BotTurnEnd>>()
  const endOf = (text: string) => {
    const end = ends.get(text) ?? Promise.withResolvers<BotTurnEnd>()
    ends.set(text, end)
    return end
  }
  const held = await startBot({ answer: ({ type, text = '' }) => (type === 'message' ? endOf(text).promise : 200) })
  return Object.assign(held, { release: (text: string, end: BotTurnEnd = 200) => endOf(text).resolve(end) })
}

const textsTo = (to: TestBot, conversation: string) => to.of(conversation, 'message').map(({ text }) => text)

test('answers 200 with the id, which is that of the log, of the echo and of what the bot gets', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const { status, headers, body } = await post(chat, message('hello'))
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(body, { id: `${chat.conversation}|0000001` })
  assert.equal((await socket.untilText('hello')).id, body.id)
  assert.equal((await readLog(chat))[0]?.id, body.id)
  assert.equal(bot.of(chat.conversation, 'message')[0]?.id, body.id)
})

test('posts to the messaging endpoint as JSON, without credentials for a bot that has none', async () => {
  const chat = await startChat(app)
  await say(chat, 'hello')
  const sent = bot.requests.find(({ activity }) => activity.id === `${chat.conversation}|0000001`)
  assert.equal(sent?.method, 'POST')
  assert.equal(sent.path, '/api/messages')
  assert.match(sent.headers['content-type'] ?? '', /^application\/json/)
  assert.equal(sent.headers.authorization, undefined)
})

test('takes a secret or a token of the conversation', async () => {
  const chat = await startChat(app)
  assert.equal((await post(chat, message('by token'))).status, 200)
  assert.equal((await post(chat, message('by secret'), { bearer: app.secret })).status, 200)
})

test("answers when the bot's turn is over, and shows the activity before", async () => {
  await using held = await startHeldBot()
  await using own = await startApp({ bot: held.url })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  let isAnswered = false
  const posted = post(chat, message('hello')).finally(() => {
    isAnswered = true
  })
  await socket.untilText('hello')
  await held.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
  assert.equal((await getPage(chat)).body.activities?.length, 1)
  assert.equal(isAnswered, false)
  held.release('hello')
  assert.equal((await posted).status, 200)
})

test('takes every 2xx of the bot for good, whatever its body', async () => {
  const ends: readonly BotTurnEnd[] = [
    200,
    201,
    202,
    204,
    { status: 200, body: 'not JSON' },
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{"type":"message","text":"ignored"}' },
    { status: 200, body: '{"activities":[{"type":"message","text":"ignored"}]}' },
  ]
  let end: BotTurnEnd = 200
  await using own = await startBot({ answer: ({ type }) => (type === 'message' ? end : 200) })
  await using service = await startApp({ bot: own.url })
  const chat = await startChat(service, { id: 'u1' })
  for (end of ends) assert.equal((await post(chat, message('hello'))).status, 200, JSON.stringify(end))
  assert.equal((await readLog(chat)).length, ends.length)
})

test("answers 502 BotError with the bot's status for everything else, and follows no redirect", async () => {
  await using elsewhere = await startBot()
  const headers = { location: elsewhere.url }
  const ends: readonly (readonly [BotTurnEnd, number])[] = [
    [300, 300],
    [{ status: 301, headers }, 301],
    [{ status: 307, headers }, 307],
    [{ status: 308, headers }, 308],
    [304, 304],
    [400, 400],
    [401, 401],
    [403, 403],
    [404, 404],
    [417, 417],
    [429, 429],
    [{ status: 500, body: 'Error: secret detail at bot.js:7' }, 500],
    [503, 503],
    ['drop', 504],
  ]
  let end: BotTurnEnd = 200
  await using own = await startBot({ answer: ({ type }) => (type === 'message' ? end : 200) })
  await using service = await startApp({ bot: own.url })
  const chat = await startChat(service, { id: 'u1' })
  for (const [each, status] of ends) {
    end = each
    const answer = await post(chat, message('hello'))
    assertRefused(answer, 502, 'BotError', status)
    assert.equal(answer.text.includes('secret detail'), false)
  }
  assert.equal(elsewhere.requests.length, 0)
})

test('answers 502 with 504 for a bot that is late', async () => {
  await using held = await startHeldBot()
  await using own = await startApp({ bot: held.url, botSettings: { timeoutMs: 150 } })
  const chat = await startChat(own, { id: 'u1' })
  assertRefused(await post(chat, message('hello')), 502, 'BotError', 504)
})

test('keeps and shows an activity whose turn failed; the bot is not called again, and a second post is a second one', async () => {
  await using bad = await startBot({ answer: () => 500 })
  await using own = await startApp({ bot: bad.url })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await post(chat, message('hello'))
  await post(chat, message('hello'))
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['hello', 'hello'],
  )
  await socket.until('both', ({ activities }) => activities.length === 2)
  assert.deepEqual(textsTo(bad, chat.conversation), ['hello', 'hello'])
})

test('delivers what a bot that was too late says afterwards', async () => {
  await using held = await startHeldBot()
  await using own = await startApp({ bot: held.url, botSettings: { timeoutMs: 2_000 } })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await post(chat, message('hello'))
  const [told] = held.of(chat.conversation, 'message')
  assert.equal((await held.reply(told ?? {}, { type: 'message', text: 'sorry' })).status, 200)
  await socket.untilText('sorry')
})

test("shows the bot's replies of a turn before the answer to the post, with higher numbers", async () => {
  await using chatty = await startBot({
    onActivity: async (activity, own) => {
      if (activity.type !== 'message') return
      for (const text of ['a', 'b', 'c']) await own.reply(activity, { type: 'message', text })
    },
  })
  await using service = await startApp({ bot: chatty.url })
  const chat = await startChat(service, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const { body } = await post(chat, message('hello'))
  const log = await readLog(chat)
  assert.deepEqual(
    log.map(({ text, replyToId }) => [text, replyToId]),
    [
      ['hello', undefined],
      ['a', body.id],
      ['b', body.id],
      ['c', body.id],
    ],
  )
  assert.deepEqual(
    log.map(({ id }) => numberOf(id)),
    [1, 2, 3, 4],
  )
  await socket.untilText('c')
  assert.deepEqual(socket.activities, log)
})

test('starts turns in the order of the log, none waiting for the one before to end', async () => {
  await using held = await startHeldBot()
  await using own = await startApp({ bot: held.url })
  const chat = await startChat(own, { id: 'u1' })
  await held.until('the start', ({ of }) => of(chat.conversation).length === 1)
  const texts = ['one', 'two', 'three', 'four', 'five']
  const posted = []
  for (const text of texts) {
    posted.push(post(chat, message(text)))
    await held.until(text, () => textsTo(held, chat.conversation).includes(text))
  }
  assert.deepEqual(textsTo(held, chat.conversation), texts)
  held.release('five')
  assert.equal((await posted[4])?.status, 200)
  for (const text of texts) held.release(text)
  for (const answer of await Promise.all(posted)) assert.equal(answer.status, 200)
})

test('has at most eight turns of a conversation under way; further ones wait their turn', async () => {
  await using held = await startHeldBot()
  await using own = await startApp({ bot: held.url })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const texts = Array.from({ length: 10 }, (_, at) => `message ${at}`)
  const posted = texts.map(text => post(chat, message(text)))
  await socket.until('all echoes', ({ activities }) => activities.length === 10)
  await held.until('eight turns', () => textsTo(held, chat.conversation).length === 8)
  // A ninth turn would begin at once: it is long there when the service has answered something else.
  await startChat(own).then(({ conversation }) => held.until('a start', ({ of }) => of(conversation).length === 1))
  assert.equal(textsTo(held, chat.conversation).length, 8)
  const order = socket.activities.map(({ text }) => text ?? '')
  assert.deepEqual(textsTo(held, chat.conversation), order.slice(0, 8))
  for (const text of order.slice(0, 8)) held.release(text)
  await held.until('the rest', () => textsTo(held, chat.conversation).length === 10)
  for (const text of order.slice(8)) held.release(text)
  for (const answer of await Promise.all(posted)) assert.equal(answer.status, 200)
  assert.deepEqual(textsTo(held, chat.conversation), order)
})

test('lets the turn of a client that has gone run to its end', async () => {
  const gone = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  await using held = await startBot({
    onActivity: async (activity, own) => {
      if (activity.type !== 'message') return
      await gone.promise
      await own.reply(activity, { type: 'message', text: 'to nobody' })
      ended.resolve()
    },
  })
  await using own = await startApp({ bot: held.url })
  const chat = await startChat(own, { id: 'u1' })
  const client = request(`${chat.address}/activities`, {
    method: 'POST',
    headers: { authorization: `Bearer ${chat.token}`, 'content-type': 'application/json' },
  })
  const closed = new Promise(resolve => client.on('error', () => undefined).once('close', resolve))
  client.end(JSON.stringify(message('hello')))
  await held.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
  client.destroy()
  await inTime('the connection to close', closed)
  gone.resolve()
  await inTime('the end of the turn', ended.promise)
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['hello', 'to nobody'],
  )
  assert.equal(own.events.filter(({ event }) => event === 'turnFailed').length, 0)
})

test('shows what users send only after the turn where the bot is set so, replies first', async () => {
  await using chatty = await startBot({
    onActivity: async (activity, own) => {
      if (activity.type === 'message') await own.reply(activity, { type: 'message', text: 'answer' })
    },
    answer: ({ text }) => (text === 'bad' ? 500 : 200),
  })
  await using own = await startApp({ bot: chatty.url, botSettings: { echo: 'after' } })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const id = await say(chat, 'hello')
  await socket.untilText('answer')
  assert.ok((await socket.untilId(id)).text)
  assertRefused(await post(chat, message('bad')), 502, 'BotError', 500)
  await socket.untilText('bad')
  const numbers = socket.activities.map(activity => numberOf(activity.id))
  assert.deepEqual([...numbers].sort(), [1, 2, 3, 4])
  assert.deepEqual(numbers, [1, 2, 3, 4])
})

test("records the replies in the answer of a bot that is asked for them, before the post's answer", async () => {
  await using answering = await startBot({
    answer: ({ type, deliveryMode }) => ({
      status: 200,
      body:
        type === 'message' && deliveryMode === 'expectReplies'
          ? JSON.stringify({
              activities: [
                { type: 'message', text: 'a' },
                { type: 'message', text: 'b' },
              ],
            })
          : '',
    }),
  })
  await using own = await startApp({ bot: answering.url, botSettings: { expectReplies: true } })
  const chat = await startChat(own, { id: 'u1' })
  await say(chat, 'hello')
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['hello', 'a', 'b'],
  )
})
