/**
 * POST /bot/v1.0/messages: what a v1 bot says later, or more of, by its own initiative.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { startApp } from '../../support/app.ts'
import { readLog, say, startChat } from '../../support/direct-line.ts'
import { type Answer, call, callRaw } from '../../support/http.ts'
import {
  answering,
  callAsOldBot,
  oldApp,
  oldHeaders,
  postAsOldBot,
  speakingV1,
  startOldBot,
} from '../../support/old-bot.ts'
import {
  assertOldRefused,
  getMessages,
  messagesIn,
  type OldChat,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'
import { watch } from '../../support/talk.ts'

const bot = await startOldBot()
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const postMessage = (message: unknown): Promise<Answer> => postAsOldBot(app.origin, message)

/** Holds an answer against the message that is stored, as the clients of 1.1 have it. */
async function assertStored(answer: Answer, chat: OldChat): Promise<void> {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  const shown = (await readMessages(chat)).at(-1)
  const { id, conversationId, text } = answer.body
  assert.deepEqual(
    { id, conversationId, text },
    { id: shown?.id, conversationId: chat.conversation, text: shown?.text },
  )
}

test('joins the conversation it names, and is answered with the stored message', async () => {
  const chat = await startOldChat(app)
  using socket = await watch(chat)
  await sayOld(chat, 'hello')
  const [told] = bot.of(chat.conversation, 'Message')
  const answer = await postMessage({
    type: 'Message',
    conversationId: chat.conversation,
    text: 'Later',
    language: 'en',
    from: told?.to,
    to: told?.from,
    replyToMessageId: told?.id,
    participants: told?.['participants'],
    totalParticipants: 2,
    channelConversationId: told?.['channelConversationId'],
    channelMessageId: told?.['channelMessageId'],
  })
  await assertStored(answer, chat)
  const { timestamp, ...activity } = (await readLog(chat)).at(-1) ?? {}
  assert.ok(timestamp !== undefined)
  assert.deepEqual(activity, {
    id: `${chat.conversation}|0000002`,
    type: 'message',
    channelId: 'directline',
    conversation: { id: chat.conversation },
    from: { id: 'bot', name: 'Bot', role: 'bot' },
    text: 'Later',
    textFormat: 'markdown',
    locale: 'en',
    replyToId: told?.id,
  })
  await socket.untilText('Later')
})

test('is answered with what is stored and nothing else, whoever the bot says it is and however it spells names', async () => {
  const chat = await startChat(app, { id: 'u1', name: 'Uma' })
  await say(chat, 'hello')
  const answer = await postMessage({
    ID: 'mine',
    Created: '2001-01-01T00:00:00Z',
    ConversationId: chat.conversation,
    From: { id: 'eve', address: 'eve', channelId: 'sms', isBot: false },
    To: { Id: 'u1', channelId: 'sms' },
    Language: 'en',
    SourceText: 'Hola',
    ReplyToMessageId: `${chat.conversation}|0000001`,
    Participants: [],
    TotalParticipants: 5,
    ChannelMessageId: 'x',
    ChannelConversationId: 'x',
    ChannelData: { Deep: 1 },
    Attachments: [{ ContentType: 'image/png', ContentUrl: 'https://i.example/a.png' }, { title: 'A card' }],
    Place: 'Berlin',
    Hashtags: ['a'],
    BotUserData: { secret: 1 },
    ETag: '*',
    made: 'up',
  })
  assert.equal(answer.status, 200, answer.text)
  const from = { id: 'bot', address: 'bot', name: 'Bot', channelId: 'directline', isBot: true }
  const to = { id: 'u1', address: 'u1', name: 'Uma', channelId: 'directline', isBot: false }
  assert.deepEqual(answer.body, {
    type: 'Message',
    id: `${chat.conversation}|0000002`,
    conversationId: chat.conversation,
    created: (await readLog(chat)).at(-1)?.timestamp,
    language: 'en',
    text: '',
    from,
    to,
    replyToMessageId: `${chat.conversation}|0000001`,
    participants: [from, to],
    totalParticipants: 2,
    channelMessageId: `${chat.conversation}|0000002`,
    channelConversationId: chat.conversation,
    channelData: { Deep: 1 },
    attachments: [
      { contentType: 'image/png', contentUrl: 'https://i.example/a.png' },
      { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'A card' } },
    ],
    place: 'Berlin',
  })
})

test('is answered with the id and the time that the log has, however fast messages come', async () => {
  const chat = await startOldChat(app)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => postMessage({ conversationId: chat.conversation, text: `at once ${n}` })),
  )
  const shown = await readMessages(chat)
  for (const { body } of answers)
    assert.equal(body['created'], shown.find(({ id }) => id === body.id)?.created, String(body['text']))
})

test('finds the conversation by channelConversationId too, by conversationId first', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  await assertStored(await postMessage({ channelConversationId: chat.conversation, text: 'a' }), chat)
  await assertStored(
    await postMessage({ conversationId: chat.conversation, channelConversationId: other.conversation, text: 'b' }),
    chat,
  )
  assert.deepEqual(await readMessages(other), [])
})

test('is taken on a path with two slashes, as the client of the time joins it, and behind a prefix', async () => {
  const chat = await startOldChat(app)
  const what = { headers: oldHeaders(), json: { conversationId: chat.conversation, text: 'x' } }
  for (const path of ['//bot/v1.0/messages', '/bot/v1.0/messages/', '/Bot/V1.0/Messages', '/proxy/bot/v1.0/messages'])
    await assertStored(await call(`${app.origin}${path}`, what), chat)
  const body = JSON.stringify(what.json)
  const raw = await callRaw(
    app.port,
    [
      'POST //bot/v1.0/messages HTTP/1.1',
      `Host: 127.0.0.1:${app.port}`,
      `Authorization: ${what.headers.authorization}`,
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  assert.match(raw, /^HTTP\/1\.1 200 /)
  assert.equal((await readMessages(chat)).length, 5)
})

test('comes during a turn too, before the inline answer and after it', async () => {
  const before: Answer[] = []
  await using busy = await startOldBot({
    answer: async ({ type, conversationId }) => {
      if (type !== 'Message') return 200
      before.push(await postAsOldBot(own.origin, { conversationId, text: 'posted in the turn' }))
      return answering({ text: 'answered inline' })
    },
  })
  await using own = await startApp({ bot: busy.url, botSettings: speakingV1 })
  const chat = await startOldChat(own)
  await sayOld(chat, 'hello')
  assert.deepEqual(
    before.map(({ status }) => status),
    [200],
  )
  await postAsOldBot(own.origin, { conversationId: chat.conversation, text: 'posted later' })
  assert.deepEqual(
    messagesIn(await getMessages(chat)).map(({ text }) => text),
    ['hello', 'posted in the turn', 'answered inline', 'posted later'],
  )
})

test('reaches a 3.0 client of the conversation', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await watch(chat)
  const { status } = await postMessage({ conversationId: chat.conversation, text: 'proactive' })
  assert.equal(status, 200)
  assert.equal((await socket.untilText('proactive')).from?.id, 'bot')
})

test('maps cards and files, and shows the bot as the sender whoever it says it is', async () => {
  const chat = await startOldChat(app)
  await postMessage({
    conversationId: chat.conversation,
    from: { id: 'eve', address: 'eve', channelId: 'directline' },
    attachments: [{ title: 'A card' }, { contentType: 'image/png', contentUrl: 'https://i.example/a.png' }],
  })
  const [shown] = await readMessages(chat)
  assert.deepEqual([shown?.from, shown?.text, shown?.images], ['bot', 'A card', ['https://i.example/a.png']])
})

test('ends a conversation, and ignores types that mean nothing from a bot', async () => {
  const chat = await startOldChat(app)
  const { status, body } = await postMessage({ type: 'EndOfConversation', conversationId: chat.conversation })
  assert.deepEqual([status, body['type'], body.id], [200, 'EndOfConversation', `${chat.conversation}|0000001`])
  for (const type of ['Ping', 'BotAddedToConversation', 'typing', 'Made up']) {
    const ignored = await postMessage({ type, conversationId: chat.conversation, text: 'unsaid' })
    assert.deepEqual([ignored.status, ignored.body], [200, {}], type)
  }
  assert.deepEqual(
    (await readLog(chat)).map(({ type }) => type),
    ['endOfConversation'],
  )
})

test('takes a message without content for none', async () => {
  const chat = await startOldChat(app)
  for (const json of [{}, { text: '' }, { text: null, attachments: [] }])
    assert.equal((await postMessage({ conversationId: chat.conversation, ...json })).status, 200)
  assert.deepEqual(await readLog(chat), [])
})

test('is one message when it is sent again under the same Idempotency-Key', async () => {
  const chat = await startOldChat(app)
  const headers = { ...oldHeaders(), 'idempotency-key': 'k1' }
  const json = { conversationId: chat.conversation, text: 'once' }
  const ids = []
  for (let count = 0; count < 3; count += 1)
    ids.push((await callAsOldBot(app.origin, '/messages', { json, headers })).body.id)
  assert.equal(new Set(ids).size, 1)
  assert.equal((await readMessages(chat)).length, 1)
})

test('refuses a message to nobody: a bot cannot begin a conversation', async () => {
  for (const json of [
    { text: 'x' },
    { text: 'x', to: { id: 'u1', channelId: 'directline' } },
    { conversationId: '' },
    {},
  ])
    assertOldRefused(await postMessage(json), 400, 'MissingProperty')
  assertOldRefused(await callAsOldBot(app.origin, '/messages', { method: 'POST' }), 400, 'MissingProperty')
})

test('refuses a conversation that is not there, or has been forgotten', async () => {
  const forgotten = await startOldChat(app)
  await app.store.forget(forgotten.conversation as ConversationId)
  for (const conversationId of ['doesNotExist0000000001', '../etc', 'a b', forgotten.conversation])
    assertOldRefused(await postMessage({ conversationId, text: 'x' }), 404, 'NotFound')
})

test('refuses what it cannot read, and keeps nothing of it', async () => {
  const chat = await startOldChat(app)
  const conversationId = chat.conversation
  for (const raw of ['{', 'text', '[]', '5'])
    assertOldRefused(await callAsOldBot(app.origin, '/messages', { raw }), 400, 'MalformedData')
  for (const json of [
    { text: 5 },
    { text: 'x', type: 5 },
    { text: 'x', attachments: {} },
    { text: 'x', attachments: ['x'] },
    { text: 'x', mentions: 'x' },
    { text: 'x', location: [] },
    { text: 'x', botUserData: 'x' },
    { text: 'x', language: 'x'.repeat(65) },
    { text: 'x', attachments: Array.from({ length: 51 }, () => ({ contentUrl: 'https://f.example' })) },
  ])
    assertOldRefused(await postMessage({ conversationId, ...json }), 400, 'MalformedData')
  assertOldRefused(await postMessage({ conversationId: 5, text: 'x' }), 400, 'MalformedData')
  assertOldRefused(await postMessage({ conversationId, channelData: 'x'.repeat(1024 * 1024) }), 413, 'InvalidRange')
  assert.deepEqual(await readLog(chat), [])
})

test('has no other methods, and nothing beside it', async () => {
  const headers = oldHeaders()
  for (const method of ['GET', 'PUT', 'DELETE']) {
    const answer = await call(`${app.origin}/bot/v1.0/messages`, { method, headers })
    assertOldRefused(answer, 405, 'NotSupported')
    assert.match(answer.headers.allow ?? '', /\bPOST\b/)
  }
  assertOldRefused(await call(`${app.origin}/bot/v1.0/nothing`, { headers }), 404, 'NotFound')
  assertOldRefused(await call(`${app.origin}/bot/v1.0`, { headers }), 404, 'NotFound')
})

test('tells nobody the password', async () => {
  const chat = await startOldChat(app)
  const answer = await postMessage({ conversationId: chat.conversation, text: 'x' })
  assert.equal(answer.text.includes(oldApp.password), false)
  assert.equal(JSON.stringify(app.events).includes(oldApp.password), false)
})
