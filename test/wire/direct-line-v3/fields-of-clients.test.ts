/**
 * Field by field: what becomes of it on its way from a client to the bot and to other clients.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { type Chat, post, readLog, say, startChat } from '../../support/direct-line.ts'
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

/** What the bot gets and what clients see of one activity. A socket and the log must show the same. */
async function sent(activity: unknown, chat?: Chat, service: TestApp = app, to: TestBot = bot): Promise<Sent> {
  const own = chat ?? (await startChat(service))
  using socket = await openSocket(own.streamUrl)
  const { status, body, text } = await post(own, activity)
  assert.equal(status, 200, text)
  const toClients = await socket.untilId(body.id)
  assert.deepEqual(await newest(own), toClients)
  const toBot = to.of(own.conversation).find(({ id }) => id === body.id) ?? {}
  return { chat: own, toBot, toClients }
}

const omit = (activity: WireActivity, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(activity).filter(([name]) => !names.includes(name)))

test('carries everything a client says through to bot and clients, unknown fields too', async () => {
  const { toBot, toClients } = await sent({ type: 'message', from: { id: 'u1' }, ...preserved })
  const { 'x-odd name': _, ...forBots } = preserved
  for (const [name, value] of Object.entries(preserved)) assert.deepEqual(toClients[name], value, name)
  for (const [name, value] of Object.entries(forBots)) assert.deepEqual(toBot[name], value, name)
})

test('keeps empty lists, empty texts, null and false where clients see them', async () => {
  const { toClients } = await sent({ type: 'message', from: { id: 'u1' }, ...empties })
  for (const [name, value] of Object.entries(empties)) assert.deepEqual(toClients[name], value, name)
})

test('sends the bot no null and no empty text in known places, and touches nothing that belongs to the application', async () => {
  const own = { keep: null, empty: '', list: [null, ''] }
  const { toBot } = await sent({
    type: 'message',
    from: { id: 'u1', name: null },
    text: null,
    locale: '',
    attachments: [{ contentType: 'x/y', name: '', contentUrl: null, content: own }],
    suggestedActions: { actions: [{ type: 'imBack', title: '', value: null }] },
    channelData: own,
    value: own,
    entities: [{ type: 'x', ...own }],
  })
  assert.equal('text' in toBot, false)
  assert.equal('locale' in toBot, false)
  assert.deepEqual(toBot.from, { id: 'u1', role: 'user' })
  assert.deepEqual(toBot.attachments, [{ contentType: 'x/y', content: own }])
  assert.deepEqual(toBot.channelData, own)
  assert.deepEqual(toBot.value, own)
  assert.deepEqual(toBot['entities'], [{ type: 'x', ...own }])
})

test('sets what is the service’s to set on a client’s activity, whatever the client wrote there', async () => {
  const { chat, toBot, toClients } = await sent({
    type: 'message',
    text: 'hello',
    id: 'mine',
    timestamp: '1999-01-01T00:00:00Z',
    channelId: 'webchat',
    serviceUrl: 'https://evil.example/',
    conversation: { id: 'another', name: 'x', isGroup: true },
    recipient: { id: 'eve', name: 'Eve' },
    callerId: 'urn:botframework:azure',
    eTag: '*',
    from: { id: 'u1' },
  })
  const stamped = {
    id: `${chat.conversation}|0000001`,
    channelId: 'directline',
    conversation: { id: chat.conversation },
  }
  for (const [name, value] of Object.entries(stamped)) {
    assert.deepEqual(toBot[name], value)
    assert.deepEqual(toClients[name], value)
  }
  assert.ok(Math.abs(Date.parse(toClients.timestamp ?? '') - Date.now()) < 5_000)
  assert.equal(toBot.timestamp, toClients.timestamp)
  assert.ok(toBot.serviceUrl?.startsWith(`${app.origin}/`))
  assert.deepEqual(toBot.recipient, { id: 'bot', name: 'Bot' })
  for (const name of ['serviceUrl', 'recipient', 'callerId', 'eTag']) assert.equal(name in toClients, false, name)
  for (const name of ['callerId', 'eTag']) assert.equal(name in toBot, false, name)
  assert.deepEqual(omit(toBot, 'serviceUrl', 'recipient'), toClients)
})

test('gives the bot the same serviceUrl for the life of a conversation', async () => {
  const chat = await startChat(app)
  await say(chat, 'one', 'u1')
  await say(chat, 'two', 'u2')
  assert.equal(new Set(bot.of(chat.conversation).map(({ serviceUrl }) => serviceUrl)).size, 1)
})

test("takes the sender from the token: its id and, if it has one, its name, and says 'user' as the role", async () => {
  const named = await startChat(app, { id: 'u1', name: 'Uma' })
  const unnamed = await startChat(app, { id: 'u1' })
  const open = await startChat(app)
  const eve = { id: 'eve', name: 'Eve', role: 'bot', aadObjectId: 'a-b', extra: { x: 1 } }
  for (const [chat, from] of [
    [named, { ...eve, id: 'u1', name: 'Uma', role: 'user' }],
    [unnamed, { ...eve, id: 'u1', role: 'user' }],
    [open, { ...eve, role: 'user' }],
  ] as const) {
    const { toBot, toClients } = await sent({ type: 'message', text: 'x', from: eve }, chat)
    assert.deepEqual(toClients.from, from)
    assert.deepEqual(toBot.from, from)
  }
})

test('lets nobody in by another spelling: variants of known names are taken for the name or removed', async () => {
  const named = await startChat(app, { id: 'u1' })
  const forged = {
    type: 'message',
    text: 'kept',
    Text: 'variant',
    From: { Id: 'eve', Role: 'bot' },
    FROM: { id: 'mallory' },
    Recipient: { id: 'eve' },
    ServiceUrl: 'https://evil.example/',
    serviceurl: 'https://evil.example/',
    ChannelId: 'msteams',
    Conversation: { Id: 'another' },
    ID: 'mine',
    Timestamp: '1999-01-01T00:00:00Z',
    CallerId: 'urn:x',
  }
  const { toBot, toClients } = await sent(forged, named)
  for (const shown of [toBot, toClients]) {
    const text = JSON.stringify(shown)
    for (const trace of ['eve', 'mallory', 'evil', 'msteams', 'another', 'mine', '1999', 'urn:x', 'variant']) {
      assert.equal(text.includes(trace), false, `${trace} in ${text}`)
    }
    const names = Object.keys(shown).map(name => name.toLowerCase())
    assert.equal(new Set(names).size, names.length, 'each name stands once')
    assert.equal(shown.text, 'kept')
    assert.equal(shown.from?.id, 'u1')
  }
})

test('reads known names in any case where they count, and leaves all other names as they are', async () => {
  const inner = { ContentType: 'kept', Id: 'kept', From: 'kept' }
  const entity = { type: 'kept', ...inner }
  const { toBot, toClients } = await sent({
    Type: 'message',
    TEXT: 'hello',
    From: { ID: 'u1', Name: 'Uma' },
    Attachments: [{ ContentType: 'application/vnd.microsoft.card.hero', Content: inner, NAME: 'card' }],
    ChannelData: inner,
    Value: inner,
    Entities: [entity],
  })
  for (const shown of [toBot, toClients]) {
    assert.equal(shown.text, 'hello')
    assert.deepEqual(shown.from, { id: 'u1', name: 'Uma', role: 'user' })
    assert.deepEqual(shown.attachments, [
      { contentType: 'application/vnd.microsoft.card.hero', content: inner, name: 'card' },
    ])
    assert.deepEqual(shown.channelData, inner)
    assert.deepEqual(shown.value, inner)
    assert.deepEqual(shown['entities'], [entity])
  }
})

test('keeps channelData to the letter: names, their order, texts and numbers', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const data =
    '{"z":1,"a":{"B":[],"b":{}},"clientActivityID":"c-1","1":0.1,"n":-12.5e-7,"t":"\\u0001\\u2028é💬","postBack":true,"":null}'
  await post(chat, undefined, { raw: `{"type":"message","channelData":${data}}` })
  const parsed = JSON.parse(data) as object
  assert.deepEqual((await newest(chat)).channelData, parsed)
  assert.equal(JSON.stringify((await newest(chat)).channelData), JSON.stringify(parsed))
  assert.deepEqual(bot.of(chat.conversation, 'message')[0]?.channelData, parsed)
})

test('keeps attachments as they are sent: links, cards, names, thumbnails', async () => {
  const { toBot, toClients } = await sent({ type: 'message', from: { id: 'u1' }, attachments })
  assert.deepEqual(toClients.attachments, attachments)
  assert.deepEqual(toBot.attachments, attachments)
})

test('takes the address of a conversation elsewhere out of relatesTo', async () => {
  const relatesTo = { activityId: 'x', conversation: { id: 'y' }, channelId: 'test' }
  const { toBot, toClients } = await sent({
    type: 'event',
    name: 'x',
    from: { id: 'u1' },
    relatesTo: { ...relatesTo, serviceUrl: 'https://evil.example/', ServiceUrl: 'https://evil.example/' },
  })
  assert.deepEqual(toBot['relatesTo'], relatesTo)
  assert.deepEqual(toClients['relatesTo'], relatesTo)
})

test('sends the bot a delivery mode of streaming only where it is set so; everybody else sees what was sent', async () => {
  const withMode = (deliveryMode: string) => ({ type: 'message', from: { id: 'u1' }, deliveryMode })
  await using streaming = await startApp({ bot: bot.url, botSettings: { passDeliveryMode: true } })
  for (const [service, mode, expected] of [
    [app, 'stream', [undefined]],
    [streaming, 'stream', ['stream']],
    [app, 'expectReplies', [undefined, 'normal']],
    [streaming, 'expectReplies', [undefined, 'normal']],
    [app, 'normal', ['normal', undefined]],
    [streaming, 'normal', ['normal', undefined]],
  ] as const) {
    const { toBot, toClients } = await sent(withMode(mode), undefined, service)
    assert.equal(toClients.deliveryMode, mode)
    assert.ok((expected as readonly unknown[]).includes(toBot.deliveryMode), `${mode}: ${toBot.deliveryMode}`)
  }
})

test('passes every other delivery mode on', async () => {
  const { toBot, toClients } = await sent({ type: 'message', from: { id: 'u1' }, deliveryMode: 'notification' })
  assert.equal(toClients.deliveryMode, 'notification')
  assert.equal(toBot.deliveryMode, 'notification')
})

test('sends the bot at least what every bot relies on, with every activity', async () => {
  const chat = await startChat(app)
  await say(chat, 'hello')
  await post(chat, { type: 'typing', from: { id: 'u1' } })
  await post(chat, { type: 'trace', from: { id: 'u1' } })
  await post(chat, { type: 'conversationUpdate', from: { id: 'u1' } })
  const all = bot.of(chat.conversation)
  assert.equal(all.length, 6)
  for (const activity of all) {
    for (const value of [activity.type, activity.id, activity.timestamp, activity.serviceUrl, activity.from?.id]) {
      assert.equal(typeof value, 'string', JSON.stringify(activity))
    }
    assert.equal(activity.channelId, 'directline')
    assert.deepEqual(activity.conversation, { id: chat.conversation })
    assert.deepEqual(activity.recipient, { id: 'bot', name: 'Bot' })
  }
  assert.equal(new Set(all.map(({ id }) => id)).size, 6)
})

test("fills in the token's user where from is missing, and overrules any other", async () => {
  const chat = await startChat(app, { id: 'u1', name: 'Uma' })
  for (const from of [undefined, null, {}, { id: '' }, { id: 'eve', name: 'Eve' }, { name: 'Eve' }]) {
    const { status, body } = await post(chat, {
      type: 'message',
      text: 'hello',
      ...(from === undefined ? {} : { from }),
    })
    assert.equal(status, 200, JSON.stringify(from))
    const shown = (await readLog(chat)).find(({ id }) => id === body.id)
    assert.deepEqual([shown?.from?.id, shown?.from?.name], ['u1', 'Uma'], JSON.stringify(from))
  }
})
