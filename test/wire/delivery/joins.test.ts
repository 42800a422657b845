/**
 * How a bot learns who is there: one conversationUpdate at the start, one for each person who comes later, always before
 * anything that person says.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { botSays, openTalk, startTalk, watch } from '../../support/talk.ts'
import { holding } from './holding-bot.ts'

test('tells the start with the bot and the user in one activity, and the locale it was given', async () => {
  await using bot = await startBot()
  await using app = await startApp({ bot: bot.url })
  const json = { user: { id: 'u1', name: 'Uma' }, locale: 'de-CH' }
  const chat = await startChat(app, undefined, { json })
  const update = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  assert.deepEqual(update, {
    type: 'conversationUpdate',
    id: update.id,
    timestamp: update.timestamp,
    channelId: 'directline',
    serviceUrl: update.serviceUrl,
    from: { id: 'u1', name: 'Uma' },
    recipient: { id: 'bot', name: 'Bot' },
    conversation: { id: chat.conversation },
    locale: 'de-CH',
    membersAdded: [
      { id: 'bot', name: 'Bot' },
      { id: 'u1', name: 'Uma' },
    ],
  })
  assert.match(update.id ?? '', /^[A-Za-z0-9_-]{8,}$/)
  assert.ok(Math.abs(Date.parse(update.timestamp ?? '') - Date.now()) < 60_000)
})

test('tells the start with the bot alone where nobody is known', async () => {
  await using talk = await startTalk({ user: null })
  assert.deepEqual(talk.join.membersAdded, [{ id: 'bot', name: 'Bot' }])
  assert.deepEqual(talk.join.from, { id: talk.conversation })
  assert.equal('locale' in talk.join, false)
})

test('tells of each new person before what they say, and of each once', async () => {
  await using talk = await startTalk({ user: null })
  const withSecret = { ...talk, token: talk.secret }
  for (const user of ['u1', 'u2', 'u1', 'u2']) await say(withSecret, `I am ${user}`, user)
  const told = talk.bot
    .of(talk.conversation)
    .map(({ type, membersAdded, from }) =>
      type === 'conversationUpdate' ? `joins ${membersAdded?.map(({ id }) => id)}` : `speaks ${from?.id}`,
    )
  assert.deepEqual(told, ['joins bot', 'joins u1', 'speaks u1', 'joins u2', 'speaks u2', 'speaks u1', 'speaks u2'])
})

test('tells of a person once and first, however much they say at once', async () => {
  await using talk = await startTalk({ user: null })
  const withSecret = { ...talk, token: talk.secret }
  await Promise.all(Array.from({ length: 6 }, (_, n) => say(withSecret, `hello ${n}`)))
  const told = talk.bot.of(talk.conversation).map(({ type }) => type)
  assert.deepEqual(told.slice(0, 2), ['conversationUpdate', 'conversationUpdate'])
  assert.deepEqual(new Set(told.slice(2)), new Set(['message']))
  assert.equal(told.length, 8)
})

test('tells of a person after the start, and of neither twice, if they speak while the bot still hears of the start', async () => {
  const bot = holding(({ type }) => type === 'conversationUpdate')
  await using talk = await startTalk({ user: null, bot })
  const withSecret = { ...talk, token: talk.secret }
  const posted = post(withSecret, message('hello'))
  // Whatever the message makes the service do is under way once a later request has been answered.
  await getPage(withSecret)
  assert.equal(talk.bot.of(talk.conversation).length, 1)
  bot.releaseAll()
  assert.equal((await posted).status, 200)
  const told = talk.bot.of(talk.conversation).map(({ type, membersAdded }) => membersAdded?.map(({ id }) => id) ?? type)
  assert.deepEqual(told, [['bot'], ['u1'], 'message'])
})

test('is never shown to clients, and its replies stand before what the person says', async () => {
  await using talk = await startTalk({
    user: null,
    bot: {
      onActivity: async (activity, bot) => {
        if (activity.type === 'conversationUpdate')
          await bot.say(activity, { type: 'message', text: `Welcome, ${activity.membersAdded?.[0]?.id}.` })
      },
    },
  })
  const withSecret = { ...talk, token: talk.secret }
  using socket = await watch(withSecret)
  await say(withSecret, 'hello')
  const texts = ['Welcome, bot.', 'Welcome, u1.', 'hello']
  assert.deepEqual(
    (await readLog(withSecret)).map(({ text }) => text),
    texts,
  )
  await socket.untilText('hello')
  assert.deepEqual(
    socket.activities.map(({ type }) => type),
    ['message', 'message', 'message'],
  )
})

test('delays or fails neither the start nor what is said, if the bot refuses it', async () => {
  await using talk = await startTalk({
    user: null,
    bot: { answer: ({ type }) => (type === 'conversationUpdate' ? 500 : 200) },
  })
  await say({ ...talk, token: talk.secret }, 'hello')
  assert.equal(talk.bot.of(talk.conversation, 'message').length, 1)
})

test('sends nothing on re-entry with a token', async () => {
  await using talk = await startTalk()
  const again = await call(`${talk.app.base}/conversations`, { method: 'POST', bearer: talk.token })
  assert.equal(again.status, 200)
  await say(talk, 'hello')
  assert.equal(talk.bot.of(talk.conversation, 'conversationUpdate').length, 1)
})

test('passes a client’s own conversationUpdate on, hidden from clients, and counts its sender in without another join', async () => {
  await using talk = await startTalk({ user: null })
  const withSecret = { ...talk, token: talk.secret }
  const update = {
    type: 'conversationUpdate',
    from: { id: 'u1' },
    membersAdded: [{ id: 'u1' }, { id: 'bot' }, { id: 'u2' }],
  }
  const { status, body } = await post(withSecret, update)
  assert.equal(status, 200)
  const forwarded = talk.bot.of(talk.conversation)[1]
  assert.equal(forwarded?.id, body.id)
  assert.deepEqual(forwarded?.membersAdded, [{ id: 'u1' }], 'a client can announce nobody but its sender')
  await say(withSecret, 'hello')
  assert.equal(talk.bot.of(talk.conversation, 'conversationUpdate').length, 2)
  assert.deepEqual(
    (await readLog(withSecret)).map(({ type }) => type),
    ['message'],
  )
})

test('tells a second conversation of the same person on its own', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot)
  assert.equal(other.join.membersAdded?.length, 2)
  assert.notEqual(other.join.serviceUrl, talk.join.serviceUrl)
  const id = await botSays(other, 'hello')
  assert.equal((await getPage(other)).body.activities?.[0]?.id, id)
  assert.deepEqual(await readLog(talk), [])
  assert.equal((await post(talk, message('hello'))).status, 200)
})
