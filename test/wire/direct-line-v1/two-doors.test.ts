/**
 * One conversation, two doors: a client of 1.1 and one of 3.0 are in it together, with one token, and see the same
 * things in the same order under the same names.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { chatOf, getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import {
  assertNothing,
  assertOldRefused,
  getMessages,
  messagesIn,
  oldChatOf,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
  uploadOld,
} from '../../support/old-direct-line.ts'
import { openSocket } from '../../support/socket.ts'
import { watch } from '../../support/talk.ts'
import { filePart, formOf, messagePart } from './form.ts'

const bot = await startBot({
  onActivity: async (activity, self) => {
    if (activity.type === 'message' && activity.text?.startsWith('ask'))
      await self.reply(activity, { type: 'message', text: `answer to ${activity.text}` })
  },
})
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('both see the same messages in the same order, by the same ids, times and senders', async () => {
  const chat = await startOldChat(app)
  using socket = await watch(chat)
  await sayOld(chat, 'ask 1', 'old')
  await say(chat, 'ask 2', 'new')
  await post(chat, { type: 'event', name: 'unseen', from: { id: 'new' } })
  await sayOld(chat, 'said', 'old')
  const shown = await readMessages(chat)
  assert.deepEqual(
    shown.map(({ from, text }) => [from, text]),
    [
      ['old', 'ask 1'],
      ['bot', 'answer to ask 1'],
      ['new', 'ask 2'],
      ['bot', 'answer to ask 2'],
      ['old', 'said'],
    ],
  )
  const log = await readLog(chat)
  assert.deepEqual(
    log
      .filter(({ type }) => type === 'message')
      .map(({ id, timestamp, from, text }) => [id, timestamp, from?.id, text]),
    shown.map(({ id, created, from, text }) => [id, created, from, text]),
  )
  await socket.untilText('said')
  assert.deepEqual(socket.activities, log)
})

test('a watermark from one door is good at the other, at every place of the log', async () => {
  const chat = await startOldChat(app)
  for (let n = 1; n <= 6; n += 1) {
    if (n % 3 === 0) await post(chat, { type: 'event', name: 'x', from: { id: 'u1' } })
    else if (n % 2 === 0) await say(chat, `${n}`)
    else await sayOld(chat, `${n}`)
  }
  const [old, recent] = [await getMessages(chat), await getPage(chat)]
  assert.equal(old.body.watermark, '6')
  assert.equal(recent.body.watermark, '6')
  for (let from = 0; from <= 6; from += 1) {
    const expected = [1, 2, 3, 4, 5, 6].filter(n => n > from)
    const page = await getPage(chat, String(from))
    assert.deepEqual(
      page.body.activities?.map(({ id }) => Number(id?.split('|')[1])),
      expected,
    )
    const messages = messagesIn(await getMessages(chat, String(from)))
    assert.deepEqual(
      messages.map(({ text }) => Number(text)),
      expected.filter(n => n % 3 !== 0),
    )
  }
})

test('a token from either door opens both, whoever made it', async () => {
  const started = await startChat(app)
  const fromNew = oldChatOf(app, started.conversation, started.token)
  const fromOld = await startOldChat(app)
  const { text } = await call(`${app.origin}/api/tokens`, { bearer: app.secret })
  const generated = JSON.parse(text) as string
  const { body } = await call(`${app.base}/conversations`, { method: 'POST', bearer: generated })
  const fromGenerated = oldChatOf(app, body.conversationId ?? '', generated)
  for (const chat of [fromNew, fromOld, fromGenerated]) {
    await sayOld(chat, 'old')
    await say(chat, 'new')
    assert.equal((await readMessages(chat)).length, 2)
    assert.equal((await readLog(chat)).length, 2)
    const refreshed = await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })
    const renewed = await call(`${app.origin}/api/tokens/${chat.conversation}/renew`, { bearer: chat.token })
    for (const token of [refreshed.body.token ?? '', JSON.parse(renewed.text) as string]) {
      messagesIn(await getMessages({ ...chat, token }))
      assert.equal((await getPage({ ...chat, token })).status, 200)
    }
    const back = await call(chat.address, { bearer: chat.token })
    using socket = await openSocket(chatOf(app, back).streamUrl)
    await sayOld(chat, 'pushed')
    await socket.untilText('pushed')
  }
})

test('the user of a token speaks at both doors', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  assertNothing(await postOld(chat, { from: 'eve', text: 'old' }))
  assert.equal((await post(chat, message('new', 'eve'))).status, 200)
  assert.deepEqual(
    (await readMessages(chat)).map(({ from }) => from),
    ['u1', 'u1'],
  )
  assert.deepEqual(
    bot.of(chat.conversation, 'conversationUpdate').map(({ membersAdded }) => membersAdded?.map(({ id }) => id)),
    [['bot', 'u1']],
  )
})

test('what one sends with pictures and files, the other sees with pictures and files', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  const image = 'https://i.example/a.png'
  const file = 'https://f.example/b.pdf'
  assertNothing(
    await postOld(chat, {
      text: 'old',
      images: [image],
      attachments: [{ url: file, contentType: 'application/pdf' }],
      channelData: { a: 1 },
    }),
  )
  assertNothing(await uploadOld(chat, formOf([filePart('c.png', 'C', 'image/png'), messagePart({ text: 'uploaded' })])))
  const attachments = [
    { contentType: 'application/pdf', contentUrl: file },
    { contentType: 'image/png', contentUrl: image },
    {
      contentType: 'application/vnd.microsoft.card.hero',
      content: { title: 'Of a client', buttons: [{ title: 'Go' }] },
    },
  ]
  assert.equal((await post(chat, message('new', 'u1', { attachments, channelData: { b: 2 } }))).status, 200)
  const log = await readLog(chat)
  assert.deepEqual(
    log.map(({ attachments: listed }) => listed?.map(({ contentType }) => contentType)),
    [['image/png', 'application/pdf'], ['image/png'], attachments.map(({ contentType }) => contentType)],
  )
  const [old, uploaded, recent] = await readMessages(chat)
  assert.deepEqual([old?.images, old?.attachments?.[0]?.url, old?.channelData], [[image], file, { a: 1 }])
  const link = log[1]?.attachments?.[0]?.contentUrl ?? ''
  assert.deepEqual(uploaded?.images, [link])
  assert.equal((await call(link)).text, 'C')
  assert.deepEqual(
    [recent?.text, recent?.images, recent?.attachments?.[0]?.url, recent?.channelData],
    ['new\n\nOf a client\n\n1. Go', [image], file, { b: 2 }],
  )
})

test('cards and suggested actions of the bot are whole at the new door, and words and pictures at the old one', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'hello')
  const [told] = bot.of(chat.conversation, 'message')
  const card = {
    contentType: 'application/vnd.microsoft.card.hero',
    content: {
      title: 'A card',
      text: 'with a picture',
      images: [{ url: 'https://i.example/card.png' }],
      buttons: [{ type: 'openUrl', title: 'Look', value: 'https://shop.example' }],
    },
  }
  const suggestedActions = { actions: [{ type: 'imBack', title: 'Buy', value: 'buy' }] }
  const sent = { type: 'message', text: 'See:', attachments: [card], suggestedActions }
  assert.equal((await bot.reply(told ?? {}, sent)).status, 200)
  const [, whole] = await readLog(chat)
  assert.deepEqual([whole?.attachments, whole?.['suggestedActions']], [[card], suggestedActions])
  const [, shown] = await readMessages(chat)
  assert.equal(shown?.text, 'See:\n\nA card\nwith a picture\n\n1. Look: https://shop.example\n\n2. Buy')
  assert.deepEqual(shown?.images, ['https://i.example/card.png'])
  assert.equal(shown?.attachments, undefined)
})

test('messages sent at both doors at once are all there, each once, in one order', async () => {
  const chat = await startOldChat(app)
  using socket = await watch(chat)
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`)
  await Promise.all(
    texts.map(async (text, n) => {
      if (n % 2 === 0) await sayOld(chat, text, 'old')
      else await say(chat, text, 'new')
    }),
  )
  const shown = await readMessages(chat)
  assert.deepEqual(shown.map(({ text }) => text).toSorted(), texts.toSorted())
  await socket.until('all of it', ({ activities }) => activities.length === texts.length)
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    shown.map(({ id }) => id),
  )
})

test('nobody may enter by one door what the other would refuse', async () => {
  const [chat, other] = [await startOldChat(app), await startChat(app)]
  assertOldRefused(await getMessages({ ...chat, token: other.token }), 403, 'NotAllowed')
  assert.equal((await getPage({ ...other, token: chat.token })).status, 403)
})
