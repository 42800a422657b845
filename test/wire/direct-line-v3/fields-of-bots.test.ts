/**
 * Field by field: what becomes of it on its way from the bot to clients.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import type { WireActivity } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { attachments, empties, preserved } from './fields.ts'
import { newest } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

type Sent = { readonly chat: Chat; readonly toBot: WireActivity; readonly toClients: WireActivity }

/** What clients see of an activity of the bot, sent in reply to `to`, or in reply to nothing. */
async function said(activity: WireActivity, way: 'say' | 'reply' = 'say'): Promise<Sent> {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'hello')
  const toBot = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  using socket = await openSocket(chat.streamUrl)
  const { status, body, text } = await bot[way](toBot, activity)
  assert.equal(status, 200, text)
  const toClients = await socket.untilId(body.id)
  assert.deepEqual(await newest(chat), toClients)
  return { chat, toBot, toClients }
}

const omit = (activity: WireActivity, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(activity).filter(([name]) => !names.includes(name)))

test('carries everything a bot says through to clients, unknown fields too', async () => {
  const { toClients } = await said({ type: 'message', ...preserved })
  for (const [name, value] of Object.entries(preserved)) assert.deepEqual(toClients[name], value, name)
})

test('keeps empty lists, empty texts, null and false', async () => {
  const { toClients } = await said({ type: 'message', ...empties })
  for (const [name, value] of Object.entries(empties)) assert.deepEqual(toClients[name], value, name)
})

test('sets what is the service’s to set on a bot’s activity, whatever the bot wrote there', async () => {
  const { chat, toClients } = await said({
    type: 'message',
    text: 'hello',
    id: 'mine',
    timestamp: '1999-01-01T00:00:00Z',
    channelId: 'webchat',
    serviceUrl: 'https://evil.example/',
    conversation: { id: 'another' },
    recipient: { id: 'u1', name: 'Uma' },
    from: { id: 'somebody' },
    callerId: 'urn:botframework:azure',
    eTag: '*',
  })
  assert.deepEqual(omit(toClients, 'timestamp'), {
    id: `${chat.conversation}|0000002`,
    type: 'message',
    text: 'hello',
    channelId: 'directline',
    conversation: { id: chat.conversation },
    from: { id: 'bot', name: 'Bot', role: 'bot' },
  })
  assert.ok(Math.abs(Date.parse(toClients.timestamp ?? '') - Date.now()) < 5_000)
})

test("never shows clients the bot's serviceUrl, even if the bot says it", async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'hello')
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  const mark = new URL(told.serviceUrl ?? '').pathname.split('/').findLast(part => part !== '') ?? ''
  await bot.reply(told, {
    type: 'message',
    text: `call ${told.serviceUrl}`,
    value: { serviceUrl: told.serviceUrl },
    serviceUrl: told.serviceUrl,
  })
  const { text } = await getPage(chat)
  assert.ok(mark.length > 20)
  assert.equal(text.includes(mark), false)
})

test('keeps a delivery mode of the bot', async () => {
  assert.equal((await said({ type: 'message', deliveryMode: 'notification' })).toClients.deliveryMode, 'notification')
})

test("says of every activity of the bot that it is the bot's: its id, its name or a name of its own, no user's role", async () => {
  for (const [from, expected] of [
    [undefined, { id: 'bot', name: 'Bot', role: 'bot' }],
    [null, { id: 'bot', name: 'Bot', role: 'bot' }],
    [
      { id: 'u1', role: 'user' },
      { id: 'bot', name: 'Bot', role: 'bot' },
    ],
    [
      { id: 'x', name: 'Anna' },
      { id: 'bot', name: 'Anna', role: 'bot' },
    ],
    [
      { id: 'x', name: '' },
      { id: 'bot', name: 'Bot', role: 'bot' },
    ],
    [
      { id: 'x', role: 'skill' },
      { id: 'bot', name: 'Bot', role: 'skill' },
    ],
    [
      { Id: 'u1', Name: 'Anna', iconUrl: 'https://files.example/i.png' },
      { id: 'bot', name: 'Anna', iconUrl: 'https://files.example/i.png', role: 'bot' },
    ],
  ] as const) {
    const { toClients } = await said({
      type: 'message',
      text: 'x',
      ...(from === undefined ? {} : { from }),
    } as WireActivity)
    assert.deepEqual(toClients.from, expected, JSON.stringify(from))
  }
})

test('names what a bot replies to by its own word, else by the address it used', async () => {
  const replied = await said({ type: 'message', text: 'x' }, 'reply')
  assert.equal(replied.toClients.replyToId, replied.toBot.id)
  const own = await said({ type: 'message', text: 'x', replyToId: 'its own' }, 'reply')
  assert.equal(own.toClients.replyToId, 'its own')
  const unasked = await said({ type: 'message', text: 'x' }, 'say')
  assert.equal('replyToId' in unasked.toClients, false)
})

test('keeps attachments as they are sent: links, cards, names, thumbnails', async () => {
  assert.deepEqual((await said({ type: 'message', attachments })).toClients.attachments, attachments)
})

test('shows a sender on everything that clients see', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await post(chat, { type: 'typing' })
  await say(chat, 'hello')
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  for (const type of ['typing', 'event', 'endOfConversation', 'message']) await bot.say(told, { type, text: type })
  await socket.until('everything', ({ activities }) => activities.length === 6)
  for (const { from } of [...socket.activities, ...(await readLog(chat))]) assert.equal(typeof from?.id, 'string')
})

test('says nothing of one conversation in another', async () => {
  const [one, two] = [await startChat(app), await startChat(app)]
  await say(one, 'a secret of the first')
  const told = await bot.until('the message', ({ of }) => of(one.conversation, 'message')[0])
  const address = told.serviceUrl?.replace(one.conversation, two.conversation) ?? ''
  const crossed = await bot.say({ ...told, conversation: { id: two.conversation } }, message('crossed'))
  assert.equal(crossed.status, 403)
  assert.equal(
    (await bot.say({ serviceUrl: address, conversation: { id: two.conversation } }, message('x'))).status,
    403,
  )
  assert.deepEqual(await readLog(two), [])
  assertRefused(await getPage({ address: one.address, token: two.token }), 403, 'BadArgument')
})
