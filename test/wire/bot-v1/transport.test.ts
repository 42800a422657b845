/**
 * How a v1 bot is called: what a message looks like on the wire, where the password goes, and what a failure means.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { trustedCertificate } from '../../support/certificate.ts'
import { assertRefused, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { answering, basic, oldApp, speakingV1, startOldBot } from '../../support/old-bot.ts'
import {
  assertNothing,
  assertOldRefused,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
  uploadOld,
} from '../../support/old-direct-line.ts'

const bot = await startOldBot()
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const person = { id: 'u1', address: 'u1', channelId: 'directline', isBot: false }
const self = { id: 'bot', address: 'bot', name: 'Bot', channelId: 'directline', isBot: true }

test('sends a message with all the fields of the schema that there is something for, and no others', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'Is it **open**?')
  const [shown] = await readMessages(chat)
  const [told, ...more] = bot.of(chat.conversation, 'Message')
  assert.deepEqual(more, [])
  assert.deepEqual(told, {
    type: 'Message',
    id: shown?.id,
    conversationId: chat.conversation,
    created: shown?.created,
    text: 'Is it **open**?',
    from: person,
    to: self,
    participants: [person, self],
    totalParticipants: 2,
    channelMessageId: shown?.id,
    channelConversationId: chat.conversation,
  })
  const request = bot.requests.find(({ text }) => text.includes('Is it'))
  assert.equal(request?.method, 'POST')
  assert.match(request?.headers['content-type'] ?? '', /^application\/json/)
})

test('sends what a 3.0 client says in the words of the schema', async () => {
  const chat = await startChat(app, { id: 'u1', name: 'Uma' })
  const first = await say(chat, 'first')
  const activity = message('second', 'u1', {
    locale: 'de-DE',
    replyToId: first,
    channelData: { a: [1, null, { Deep: '' }] },
    attachments: [
      { contentType: 'image/png', contentUrl: 'https://i.example/a.png', name: 'dropped' },
      { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'A card' } },
    ],
    entities: [
      { type: 'mention', mentioned: { id: 'u2', name: 'Udo' }, text: '@Udo' },
      { type: 'Place', name: 'Berlin' },
      { type: 'GeoCoordinates', elevation: 34, latitude: 52.5, longitude: 13.4, name: 'here' },
    ],
    inputHint: 'dropped',
    value: { dropped: true },
  })
  assert.equal((await post(chat, activity)).status, 200)
  const uma = { ...person, name: 'Uma' }
  const { id, created, ...told } = bot.of(chat.conversation, 'Message')[1] ?? {}
  assert.ok(id !== undefined && created !== undefined)
  assert.deepEqual(told, {
    type: 'Message',
    conversationId: chat.conversation,
    text: 'second',
    language: 'de-DE',
    replyToMessageId: first,
    from: uma,
    to: self,
    participants: [uma, self],
    totalParticipants: 2,
    channelMessageId: id,
    channelConversationId: chat.conversation,
    channelData: { a: [1, null, { Deep: '' }] },
    attachments: [
      { contentType: 'image/png', contentUrl: 'https://i.example/a.png' },
      { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'A card' } },
    ],
    mentions: [
      {
        mentioned: { id: 'u2', address: 'u2', name: 'Udo', channelId: 'directline', isBot: false },
        text: '@Udo',
      },
    ],
    place: 'Berlin',
    location: { altitude: 34, latitude: 52.5, longitude: 13.4, name: 'here' },
  })
})

test('does not cut a long text', async () => {
  const chat = await startOldChat(app)
  const text = 'x'.repeat(100_000)
  await sayOld(chat, text)
  assert.equal(bot.of(chat.conversation, 'Message')[0]?.text, text)
})

test('sends nothing of a connector address: the bot has one of its own', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  for (const { text } of bot.requests) assert.doesNotMatch(text, /serviceUrl|\/connector\//)
})

test('never sends the password, or any other Authorization, to an http endpoint', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  assertNothing(await uploadOld(chat, { raw: 'x' }))
  assert.ok(bot.requests.length >= 4)
  for (const { headers, text } of bot.requests) {
    assert.equal(headers.authorization, undefined)
    assert.equal(headers['ocp-apim-subscription-key'], undefined)
    const everything = JSON.stringify(headers) + text
    assert.equal(everything.includes(oldApp.password), false)
    assert.equal(everything.includes(Buffer.from(`${oldApp.id}:${oldApp.password}`).toString('base64')), false)
  }
})

/** A bot behind TLS, and the headers of everything it was sent. */
async function startSecureBot(t: { after(end: () => void): void }) {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer(trustedCertificate(), (request, response) => {
    seen.push(request.headers)
    request.resume().on('end', () => response.end(JSON.stringify({ text: 'over TLS' })))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/api/messages`, seen }
}

test('shows the app id and password to an https endpoint with each call, system messages too', async t => {
  const secure = await startSecureBot(t)
  await using own = await startApp({ bot: secure.url, botSettings: speakingV1 })
  const chat = await startOldChat(own)
  await sayOld(chat, 'hello')
  assert.deepEqual(
    secure.seen.map(({ authorization }) => authorization),
    Array.from({ length: 3 }, () => basic(oldApp.id, oldApp.password)),
    'start, join and message',
  )
  assert.equal((await readMessages(chat)).at(-1)?.text, 'over TLS')
})

test('shows no password to an https endpoint where no app id is set, nor to one of a v3 bot', async t => {
  const secure = await startSecureBot(t)
  for (const botSettings of [
    { schema: 'v1', app: undefined },
    { schema: 'v3', app: oldApp },
  ] as const) {
    await using own = await startApp({ bot: secure.url, botSettings })
    await sayOld(await startOldChat(own), 'hello')
  }
  assert.ok(secure.seen.length >= 4)
  for (const { authorization = '' } of secure.seen) assert.doesNotMatch(authorization, /^Basic/)
  assert.equal(secure.seen[0]?.authorization, undefined)
})

for (const status of [302, 400, 403, 404, 500, 503]) {
  test(`takes ${status} for a failed turn: 500 in 1.1, 502 in 3.0, and the message is kept`, async () => {
    await using bad = await startOldBot({ answer: ({ type }) => (type === 'Message' ? status : 200) })
    await using own = await startApp({ bot: bad.url, botSettings: speakingV1 })
    const chat = await startOldChat(own)
    assertOldRefused(await postOld(chat, { from: 'u1', text: 'old' }), 500, 'ServiceError', status)
    assertRefused(await post(chat, message('new')), 502, 'BotError', status)
    assert.equal((await readMessages(chat)).length, 2)
  })
}

test('answers 502 on both when the bot cannot be reached, breaks off, or is late', async () => {
  const never = Promise.withResolvers<number>()
  await using dropping = await startOldBot({ answer: ({ type }) => (type === 'Message' ? 'drop' : 200) })
  await using hanging = await startOldBot({ answer: ({ type }) => (type === 'Message' ? never.promise : 200) })
  for (const url of [undefined, dropping.url, hanging.url]) {
    await using own = await startApp({
      ...(url === undefined ? {} : { bot: url }),
      botSettings: { ...speakingV1, timeoutMs: 300 },
    })
    const chat = await startOldChat(own)
    assertOldRefused(await postOld(chat, { from: 'u1', text: 'old' }), 502, 'ServiceError', 504)
    assertRefused(await post(chat, message('new')), 502, 'BotError', 504)
    assert.equal((await readLog(chat)).length, 2)
  }
  never.resolve(200)
})

test('takes an answer that cannot be used for a failed turn, and keeps nothing of it', async () => {
  const large = 'x'.repeat(2 * 1024 * 1024)
  for (const end of [answering({ text: 5 }), answering({ text: large }), answering({ attachments: 'x' })]) {
    await using bad = await startOldBot({ answer: ({ type }) => (type === 'Message' ? end : 200) })
    await using own = await startApp({ bot: bad.url, botSettings: speakingV1 })
    const chat = await startOldChat(own)
    const { status } = await postOld(chat, { from: 'u1', text: 'hello' })
    assert.ok(status === 500 || status === 502, `${status}`)
    assert.equal((await readMessages(chat)).length, 1)
  }
})

test('delivers no typing, event or invoke, whose senders are told that all is well', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const activity of [
    { type: 'typing' },
    { type: 'event', name: 'e', value: 1 },
    { type: 'invoke', name: 'i' },
    { type: 'messageReaction', reactionsAdded: [{ type: 'like' }] },
    { type: 'made/up', text: 'x' },
  ]) {
    const answer = await post(chat, activity)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(typeof answer.body.id, 'string')
  }
  await say(chat, 'heard')
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type }) => type),
    ['BotAddedToConversation', 'UserAddedToConversation', 'Message'],
  )
  assert.equal((await readLog(chat)).length, 5, 'all but typing')
})

test('delivers the end of a conversation and the wish to be forgotten', async () => {
  const chat = await startChat(app, { id: 'u1' })
  assert.equal((await post(chat, { type: 'endOfConversation' })).status, 200)
  assert.equal((await post(chat, { type: 'deleteUserData' })).status, 200)
  const told = bot.of(chat.conversation).slice(2)
  assert.deepEqual(
    told.map(({ type, from }) => [type, from?.id]),
    [
      ['EndOfConversation', 'u1'],
      ['DeleteUserData', 'u1'],
    ],
  )
})
