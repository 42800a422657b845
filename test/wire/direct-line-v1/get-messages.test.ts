/**
 * GET /api/conversations/{conversation}/messages: the log as messages, page by page.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { pageEntriesMax } from '../../../src/protocol/limits.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { getPage, message, post, readLog } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import {
  assertOldRefused,
  getMessages,
  messagesIn,
  type OldChat,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** The bot says something in the conversation. */
async function botSays(chat: OldChat, activity: WireActivity): Promise<string> {
  const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const { status, body, text } = await bot.say(join, activity)
  assert.equal(status, 200, text)
  return String(body.id)
}

test('answers an empty page with a watermark where nothing has been said', async () => {
  const chat = await startOldChat(app)
  const answer = await getMessages(chat)
  assert.deepEqual(answer.body, { messages: [], watermark: '0' })
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
})

test("shows the users' own messages and the bot's, oldest first, each with all that a message always has", async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'Is it open?')
  await botSays(chat, { type: 'message', text: 'Until six.' })
  await sayOld(chat, 'Thanks', 'u2')
  const answer = await getMessages(chat)
  const log = await readLog(chat)
  assert.deepEqual(
    messagesIn(answer),
    [
      ['1', 'u1', 'Is it open?'],
      ['2', 'bot', 'Until six.'],
      ['3', 'u2', 'Thanks'],
    ].map(([n, from, text]) => ({
      id: `${chat.conversation}|000000${n}`,
      conversationId: chat.conversation,
      created: log[Number(n) - 1]?.timestamp,
      from,
      text,
    })),
  )
  assert.equal(answer.body.watermark, '3')
  for (const { created } of messagesIn(answer)) assert.match(created ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

test('goes on after the watermark, and says it again when there is nothing new', async () => {
  const chat = await startOldChat(app)
  for (const text of ['one', 'two']) await sayOld(chat, text)
  const { body } = await getMessages(chat)
  await sayOld(chat, 'three')
  const next = await getMessages(chat, body.watermark)
  assert.deepEqual(
    messagesIn(next).map(({ text }) => text),
    ['three'],
  )
  for (let again = 0; again < 2; again += 1)
    assert.deepEqual((await getMessages(chat, next.body.watermark)).body, { messages: [], watermark: '3' })
  assert.deepEqual((await getMessages(chat, body.watermark)).body, next.body, 'a watermark can be used again')
})

test('reads a watermark that says nothing or cannot be read as the beginning, and one beyond the log as its end', async () => {
  const chat = await startOldChat(app)
  for (const text of ['one', 'two']) await sayOld(chat, text)
  for (const watermark of ['', 'null', 'undefined', '-', '0', 'garbage', '0000a-42', '-1', '1.5'])
    assert.equal(messagesIn(await getMessages(chat, watermark)).length, 2, `watermark=${watermark}`)
  assert.equal(messagesIn(await call(`${chat.old}/messages?watermark`, { bearer: chat.token })).length, 2)
  for (const watermark of ['2', '3', '4711', '999999999999999'])
    assert.deepEqual((await getMessages(chat, watermark)).body, { messages: [], watermark: '2' })
  assert.equal(messagesIn(await getMessages(chat, '0000001')).length, 1)
})

test('passes over what is no message, and moves the watermark past it', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'first')
  for (const type of ['event', 'endOfConversation', 'messageReaction', 'handoff', 'custom/type'])
    await botSays(chat, { type, name: 'x', text: 'not a message' })
  await post(chat, { type: 'event', name: 'from a client', from: { id: 'u1' } })
  assert.deepEqual((await getMessages(chat, '1')).body, { messages: [], watermark: '7' })
  const all = await getMessages(chat)
  assert.deepEqual(
    messagesIn(all).map(({ text }) => text),
    ['first'],
  )
  assert.equal(all.body.watermark, '7')
})

test('never shows typing', async () => {
  const chat = await startOldChat(app)
  await botSays(chat, { type: 'typing' })
  assert.equal((await post(chat, { type: 'typing', from: { id: 'u1' } })).status, 200)
  await sayOld(chat, 'said')
  assert.deepEqual((await getMessages(chat)).body.watermark, '1')
  assert.equal((await readMessages(chat)).length, 1)
})

test('is never falsely empty: behind many activities that are no messages the next message is found at once', async () => {
  const chat = await startOldChat(app)
  const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const count = 2 * pageEntriesMax + 7
  let left = count
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left > 0) {
        left -= 1
        assert.equal((await bot.say(join, { type: 'event', name: 'tick' })).status, 200)
      }
    }),
  )
  assert.deepEqual((await getMessages(chat)).body, { messages: [], watermark: String(count) })
  await sayOld(chat, 'behind them all')
  for (const watermark of [undefined, '0', '1', String(pageEntriesMax), String(count)]) {
    const answer = await getMessages(chat, watermark)
    assert.deepEqual(
      messagesIn(answer).map(({ text }) => text),
      ['behind them all'],
      `watermark=${watermark}`,
    )
    assert.equal(answer.body.watermark, String(count + 1))
  }
})

test('gives a long conversation in pages that miss nothing and repeat nothing', async () => {
  const chat = await startOldChat(app)
  const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const texts: string[] = []
  for (let n = 1; n <= pageEntriesMax + 20; n += 1) {
    const isMessage = n % 5 !== 0
    if (isMessage) texts.push(`${n}`)
    assert.equal((await bot.say(join, { type: isMessage ? 'message' : 'event', text: `${n}` })).status, 200)
  }
  const first = await getMessages(chat)
  assert.ok(messagesIn(first).length < texts.length, 'it takes more than one page')
  assert.deepEqual(
    (await readMessages(chat)).map(({ text }) => text),
    texts,
  )
})

test('lets a secret read every conversation of its bot, and a token its own only', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  await sayOld(chat, 'here')
  assert.equal(messagesIn(await getMessages({ ...chat, token: app.secret })).length, 1)
  assertOldRefused(await getMessages({ ...chat, token: other.token }), 403, 'NotAllowed')
  const nowhere = `${app.origin}/api/conversations/doesNotExist0000000001`
  assertOldRefused(await getMessages({ old: nowhere, token: app.secret }), 404, 'NotFound')
  assertOldRefused(await getMessages({ old: nowhere, token: chat.token }), 403, 'NotAllowed')
})

test('shows what a bot has updated under its old id, and no longer what it has deleted', async () => {
  const chat = await startOldChat(app)
  const updated = await botSays(chat, { type: 'message', text: 'frist' })
  const deleted = await botSays(chat, { type: 'message', text: 'oops' })
  const { watermark } = (await getMessages(chat)).body
  const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const connector = `${join.serviceUrl}v3/conversations/${chat.conversation}/activities`
  const put = { method: 'PUT', json: { type: 'message', text: 'first' } }
  assert.equal((await call(`${connector}/${encodeURIComponent(updated)}`, put)).status, 200)
  assert.equal((await call(`${connector}/${encodeURIComponent(deleted)}`, { method: 'DELETE' })).status, 200)
  const news = messagesIn(await getMessages(chat, watermark))
  assert.deepEqual(
    news.map(({ id, text }) => [id, text]),
    [[updated, 'first']],
  )
  assert.deepEqual(await readMessages(chat), news)
})

test('shows a suggestion to nobody: it is no message', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  await botSays(chat, { type: 'suggestion', text: 'psst', recipient: { id: 'u1' } })
  assert.deepEqual((await getMessages(chat)).body, { messages: [], watermark: '1' })
})

test('answers the same whichever API asks: ids, times and watermarks', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'old')
  await post(chat, message('new'))
  const [page, messages] = [await getPage(chat), await getMessages(chat)]
  assert.equal(page.body.watermark, messages.body.watermark)
  assert.deepEqual(
    messagesIn(messages).map(({ id, created, text }) => [id, created, text]),
    page.body.activities?.map(({ id, timestamp, text }) => [id, timestamp, text]),
  )
})
