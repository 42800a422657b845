/**
 * What a v1 bot is told of comings: of its own and then of each person, one message and one turn each.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import type { BotTurnEnd } from '../../support/bot.ts'
import { generateToken, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { answering, speakingV1, startOldBot } from '../../support/old-bot.ts'
import { readMessages, sayOld, startOldChat } from '../../support/old-direct-line.ts'

const bot = await startOldBot()
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const service = { id: '$service$', address: '$service$', channelId: 'directline', isBot: false }
const self = { id: 'bot', address: 'bot', name: 'Bot', channelId: 'directline', isBot: true }

test('tells of the bot at the start, from the service itself', async () => {
  const chat = await startOldChat(app)
  await bot.untilJoined(chat.conversation)
  const [told, ...more] = bot.of(chat.conversation)
  assert.deepEqual(more, [])
  const { id, created, channelMessageId, ...rest } = told ?? {}
  assert.ok(typeof id === 'string' && id !== '' && id === channelMessageId)
  assert.match(created ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  assert.deepEqual(rest, {
    type: 'BotAddedToConversation',
    conversationId: chat.conversation,
    channelConversationId: chat.conversation,
    from: service,
    to: self,
    participants: [service, self],
    totalParticipants: 2,
  })
})

test('tells of bot and user in two messages, the bot first, where the user is known at the start', async () => {
  const chat = await startChat(app, { id: 'u1', name: 'Uma' })
  await bot.untilJoined(chat.conversation, 1)
  const uma = { id: 'u1', address: 'u1', name: 'Uma', channelId: 'directline', isBot: false }
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, from, to, participants }) => [type, from, to, participants]),
    [
      ['BotAddedToConversation', service, self, [service, self]],
      ['UserAddedToConversation', uma, self, [uma, self]],
    ],
  )
})

test('takes the two turns one after the other', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startOldBot({
    answer: ({ type }) => (type === 'BotAddedToConversation' ? end.promise : 200),
  })
  await using own = await startApp({ bot: held.url, botSettings: speakingV1 })
  const chat = await startOldChat(own, { id: 'u1' })
  await held.until('the first', ({ of }) => of(chat.conversation)[0])
  const posted = sayOld(chat, 'hello')
  // Another conversation goes through all its turns meanwhile: had the second been sent, it would be here.
  const other = await startOldChat(own)
  await held.until('another start', ({ of }) => of(other.conversation)[0])
  assert.equal(held.of(chat.conversation).length, 1)
  end.resolve(200)
  await posted
  assert.deepEqual(
    held.of(chat.conversation).map(({ type }) => type),
    ['BotAddedToConversation', 'UserAddedToConversation', 'Message'],
  )
})

test('tells of whoever speaks first before what they say, once', async () => {
  const chat = await startOldChat(app)
  for (const user of ['u1', 'u2', 'u1']) await sayOld(chat, 'hello', user)
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, from }) => [type, from?.id]),
    [
      ['BotAddedToConversation', '$service$'],
      ['UserAddedToConversation', 'u1'],
      ['Message', 'u1'],
      ['UserAddedToConversation', 'u2'],
      ['Message', 'u2'],
      ['Message', 'u1'],
    ],
  )
})

test('tells nothing when a conversation is entered again', async () => {
  const { token, conversation } = await generateToken(app, { user: { id: 'u1' } })
  for (const url of [`${app.origin}/api/conversations`, `${app.base}/conversations`, `${app.origin}/api/conversations`])
    await call(url, { method: 'POST', bearer: token })
  await call(`${app.base}/conversations/${conversation}`, { bearer: token })
  await say({ token, address: `${app.base}/conversations/${conversation}` }, 'x')
  assert.equal(bot.of(conversation).length, 3)
})

test('makes messages of the texts in the answers, whatever type they bear', async () => {
  await using greeter = await startOldBot({
    answer: ({ type }) => (type === 'Message' ? 200 : answering({ type, text: `Greeting for ${type}` })),
  })
  await using own = await startApp({ bot: greeter.url, botSettings: speakingV1 })
  const chat = await startOldChat(own, { id: 'u1' })
  await sayOld(chat, 'hello')
  assert.deepEqual(
    (await readMessages(chat)).map(({ from, text }) => [from, text]),
    [
      ['bot', 'Greeting for BotAddedToConversation'],
      ['bot', 'Greeting for UserAddedToConversation'],
      ['u1', 'hello'],
    ],
  )
})

test('makes no message of an answer to a system message without a text', async () => {
  for (const answer of [
    {},
    { type: 'BotAddedToConversation' },
    { text: '' },
    { text: null },
    { channelData: { a: 1 } },
    { attachments: [{ contentType: 'image/png', contentUrl: 'https://i.example/a.png' }] },
  ]) {
    await using quiet = await startOldBot({ answer: ({ type }) => (type === 'Message' ? 200 : answering(answer)) })
    await using own = await startApp({ bot: quiet.url, botSettings: speakingV1 })
    const chat = await startOldChat(own, { id: 'u1' })
    await sayOld(chat, 'hello')
    assert.equal((await readMessages(chat)).length, 1, JSON.stringify(answer))
  }
})

const deleteUserData = { type: 'deleteUserData', from: { id: 'u1' } }

/** What a 3.0 client sees of the answer to its wish that its data go. */
async function toldOfDeletion(end: BotTurnEnd) {
  await using asked = await startOldBot({ answer: ({ type }) => (type === 'DeleteUserData' ? end : 200) })
  await using own = await startApp({ bot: asked.url, botSettings: speakingV1 })
  const chat = await startChat(own)
  const { status } = await post(chat, deleteUserData)
  const [wish, ...seen] = await readLog(chat)
  assert.equal(wish?.type, 'deleteUserData')
  return { status, wish, seen }
}

test('tells the user that the bot has been asked, as the bot, where the bot says nothing to it', async () => {
  for (const end of [
    200,
    204,
    answering({ type: 'DeleteUserData' }),
    answering({}),
    { status: 200, body: 'OK' },
  ] as const) {
    const { status, wish, seen } = await toldOfDeletion(end)
    assert.equal(status, 200)
    assert.deepEqual(
      seen.map(({ type, text, from, replyToId }) => [type, text, from, replyToId]),
      [['message', 'The bot has been asked to delete your data.', { id: 'bot', name: 'Bot', role: 'bot' }, wish?.id]],
    )
  }
})

test("tells the bot's own text instead, and nothing where the bot has failed", async () => {
  const { seen } = await toldOfDeletion(answering({ type: 'DeleteUserData', text: 'All gone.' }))
  assert.deepEqual(
    seen.map(({ text }) => text),
    ['All gone.'],
  )
  const failed = await toldOfDeletion(500)
  assert.deepEqual([failed.status, failed.seen], [502, []])
})

test('takes nothing away on the word of whoever asks; what the bot answers with empty data is gone', async () => {
  const data = { botUserData: { a: 1 }, botPerUserInConversationData: { c: 1 } }
  const none = { botUserData: {}, botPerUserInConversationData: {} }
  let isHeeding = false
  await using keeper = await startOldBot({
    answer: ({ type, text }) => {
      if (text === 'keep') return answering(data)
      return type === 'DeleteUserData' && isHeeding ? answering({ type: 'DeleteUserData', ...none }) : 200
    },
  })
  await using own = await startApp({ bot: keeper.url, botSettings: speakingV1 })
  const [here, other] = [await startChat(own), await startChat(own)]
  const kept = async () => {
    await say(here, 'what is left?', 'u1')
    const { botUserData, botPerUserInConversationData } = keeper.of(here.conversation, 'Message').at(-1) ?? {}
    return [botUserData, botPerUserInConversationData]
  }
  await say(here, 'keep', 'u1')
  await post(other, deleteUserData)
  assert.deepEqual(await kept(), [{ a: 1 }, { c: 1 }])
  isHeeding = true
  await post(here, deleteUserData)
  assert.deepEqual(await kept(), [undefined, undefined])
})

test('goes on with the user, and with what the user says, when the bot has refused to hear of itself', async () => {
  for (const end of [500, 'drop'] as const) {
    await using bad = await startOldBot({ answer: ({ type }) => (type === 'BotAddedToConversation' ? end : 200) })
    await using own = await startApp({ bot: bad.url, botSettings: speakingV1 })
    const chat = await startOldChat(own, { id: 'u1' })
    await sayOld(chat, 'hello')
    assert.deepEqual(
      bad.of(chat.conversation).map(({ type }) => type),
      ['BotAddedToConversation', 'UserAddedToConversation', 'Message'],
    )
  }
})

test('passes on a joining that a client announces', async () => {
  const chat = await startChat(app)
  const update = { type: 'conversationUpdate', from: { id: 'u1' }, membersAdded: [{ id: 'u1' }] }
  assert.equal((await post(chat, update)).status, 200)
  await say(chat, 'hello')
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, from }) => [type, from?.id]),
    [
      ['BotAddedToConversation', '$service$'],
      ['UserAddedToConversation', 'u1'],
      ['Message', 'u1'],
    ],
  )
  assert.equal((await readLog(chat)).length, 1)
})
