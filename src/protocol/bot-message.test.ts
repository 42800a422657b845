/**
 * What a bot of the first schema is sent.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BotMessageContext, botMessagesOf, withBags } from './bot-message.ts'

const context: BotMessageContext = { bot: { id: 'helpdesk', name: 'Help desk' }, bags: {} }

/** An activity as it would go to a v3 bot. */
const activity = (members: object) => ({
  id: 'c1|0000004',
  timestamp: '2026-01-05T09:12:43.902Z',
  serviceUrl: 'https://line.example/connector/c1/mark/',
  recipient: { id: 'helpdesk', name: 'Help desk' },
  type: 'message',
  channelId: 'directline',
  conversation: { id: 'c1' },
  from: { id: 'u1', role: 'user' },
  ...members,
})

const user = { id: 'u1', address: 'u1', channelId: 'directline', isBot: false }
const bot = { id: 'helpdesk', address: 'helpdesk', name: 'Help desk', channelId: 'directline', isBot: true }
const service = { id: '$service$', address: '$service$', channelId: 'directline', isBot: false }

const oneOf = (members: object, given = context) => {
  const messages = botMessagesOf(activity(members), given)
  assert.equal(messages.length, 1)
  return messages[0] ?? assert.fail()
}

const typesOf = (members: object) => botMessagesOf(activity(members), context).map(message => message.type)

test('tells a message in exactly the fields of the schema', () => {
  const told = botMessagesOf(
    JSON.stringify(
      activity({
        text: 'Is it open?',
        locale: 'en-GB',
        replyToId: 'c1|0000003',
        channelData: { screen: ['home', null] },
        summary: 'x',
        textFormat: 'plain',
      }),
    ),
    { ...context, bags: { botUserData: { visits: 3 } } },
  )
  assert.deepEqual(told, [
    {
      type: 'Message',
      id: 'c1|0000004',
      conversationId: 'c1',
      created: '2026-01-05T09:12:43.902Z',
      language: 'en-GB',
      text: 'Is it open?',
      from: user,
      to: bot,
      replyToMessageId: 'c1|0000003',
      participants: [user, bot],
      totalParticipants: 2,
      channelMessageId: 'c1|0000004',
      channelConversationId: 'c1',
      channelData: { screen: ['home', null] },
      botUserData: { visits: 3 },
    },
  ])
})

test('names a user who has a name', () => {
  assert.deepEqual(oneOf({ from: { id: 'u1', name: 'Uma' } }).from, { ...user, name: 'Uma' })
})

test('does not cut text, and gives a message without text an empty one', () => {
  const text = 'x'.repeat(10_000)
  assert.equal(oneOf({ text }).text, text)
  assert.equal(oneOf({}).text, '')
  assert.equal('text' in oneOf({ type: 'endOfConversation' }), false)
})

test('passes files and v3 cards by type, address and content alone', () => {
  const content = { title: 'Tea', buttons: [] }
  const attachments = [
    { contentType: 'image/png', contentUrl: 'https://line.example/a.png', name: 'a.png', thumbnailUrl: 'x' },
    { contentType: 'application/vnd.microsoft.card.hero', content },
  ]
  assert.deepEqual(oneOf({ attachments }).attachments, [
    { contentType: 'image/png', contentUrl: 'https://line.example/a.png' },
    { contentType: 'application/vnd.microsoft.card.hero', content },
  ])
  assert.equal('attachments' in oneOf({ attachments: [] }), false)
})

test('tells mentions, a place and coordinates from entities', () => {
  const told = oneOf({
    entities: [
      { type: 'mention', mentioned: { id: 'helpdesk', name: 'Help desk', role: 'bot' }, text: '@help' },
      { type: 'mention', mentioned: { id: 'u2' } },
      { type: 'Place', name: 'Harbour' },
      { type: 'GeoCoordinates', elevation: 3, latitude: 53.5, longitude: 9.9, name: 'Pier 2' },
      { type: 'clientInfo', country: 'DE' },
    ],
  })
  assert.deepEqual(told.mentions, [
    { mentioned: bot, text: '@help' },
    { mentioned: { id: 'u2', address: 'u2', channelId: 'directline', isBot: false } },
  ])
  assert.equal(told.place, 'Harbour')
  assert.deepEqual(told.location, { altitude: 3, latitude: 53.5, longitude: 9.9, name: 'Pier 2' })
  assert.equal(oneOf({ entities: [{ type: 'Place', address: 'Pier 2, Hamburg' }] }).place, 'Pier 2, Hamburg')
  for (const name of ['mentions', 'place', 'location']) assert.equal(name in oneOf({ entities: [] }), false)
})

test('sends nothing the schema gave no meaning from service to bot', () => {
  const told = oneOf({ text: 'hi', locale: null, channelData: null, eTag: 'x' })
  for (const name of [
    'sourceText',
    'sourceLanguage',
    'hashtags',
    'eTag',
    'channelData',
    'language',
    'replyToMessageId',
  ])
    assert.equal(name in told, false, name)
})

test('carries the bags that hold something', () => {
  const bags = {
    botUserData: { a: 1 },
    botConversationData: { b: 2 },
    botPerUserInConversationData: { c: { d: [3] } },
  }
  const told = oneOf({ text: 'hi' }, { ...context, bags })
  assert.deepEqual(
    [told.botUserData, told.botConversationData, told.botPerUserInConversationData],
    [{ a: 1 }, { b: 2 }, { c: { d: [3] } }],
  )
  const emptied = withBags(told, { botUserData: {}, botConversationData: { b: 3 } })
  assert.deepEqual(emptied, { ...oneOf({ text: 'hi' }), botConversationData: { b: 3 } })
})

test('tells a start that names bot and user as two messages, the bot’s first', () => {
  const bags = { botUserData: { a: 1 }, botConversationData: { b: 2 }, botPerUserInConversationData: { c: 3 } }
  const start = {
    type: 'conversationUpdate',
    from: { id: 'u1', name: 'Uma' },
    membersAdded: [
      { id: 'u1', name: 'Uma' },
      { id: 'helpdesk', name: 'Help desk' },
    ],
  }
  const [first, second, ...more] = botMessagesOf(activity(start), { ...context, bags })
  assert.deepEqual(more, [])
  assert.deepEqual(
    [first?.type, first?.from, first?.to, first?.participants],
    ['BotAddedToConversation', service, bot, [service, bot]],
  )
  const { botUserData, botConversationData, botPerUserInConversationData } = first ?? {}
  assert.deepEqual([botUserData, botConversationData, botPerUserInConversationData], [undefined, { b: 2 }, undefined])
  const uma = { ...user, name: 'Uma' }
  assert.deepEqual(
    [second?.type, second?.from, second?.to, second?.participants],
    ['UserAddedToConversation', uma, bot, [uma, bot]],
  )
  assert.deepEqual(second?.botPerUserInConversationData, { c: 3 })
  assert.deepEqual([first?.id, second?.id, first?.conversationId], ['c1|0000004', 'c1|0000004', 'c1'])
})

test('tells a start without a user as the bot’s joining, and a later join as the user’s', () => {
  const start = { type: 'conversationUpdate', from: { id: 'c1' }, membersAdded: [{ id: 'helpdesk' }] }
  assert.deepEqual(typesOf(start), ['BotAddedToConversation'])
  const join = { type: 'conversationUpdate', membersAdded: [{ id: 'u2' }], from: { id: 'c1' } }
  assert.deepEqual(typesOf(join), ['UserAddedToConversation'])
  assert.equal(oneOf(join).from.id, 'u2')
})

test('tells a user’s leaving, and an update without members not at all', () => {
  const leaving = { type: 'conversationUpdate', membersRemoved: [{ id: 'u1' }] }
  assert.deepEqual(typesOf(leaving), ['UserRemovedFromConversation'])
  assert.equal(oneOf(leaving).from.id, 'u1')
  assert.deepEqual(typesOf({ type: 'conversationUpdate', membersAdded: [], topicName: 'x' }), [])
})

test('tells the end of a conversation and the wish to be forgotten', () => {
  assert.deepEqual(typesOf({ type: 'endOfConversation' }), ['EndOfConversation'])
  assert.deepEqual(typesOf({ type: 'deleteUserData' }), ['DeleteUserData'])
  assert.deepEqual(oneOf({ type: 'deleteUserData' }).from, user)
})

test('sends nothing for what the schema has no word for, a ping of a client included', () => {
  for (const type of ['typing', 'event', 'invoke', 'messageReaction', 'ping', 'trace', 'Message', 'Custom', undefined])
    assert.deepEqual(typesOf({ type, text: 'hi' }), [])
  assert.deepEqual(botMessagesOf('[]', context), [])
})

test('never fails on odd fields', () => {
  const odd = [null, 5, 'x', [], {}, [null, 5, {}]]
  for (const value of odd) {
    const fields = ['id', 'timestamp', 'from', 'conversation', 'attachments', 'entities', 'locale', 'text', 'replyToId']
    assert.equal(botMessagesOf(activity(Object.fromEntries(fields.map(name => [name, value]))), context).length, 1)
    assert.ok(botMessagesOf(activity({ type: 'conversationUpdate', membersAdded: value }), context).length < 2)
  }
})
