/**
 * Who is told to the bot, and when: conversationUpdates go to the bot alone, before anything that person says.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  getPage,
  message,
  numberOf,
  post,
  readLog,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** What a bot has been told of a conversation: who joined, and the texts of all else. */
const told = (chat: Pick<Chat, 'conversation'>, by: TestBot = bot) =>
  by
    .of(chat.conversation)
    .map(({ type, membersAdded, text }) => (type === 'conversationUpdate' ? membersAdded?.map(({ id }) => id) : text))

test('tells of the bot alone at the start where no user is known, in an update that is complete', async () => {
  const chat = await startChat(app, undefined, { json: { locale: 'en-GB' } })
  const update = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const { id, timestamp, serviceUrl, ...rest } = update
  assert.deepEqual(rest, {
    type: 'conversationUpdate',
    channelId: 'directline',
    conversation: { id: chat.conversation },
    from: { id: chat.conversation },
    recipient: { id: 'bot', name: 'Bot' },
    locale: 'en-GB',
    membersAdded: [{ id: 'bot', name: 'Bot' }],
  })
  assert.match(id ?? '', /^[A-Za-z0-9_-]{8,}$/)
  assert.match(timestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z$/)
  assert.ok(serviceUrl?.startsWith(`${app.origin}/`) && serviceUrl.endsWith('/'), serviceUrl)
})

test('tells of bot and user in one update where the user is known from token or body', async () => {
  const named = { id: 'u1', name: 'Uma' }
  const { token, conversation } = await generateToken(app, { user: named })
  await call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  for (const chat of [{ conversation }, await startChat(app, named)]) {
    const update = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
    assert.deepEqual(update.membersAdded, [{ id: 'bot', name: 'Bot' }, named])
    assert.deepEqual(update.from, named)
    assert.deepEqual(update.recipient, { id: 'bot', name: 'Bot' })
    assert.equal('locale' in update, false)
  }
})

test('tells of nobody twice: a user known at the start is not announced by what they say', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'one')
  await say(chat, 'two')
  assert.deepEqual(told(chat), [['bot', 'u1'], 'one', 'two'])
})

test('tells of a sender before their first activity, whatever its type, and of each sender once', async () => {
  for (const type of ['message', 'event', 'typing', 'endOfConversation', 'invoke', 'myType', 'trace']) {
    const chat = await startChat(app)
    const send = (user: string, text: string) => post(chat, { type, text, from: { id: user } })
    for (const [user, text] of [
      ['u1', 'one'],
      ['u2', 'two'],
      ['u1', 'three'],
      ['u2', 'four'],
    ] as const) {
      assert.equal((await send(user, text)).status, 200, type)
    }
    assert.deepEqual(told(chat), [['bot'], ['u1'], 'one', ['u2'], 'two', 'three', 'four'], type)
  }
})

test('writes the update of a sender like that of a start, with the locale of the start', async () => {
  const chat = await startChat(app, undefined, { json: { locale: 'de-AT' } })
  await post(chat, message('hello', 'u1', { locale: 'fr' }))
  const update = bot.of(chat.conversation)[1]
  assert.equal(update?.type, 'conversationUpdate')
  assert.deepEqual(update.membersAdded, [{ id: 'u1' }])
  assert.deepEqual(update.from, { id: 'u1' })
  assert.deepEqual(update.recipient, { id: 'bot', name: 'Bot' })
  assert.equal(update.locale, 'de-AT')
  assert.equal(update.channelId, 'directline')
  assert.equal(update.serviceUrl, bot.of(chat.conversation, 'message')[0]?.serviceUrl)
})

test('tells the name a sender gives, because bots greet people by it', async () => {
  const chat = await startChat(app)
  await post(chat, message('hello', 'u1', { from: { id: 'u1', name: 'Uma' } }))
  assert.deepEqual(bot.of(chat.conversation)[1]?.membersAdded, [{ id: 'u1', name: 'Uma' }])
})

test('waits for the turn of the update, so that a greeting stands before what the user says', async () => {
  await using greeting = await startBot({
    onActivity: async (activity, own) => {
      for (const { id } of activity.membersAdded ?? []) {
        if (id !== 'bot') await own.say(activity, { type: 'message', text: `Hello, ${id}.` })
      }
    },
  })
  await using own = await startApp({ bot: greeting.url })
  const chat = await startChat(own)
  await say(chat, 'one', 'u1')
  await say(chat, 'two', 'u2')
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['Hello, u1.', 'one', 'Hello, u2.', 'two'],
  )
  const known = await startChat(own, { id: 'u3' })
  await say(known, 'three', 'u3')
  assert.deepEqual(
    (await readLog(known)).map(({ text }) => text),
    ['Hello, u3.', 'three'],
  )
})

test('tells once of a sender whose first activities come all at once, and before all of them', async () => {
  const chat = await startChat(app)
  const texts = Array.from({ length: 12 }, (_, at) => `message ${at}`)
  await Promise.all(texts.map(text => say(chat, text, 'u1')))
  const [start, join, ...rest] = told(chat)
  assert.deepEqual([start, join], [['bot'], ['u1']])
  assert.deepEqual([...rest].sort(), [...texts].sort())
})

test('tells of several senders who come at once, each before what they say', async () => {
  const chat = await startChat(app)
  const users = ['u1', 'u2', 'u3', 'u4']
  await Promise.all(users.flatMap(user => [say(chat, `${user} one`, user), say(chat, `${user} two`, user)]))
  const all = told(chat)
  assert.equal(all.filter(Array.isArray).length, 5)
  for (const user of users) {
    const joined = all.findIndex(each => Array.isArray(each) && each.includes(user))
    assert.ok(joined > 0 && joined < all.indexOf(`${user} one`) && joined < all.indexOf(`${user} two`), user)
  }
})

test('holds the first activity while the update of the start is running', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startBot({ answer: ({ type }) => (type === 'conversationUpdate' ? end.promise : 200) })
  await using own = await startApp({ bot: held.url })
  const chat = await startChat(own, { id: 'u1' })
  const posted = say(chat, 'hello')
  await held.until('the start', ({ requests }) => requests.length === 1)
  for (let times = 0; times < 3; times += 1) assert.deepEqual((await getPage(chat)).body.activities, [])
  assert.deepEqual(told(chat, held), [['bot', 'u1']])
  end.resolve(200)
  await posted
  assert.deepEqual(told(chat, held), [['bot', 'u1'], 'hello'])
})

suite('a bot that does not answer an update', { concurrency: true }, () => {
  for (const [what, user] of [
    ['the start', { id: 'u1' }],
    ['a join', undefined],
  ] as const) {
    test(`holds the first activity after ${what} for five seconds and no longer`, async () => {
      const end = Promise.withResolvers<number>()
      await using held = await startBot({
        answer: ({ membersAdded }) => (membersAdded?.some(({ id }) => id === 'u1') ? end.promise : 200),
      })
      await using own = await startApp({ bot: held.url })
      const chat = await startChat(own, user)
      const startedMs = performance.now()
      await say(chat, 'hello', 'u1')
      const tookMs = performance.now() - startedMs
      // Less than the update itself has, on a busy machine too.
      assert.ok(tookMs > 4_500 && tookMs < 14_000, `${tookMs} ms`)
      end.resolve(200)
      assert.deepEqual(told(chat, held).at(-1), 'hello')
    })
  }
})

test('fails no start and no activity because the bot refuses an update', async () => {
  await using refusing = await startBot({ answer: ({ type }) => (type === 'conversationUpdate' ? 500 : 200) })
  await using own = await startApp({ bot: refusing.url })
  const chat = await startChat(own)
  await say(chat, 'one', 'u1')
  await say(chat, 'two', 'u1')
  assert.deepEqual(told(chat, refusing), [['bot'], ['u1'], 'one', 'two'])
  assert.equal(own.events.filter(({ event }) => event === 'turnFailed').length, 2)
})

test('tells nothing when a client comes again: by start, reconnect, refresh or sockets', async () => {
  const { token, address, conversation } = await generateToken(app, { user: { id: 'u1' } })
  const start = () => call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  const { body } = await start()
  const chat = { token, address, conversation, streamUrl: body.streamUrl ?? '', secret: app.secret }
  await say(chat, 'one')
  assert.equal((await start()).status, 200)
  await reconnect(chat)
  await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: token })
  const socket = await openSocket(chat.streamUrl)
  await socket.close()
  await say(chat, 'two')
  assert.deepEqual(told(chat), [['bot', 'u1'], 'one', 'two'])
})

test('makes nobody a member by what was refused', async () => {
  const chat = await startChat(app)
  assertRefused(await post(chat, { type: 'contactRelationUpdate', from: { id: 'u1' } }), 400, 'BadArgument')
  assertRefused(await post(chat, { type: 'message', text: 7, from: { id: 'u1' } }), 400, 'BadArgument')
  assertRefused(await post(chat, { from: { id: 'u1' } }), 400, 'MissingProperty')
  await say(chat, 'hello', 'u2')
  assert.deepEqual(told(chat), [['bot'], ['u2'], 'hello'])
})

test("passes a client's own update on without one of ours, and counts a sender it names as a member", async () => {
  const chat = await startChat(app)
  await bot.until('the start', ({ of }) => of(chat.conversation).length === 1)
  const update = { type: 'conversationUpdate', from: { id: 'u1' }, membersAdded: [{ id: 'u1', name: 'Uma' }] }
  assert.equal((await post(chat, update)).status, 200)
  await say(chat, 'hello', 'u1')
  assert.deepEqual(told(chat), [['bot'], ['u1'], 'hello'])
  const silent = await startChat(app)
  await bot.until('the start', ({ of }) => of(silent.conversation).length === 1)
  assert.equal((await post(silent, { type: 'conversationUpdate', from: { id: 'u1' } })).status, 200)
  await say(silent, 'hello', 'u1')
  assert.deepEqual(told(silent), [['bot'], undefined, ['u1'], 'hello'])
})

test('shows no update to any client, and spends no number on one', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const id = await say(chat, 'hello', 'u1')
  await socket.untilId(id)
  assert.equal(numberOf(id), 1)
  assert.equal(socket.activities.length, 1)
  assert.equal((await readLog(chat)).length, 1)
  const ids = bot.of(chat.conversation, 'conversationUpdate').map(update => update.id)
  assert.equal(new Set(ids).size, 2)
})

test('remembers over a restart whom the bot has been told of', async () => {
  await using folder = await makeFolder()
  const first = await startApp({ bot: bot.url, dir: folder.path })
  const chat = await startChat(first)
  await say(chat, 'one', 'u1')
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir: folder.path })
  const again = { ...chat, address: chat.address.replace(first.origin, second.origin) }
  await say(again, 'two', 'u1')
  await say(again, 'three', 'u2')
  assert.deepEqual(told(chat), [['bot'], ['u1'], 'one', 'two', ['u2'], 'three'])
})
