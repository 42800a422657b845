/**
 * What a v1 bot answers in the body of its turn: in the log before the client hears that its message was taken, and
 * filled in where the bot says little.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import type { WireActivity } from '../../support/http.ts'
import { answering, type OldBotMessage, speakingV1, startOldBot } from '../../support/old-bot.ts'
import {
  assertOldRefused,
  getMessages,
  messagesIn,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'
import { watch } from '../../support/talk.ts'

/** A service whose bot answers each message so. */
async function answeringApp(answer: (message: OldBotMessage) => unknown) {
  const bot = await startOldBot({ answer: told => (told.type === 'Message' ? answering(answer(told)) : 200) })
  const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
  return {
    ...app,
    bot,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
    },
  }
}

/** What a 3.0 client sees of an answer, but for what every activity of the bot has. */
async function shown(answer: unknown): Promise<WireActivity | undefined> {
  await using app = await answeringApp(() => answer)
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  const [said, reply, ...more] = await readLog(chat)
  assert.deepEqual(more, [])
  if (reply === undefined) return undefined
  const { id, timestamp, channelId, conversation, from, replyToId, ...rest } = reply
  assert.equal(id, `${chat.conversation}|0000002`)
  assert.ok(Date.parse(timestamp ?? '') > Date.parse(said?.timestamp ?? ''))
  assert.deepEqual([channelId, conversation?.id], ['directline', chat.conversation])
  assert.deepEqual(from, { id: 'bot', name: 'Bot', role: 'bot' })
  assert.equal(replyToId, said?.id)
  return rest
}

test('are read by a 1.1 client right after its 204, behind what they answer', async () => {
  await using app = await answeringApp(({ text }) => ({ text: `You said: ${text}` }))
  const chat = await startOldChat(app)
  let watermark: string | undefined
  for (const text of ['one', 'two', 'three']) {
    await sayOld(chat, text)
    const page = await getMessages(chat, watermark)
    assert.deepEqual(
      messagesIn(page).map(({ from, text: said }) => [from, said]),
      [
        ['u1', text],
        ['bot', `You said: ${text}`],
      ],
    )
    watermark = page.body.watermark
  }
})

test('are read by a 3.0 client right after its 200, and pushed to its socket', async () => {
  await using app = await answeringApp(({ text }) => ({ text: `You said: ${text}` }))
  const chat = await startChat(app, { id: 'u1' })
  using socket = await watch(chat)
  for (const text of ['one', 'two', 'three']) {
    await say(chat, text)
    assert.equal((await readLog(chat)).at(-1)?.text, `You said: ${text}`)
    await socket.untilText(`You said: ${text}`)
  }
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    (await readLog(chat)).map(({ id }) => id),
  )
})

test('may be as thin as the SDK of the time writes them: text and language', async () => {
  assert.deepEqual(await shown({ text: 'Hi *there*', language: 'en' }), {
    type: 'message',
    text: 'Hi *there*',
    textFormat: 'markdown',
    locale: 'en',
  })
})

test('may be whole messages: what the service knows better is passed over', async () => {
  const answer = {
    type: 'Message',
    id: 'mine',
    conversationId: 'elsewhere',
    created: '2001-01-01T00:00:00Z',
    text: 'Hi',
    sourceText: 'Hola',
    sourceLanguage: 'es',
    from: { id: 'eve', address: 'eve', channelId: 'x' },
    to: { id: 'u1' },
    replyTo: { id: 'u1' },
    participants: [],
    totalParticipants: 5,
    channelMessageId: 'x',
    channelConversationId: 'x',
    hashtags: ['a'],
    eTag: '*',
    made: 'up',
  }
  assert.deepEqual(await shown(answer), { type: 'message', text: 'Hi', textFormat: 'markdown' })
})

test('keep the message they say they answer', async () => {
  await using app = await answeringApp(({ text, id }) =>
    text === 'second' ? { text: 'to the first', replyToMessageId: String(id).replace(/\d$/, '1') } : {},
  )
  const chat = await startOldChat(app)
  for (const text of ['first', 'second']) await sayOld(chat, text)
  assert.equal((await readLog(chat)).at(-1)?.replyToId, `${chat.conversation}|0000001`)
})

test('carry channel data, files, places and mentions', async () => {
  assert.deepEqual(
    await shown({
      text: 'x',
      channelData: { Deep: [{ null: null }] },
      attachments: [
        { contentType: 'image/png', contentUrl: 'https://i.example/a.png' },
        { contentType: 'application/pdf', contentUrl: 'https://f.example/b.pdf' },
        { contentType: 'application/x-own', content: { a: 1 } },
      ],
      mentions: [{ mentioned: { id: 'u2', name: 'Udo' }, text: '@Udo' }],
      place: 'Berlin',
      location: { altitude: 34, latitude: 52.5, longitude: 13.4, name: 'here' },
    }),
    {
      type: 'message',
      text: 'x',
      textFormat: 'markdown',
      channelData: { Deep: [{ null: null }] },
      attachments: [
        { contentType: 'image/png', contentUrl: 'https://i.example/a.png' },
        { contentType: 'application/pdf', contentUrl: 'https://f.example/b.pdf' },
        { contentType: 'application/x-own', content: { a: 1 } },
      ],
      entities: [
        { type: 'mention', mentioned: { id: 'u2', name: 'Udo' }, text: '@Udo' },
        { type: 'Place', name: 'Berlin' },
        { type: 'GeoCoordinates', elevation: 34, latitude: 52.5, longitude: 13.4, name: 'here' },
      ],
    },
  )
})

test('have their cards become hero cards, which 1.1 clients read as text, pictures and buttons', async () => {
  const card = {
    title: 'A card',
    titleLink: 'https://shop.example',
    text: 'of the time',
    thumbnailUrl: 'https://i.example/small.png',
    actions: [
      { title: 'Say it', message: 'it' },
      { title: 'Open it', url: 'https://shop.example/it', image: 'https://i.example/it.png' },
    ],
  }
  await using app = await answeringApp(() => ({ text: 'See:', attachments: [card] }))
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  assert.deepEqual((await readLog(chat)).at(-1)?.attachments, [
    {
      contentType: 'application/vnd.microsoft.card.hero',
      content: {
        title: 'A card',
        text: 'of the time',
        images: [{ url: 'https://i.example/small.png' }],
        tap: { type: 'openUrl', value: 'https://shop.example' },
        buttons: [
          { type: 'imBack', title: 'Say it', value: 'it' },
          {
            type: 'openUrl',
            title: 'Open it',
            image: 'https://i.example/it.png',
            value: 'https://shop.example/it',
          },
        ],
      },
    },
  ])
  const reply = (await readMessages(chat)).at(-1)
  assert.equal(reply?.text, 'See:\n\nA card\nof the time\n\n1. Say it\n2. Open it: https://shop.example/it')
  assert.deepEqual(reply?.images, ['https://i.example/small.png'])
})

test('tell a card by its fallback text to 1.1 clients', async () => {
  const card = { title: 'A card', fallbackText: 'Told in words', actions: [{ title: 'Go', message: 'go' }] }
  await using app = await answeringApp(() => ({ attachments: [card] }))
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  const { text = '' } = (await readMessages(chat)).at(-1) ?? {}
  assert.ok(text.startsWith('Told in words'), text)
  assert.equal(text.includes('A card'), false)
})

test('may end the conversation', async () => {
  const answer = await shown({ type: 'EndOfConversation', text: 'Bye' })
  assert.deepEqual([answer?.type, answer?.text], ['endOfConversation', 'Bye'])
})

test('are none where there is nothing in them', async () => {
  for (const answer of [{}, { text: '' }, { text: null }, { type: 'Message' }, { language: 'en' }, null])
    assert.equal(await shown(answer), undefined, JSON.stringify(answer))
})

test('are none where the answer is empty, whichever 2xx it is', async () => {
  for (const status of [200, 201, 202, 204]) {
    await using bot = await startOldBot({ answer: () => ({ status, body: '' }) })
    await using app = await startApp({ bot: bot.url, botSettings: speakingV1 })
    const chat = await startOldChat(app)
    await sayOld(chat, 'hello')
    assert.equal((await readMessages(chat)).length, 1)
  }
})

test('of other types are ignored, and the turn has succeeded', async () => {
  for (const type of ['Ping', 'DeleteUserData', 'UserAddedToConversation', 'Made up', 'typing', 'event'])
    assert.equal(await shown({ type, text: 'unsaid' }), undefined, type)
})

test('are read in any spelling of their names', async () => {
  assert.equal((await shown({ Type: 'message', TEXT: 'Hi' }))?.text, 'Hi')
})

test('come with every Content-Type, and with none', async () => {
  for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=utf-8' }]) {
    await using bot = await startOldBot({
      answer: ({ type }) => (type === 'Message' ? { status: 200, headers, body: '{"text":"naïve"}' } : 200),
    })
    await using app = await startApp({ bot: bot.url, botSettings: speakingV1 })
    const chat = await startOldChat(app)
    await sayOld(chat, 'hello')
    assert.equal((await readMessages(chat)).at(-1)?.text, 'naïve')
  }
})

test('beside an error status count for nothing', async () => {
  await using bot = await startOldBot({
    answer: ({ type }) => (type === 'Message' ? { status: 500, body: '{"text":"unsaid"}' } : 200),
  })
  await using app = await startApp({ bot: bot.url, botSettings: speakingV1 })
  const chat = await startOldChat(app)
  assertOldRefused(await postOld(chat, { from: 'u1', text: 'hello' }), 500, 'ServiceError', 500)
  assert.equal((await readMessages(chat)).length, 1)
})

test('stand behind the message they answer, however many are sent at once', async () => {
  await using app = await answeringApp(({ text }) => ({ text: `re ${text}` }))
  const chat = await startChat(app, { id: 'u1' })
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`)
  await Promise.all(texts.map(text => post(chat, message(text))))
  const log = await readLog(chat)
  assert.equal(log.length, 40)
  for (const text of texts) {
    const [said, reply] = [log.findIndex(a => a.text === text), log.findIndex(a => a.text === `re ${text}`)]
    assert.ok(said !== -1 && reply > said, text)
    assert.equal(log[reply]?.replyToId, log[said]?.id)
  }
})
