/**
 * What a bot of the first schema says, in its answer or later.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBotReply } from './bot-reply.ts'
import { plainContentOf } from './card-text.ts'
import { type FailureName, ProtocolError } from './errors.ts'

const failsAs = (failure: FailureName) => (error: unknown) => {
  assert.ok(error instanceof ProtocolError)
  assert.equal(error.failure, failure)
  return true
}

const asked = { id: 'c1|0000004', type: 'Message' } as const
const joined = { id: 'p0Zr8kXc1Qe', type: 'UserAddedToConversation' } as const

const inline = (reply: unknown) => readBotReply(reply, asked).activity
const posted = (message: unknown) => readBotReply(message, undefined).activity

const attachmentsOf = (...attachments: unknown[]) => inline({ attachments })?.attachments
const hero = (content: object) => ({ contentType: 'application/vnd.microsoft.card.hero', content })

test('reads the thin answer of the SDK of the time: text, language and bags', () => {
  const reply = readBotReply(
    {
      text: 'Until *six*.',
      language: 'en',
      botUserData: { visits: 4 },
      botConversationData: {},
      botPerUserInConversationData: { 'BotBuilder.Data.SessionState': { callstack: [] } },
    },
    asked,
  )
  assert.deepEqual(reply, {
    activity: {
      type: 'message',
      text: 'Until *six*.',
      textFormat: 'markdown',
      locale: 'en',
      replyToId: 'c1|0000004',
    },
    bags: {
      botUserData: { visits: 4 },
      botConversationData: {},
      botPerUserInConversationData: { 'BotBuilder.Data.SessionState': { callstack: [] } },
    },
    conversation: undefined,
    user: undefined,
    repliesTo: undefined,
  })
})

test('reads a whole message posted later, and ignores what the service knows better', () => {
  const reply = readBotReply(
    {
      type: 'Message',
      id: 'mine',
      conversationId: 'c1',
      channelConversationId: 'c2',
      created: '2001-01-01T00:00:00Z',
      sourceText: 'Bis sechs.',
      sourceLanguage: 'de',
      language: 'en',
      text: 'Until six.',
      from: { id: 'somebody', isBot: true },
      to: { id: 'u1', address: 'a1', channelId: 'directline' },
      participants: [{ id: 'u9' }],
      totalParticipants: 9,
      replyToMessageId: 'c1|0000002',
      channelMessageId: 'x',
      channelData: { native: [null] },
      hashtags: ['tea'],
      eTag: '*',
    },
    undefined,
  )
  assert.deepEqual(reply, {
    activity: {
      type: 'message',
      text: 'Until six.',
      textFormat: 'markdown',
      locale: 'en',
      replyToId: 'c1|0000002',
      channelData: { native: [null] },
    },
    bags: {},
    conversation: 'c1',
    user: 'u1',
    repliesTo: 'c1|0000002',
  })
})

test('finds the conversation by the channel’s id and the user by address where nothing better is said', () => {
  const reply = readBotReply({ channelConversationId: 'c2', conversationId: '', to: { address: 'a1' } }, undefined)
  assert.deepEqual([reply.conversation, reply.user], ['c2', 'a1'])
})

test('answers the message it answers, unless it names another; a later message answers none by itself', () => {
  assert.equal(inline({ text: 'a' })?.replyToId, 'c1|0000004')
  assert.equal(inline({ text: 'a', replyToMessageId: 'c1|0000001' })?.replyToId, 'c1|0000001')
  assert.equal('replyToId' in (posted({ text: 'a' }) ?? {}), false)
})

test('makes nothing of no answer, an empty one or one without content', () => {
  for (const empty of [undefined, null, {}, { type: 'Message' }, { text: '', attachments: [], language: 'en' }]) {
    assert.deepEqual(readBotReply(empty, asked), {
      activity: undefined,
      bags: {},
      conversation: undefined,
      user: undefined,
      repliesTo: undefined,
    })
  }
  assert.equal(inline({ text: null, attachments: [{}], mentions: [], botUserData: { a: 1 } }), undefined)
  assert.deepEqual(readBotReply({ botUserData: { a: 1 } }, asked).bags, { botUserData: { a: 1 } })
  assert.equal(inline({ channelData: { native: true } })?.type, 'message')
})

test('stores only the bags that are there', () => {
  const { bags } = readBotReply({ botUserData: null, botConversationData: {}, text: 'a' }, asked)
  assert.deepEqual(bags, { botConversationData: {} })
})

test('knows messages and the end of a conversation, in any case, and ignores other types', () => {
  assert.equal(posted({ type: 'message', text: 'a' })?.type, 'message')
  assert.equal(posted({ Type: 'Message', Text: 'a' })?.text, 'a')
  assert.deepEqual(posted({ type: 'EndOfConversation' }), { type: 'endOfConversation' })
  assert.equal(posted({ type: 'EndOfConversation', text: 'bye' })?.text, 'bye')
  for (const type of ['Ping', 'DeleteUserData', 'UserAddedToConversation', 'Typing']) {
    assert.equal(posted({ type, text: 'a' }), undefined)
    assert.equal(inline({ type, text: 'a' }), undefined)
  }
})

test('takes an answer to a system message only for its text, whether it repeats the type or not', () => {
  const welcome = (reply: unknown) => readBotReply(reply, joined).activity
  const said = { type: 'message', text: 'Welcome', textFormat: 'markdown', replyToId: 'p0Zr8kXc1Qe' }
  assert.deepEqual(welcome({ type: 'UserAddedToConversation', text: 'Welcome' }), said)
  assert.deepEqual(welcome({ type: 'Message', text: 'Welcome' }), said)
  assert.deepEqual(welcome({ text: 'Welcome' }), said)
  assert.equal(welcome({}), undefined)
  assert.equal(welcome({ type: 'UserAddedToConversation' }), undefined)
  assert.equal(welcome({ attachments: [{ contentUrl: 'https://a.example/b.png' }] }), undefined)
  assert.equal(welcome({ type: 'EndOfConversation' }), undefined)
  assert.equal(welcome({ type: 'BotAddedToConversation', text: 'Welcome' }), undefined)
  const goodbye = readBotReply({ type: 'EndOfConversation', text: 'bye' }, { ...joined, type: 'EndOfConversation' })
  assert.equal(goodbye.activity?.type, 'message')
})

test('keeps files and contents as they are', () => {
  const files = [
    { contentType: 'application/pdf', contentUrl: 'https://a.example/b.pdf' },
    { contentType: 'image/png', contentUrl: 'https://a.example/b' },
    hero({ title: 'Tea' }),
  ]
  assert.deepEqual(attachmentsOf(...files.map(file => ({ ...file, title: null, text: '', actions: [] }))), files)
})

test('makes card fields into a hero card', () => {
  const card = {
    title: 'Tea',
    titleLink: 'https://a.example/tea',
    text: 'green',
    thumbnailUrl: 'https://a.example/tea.png',
    fallbackText: 'Green tea',
    actions: [
      { title: 'Order', message: 'order tea', image: 'https://a.example/order.png' },
      { title: 'More', url: 'https://a.example/more' },
      { title: 'Both', message: 'both', url: 'https://a.example/both' },
      { title: 'Yes' },
      {},
    ],
  }
  const content = {
    title: 'Tea',
    text: 'green',
    images: [{ url: 'https://a.example/tea.png' }],
    tap: { type: 'openUrl', value: 'https://a.example/tea' },
    buttons: [
      { type: 'imBack', title: 'Order', image: 'https://a.example/order.png', value: 'order tea' },
      { type: 'openUrl', title: 'More', value: 'https://a.example/more' },
      { type: 'imBack', title: 'Both', value: 'both' },
      { type: 'imBack', title: 'Yes', value: 'Yes' },
    ],
    fallbackText: 'Green tea',
  }
  assert.deepEqual(attachmentsOf(card), [hero(content)])
  for (const field of ['title', 'text', 'titleLink', 'thumbnailUrl', 'fallbackText', 'actions'] as const)
    assert.equal(attachmentsOf({ [field]: card[field] })?.length, 1, field)
})

test('shows a card’s image on the card, and another file before it', () => {
  const image = 'https://a.example/tea'
  const onCard = [hero({ title: 'Tea', images: [{ url: image }] })]
  assert.deepEqual(attachmentsOf({ title: 'Tea', contentType: 'image/png', contentUrl: image }), onCard)
  const byExtension = attachmentsOf({ title: 'Tea', contentUrl: `${image}.png` })
  assert.deepEqual(byExtension, [hero({ title: 'Tea', images: [{ url: `${image}.png` }] })])
  const thumbnailUrl = 'https://a.example/small.png'
  assert.deepEqual(attachmentsOf({ title: 'Tea', thumbnailUrl, contentType: 'image/png', contentUrl: image }), [
    hero({ title: 'Tea', images: [{ url: thumbnailUrl }] }),
  ])
  const file = { contentType: 'application/pdf', contentUrl: 'https://a.example/menu.pdf' }
  assert.deepEqual(attachmentsOf({ ...file, title: 'Menu', thumbnailUrl }), [
    file,
    hero({ title: 'Menu', images: [{ url: thumbnailUrl }] }),
  ])
})

test('is told to clients without cards by the fallback text the bot wrote', () => {
  const activity = inline({
    text: 'Here.',
    attachments: [{ title: 'Tea', fallbackText: 'Green tea: https://a.example' }],
  })
  assert.equal(plainContentOf(activity ?? {}).text, 'Here.\n\nGreen tea: https://a.example')
})

test('makes mentions, place and location into entities', () => {
  const activity = inline({
    text: 'Come, @Uma',
    mentions: [{ mentioned: { id: 'u1', address: 'a1', name: 'Uma', isBot: false }, text: '@Uma' }, {}],
    place: 'Harbour',
    location: { altitude: 3, latitude: 53.5, longitude: 9.9, name: 'Pier 2' },
  })
  assert.deepEqual(activity?.['entities'], [
    { type: 'mention', mentioned: { id: 'u1', name: 'Uma' }, text: '@Uma' },
    { type: 'mention' },
    { type: 'Place', name: 'Harbour' },
    { type: 'GeoCoordinates', elevation: 3, latitude: 53.5, longitude: 9.9, name: 'Pier 2' },
  ])
  assert.equal(inline({ location: { latitude: 1, longitude: 2 } })?.type, 'message')
})

test('refuses wrong types and what passes the limits of an activity', () => {
  const wrong = [
    [],
    'hello',
    5,
    { text: 5 },
    { type: 5 },
    { text: 'a', language: {} },
    { text: 'a', replyToMessageId: 5 },
    { text: 'a', conversationId: 5 },
    { attachments: {} },
    { attachments: ['a'] },
    { attachments: [{ contentUrl: 5 }] },
    { attachments: [{ title: 5 }] },
    { attachments: [{ actions: 'a' }] },
    { attachments: [{ actions: [{ title: 5 }] }] },
    { mentions: [5] },
    { place: {} },
    { location: 'here' },
    { location: { latitude: '53' } },
    { text: 'a', botUserData: 'x' },
    { text: 'a', botConversationData: [] },
    { text: 'a', botPerUserInConversationData: 5 },
  ]
  for (const message of wrong)
    assert.throws(() => readBotReply(message, asked), failsAs('MalformedBody'), JSON.stringify(message))
  const many = Array.from({ length: 51 }, () => ({ contentUrl: 'https://a.example/b.pdf' }))
  assert.throws(() => inline({ attachments: many }), failsAs('Unacceptable'))
  assert.throws(() => inline({ text: 'a', language: 'x'.repeat(65) }), failsAs('Unacceptable'))
})
