/**
 * Field by field: what becomes of it on its way from a client to the bot and to other clients, and from the bot to
 * clients.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { assertRefused, type Chat, getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import type { WireActivity } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
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

/** Fields that belong to whoever sends them, in values of every kind. */
const preserved = {
  text: 'a text with "quotes", \\ and 💬',
  textFormat: 'markdown',
  speak: '<speak>hello</speak>',
  inputHint: 'acceptingInput',
  summary: 'a summary',
  locale: 'en-GB',
  localTimestamp: '2026-01-05T10:12:44.318+01:00',
  localTimezone: 'Europe/Vienna',
  suggestedActions: { to: ['u1'], actions: [{ type: 'imBack', title: 'A', value: 'a' }] },
  attachmentLayout: 'carousel',
  entities: [{ type: 'ClientCapabilities', requiresBotState: true, Deep: { Case: 1 } }],
  value: { any: [1, 2.5, true, { thing: 'x' }] },
  valueType: 'https://schema.example/thing',
  name: 'a name',
  label: 'a label',
  code: 'completedSuccessfully',
  importance: 'high',
  expiration: '2027-01-01T00:00:00Z',
  listenFor: ['red', 'blue'],
  semanticAction: { id: 'x', state: 'start', entities: {} },
  textHighlights: [{ text: 'text', occurrence: 1 }],
  reactionsAdded: [{ type: 'like' }],
  reactionsRemoved: [{ type: 'sad' }],
  topicName: 'a topic',
  historyDisclosed: true,
  replyToId: 'somewhere|0000007',
  unknown: { field: ['of', 'ours'] },
  UnknownCased: 1,
  'x-odd name': '',
}

const omit = (activity: WireActivity, ...names: readonly string[]) =>
  Object.fromEntries(Object.entries(activity).filter(([name]) => !names.includes(name)))

test('carries everything a client says through to bot and clients, unknown fields too', async () => {
  const { toBot, toClients } = await sent({ type: 'message', from: { id: 'u1' }, ...preserved })
  const { 'x-odd name': _, ...forBots } = preserved
  for (const [name, value] of Object.entries(preserved)) assert.deepEqual(toClients[name], value, name)
  for (const [name, value] of Object.entries(forBots)) assert.deepEqual(toBot[name], value, name)
})

test('carries everything a bot says through to clients, unknown fields too', async () => {
  const { toClients } = await said({ type: 'message', ...preserved })
  for (const [name, value] of Object.entries(preserved)) assert.deepEqual(toClients[name], value, name)
})

test('keeps empty lists, empty texts, null and false where clients see them', async () => {
  const empties = {
    attachments: [],
    entities: [],
    text: '',
    value: null,
    unknown: null,
    historyDisclosed: false,
    suggestedActions: {},
  }
  const fromClient = await sent({ type: 'message', from: { id: 'u1' }, ...empties })
  const fromBot = await said({ type: 'message', ...empties })
  for (const [name, value] of Object.entries(empties)) {
    assert.deepEqual(fromClient.toClients[name], value, name)
    assert.deepEqual(fromBot.toClients[name], value, name)
  }
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

test('gives the bot the same serviceUrl for the life of a conversation', async () => {
  const chat = await startChat(app)
  await say(chat, 'one', 'u1')
  await say(chat, 'two', 'u2')
  assert.equal(new Set(bot.of(chat.conversation).map(({ serviceUrl }) => serviceUrl)).size, 1)
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
  const { toBot, toClients } = await sent({
    Type: 'message',
    TEXT: 'hello',
    From: { ID: 'u1', Name: 'Uma' },
    Attachments: [{ ContentType: 'application/vnd.microsoft.card.hero', Content: inner, NAME: 'card' }],
    ChannelData: inner,
    Value: inner,
    Entities: [inner],
  })
  for (const shown of [toBot, toClients]) {
    assert.equal(shown.text, 'hello')
    assert.deepEqual(shown.from, { id: 'u1', name: 'Uma', role: 'user' })
    assert.deepEqual(shown.attachments, [
      { contentType: 'application/vnd.microsoft.card.hero', content: inner, name: 'card' },
    ])
    assert.deepEqual(shown.channelData, inner)
    assert.deepEqual(shown.value, inner)
    assert.deepEqual(shown['entities'], [inner])
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
  const attachments = [
    {
      contentType: 'image/png',
      contentUrl: 'https://files.example/a.png?x=1&y=%20#z',
      name: 'a.png',
      thumbnailUrl: 'https://files.example/t.png',
    },
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'x' }], selectAction: null },
    },
    { contentType: 'text/plain', content: 'plain', extra: [1] },
  ]
  const fromClient = await sent({ type: 'message', from: { id: 'u1' }, attachments })
  assert.deepEqual(fromClient.toClients.attachments, attachments)
  assert.deepEqual(fromClient.toBot.attachments, attachments)
  assert.deepEqual((await said({ type: 'message', attachments })).toClients.attachments, attachments)
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
