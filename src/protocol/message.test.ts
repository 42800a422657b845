/**
 * Direct Line 1.1 messages: what clients of the time send, and what they read of an activity.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Activity, parseActivity } from './activity.ts'
import { type FailureName, ProtocolError } from './errors.ts'
import { activityOfMessage, type ClientMessage, messageOfActivity, parseMessage, parseMessageText } from './message.ts'

const publicUrl = 'https://line.example/chat'

const failsAs = (failure: FailureName) => (error: unknown) => {
  assert.ok(error instanceof ProtocolError)
  assert.equal(error.failure, failure)
  return true
}

const sent = (message: unknown): Activity => activityOfMessage(parseMessage(message), publicUrl)

/** An activity as the log has it. */
const logged = (members: object) => ({
  id: 'c1|0000004',
  timestamp: '2026-01-05T09:12:43.902Z',
  type: 'message',
  channelId: 'directline',
  conversation: { id: 'c1' },
  from: { id: 'helpdesk', name: 'Help desk', role: 'bot' },
  ...members,
})

test('reads a message, and drops what the service decides or does not know', () => {
  const message = parseMessageText(
    JSON.stringify({
      id: 'mine',
      conversationId: 'other',
      created: '2001-01-01T00:00:00Z',
      eTag: 'x',
      colour: 'red',
      from: 'u1',
      text: 'Is it open?',
      channelData: { screen: 'home' },
      images: ['https://img.example/front.jpg'],
      attachments: [{ url: 'https://files.example/plan.pdf', contentType: 'application/pdf', name: 'plan' }],
    }),
  )
  assert.deepEqual(message, {
    from: 'u1',
    text: 'Is it open?',
    channelData: { screen: 'home' },
    images: ['https://img.example/front.jpg'],
    attachments: [{ url: 'https://files.example/plan.pdf', contentType: 'application/pdf' }],
  } satisfies ClientMessage)
})

test('reads names in any case, as hand-written clients of 2016 send them', () => {
  const message = parseMessage({ Text: 'hi', From: { Id: 'u1' }, Attachments: [{ URL: 'https://a.example/b' }] })
  assert.equal(message.text, 'hi')
  assert.equal(message.from, 'u1')
  assert.deepEqual(message.attachments, [{ url: 'https://a.example/b', contentType: 'application/octet-stream' }])
})

test('takes null for nothing, an account for a sender, and any JSON for channelData', () => {
  const message = parseMessage({ from: { id: 'u1', name: 'Uma' }, text: null, images: null, channelData: [1, null] })
  assert.deepEqual(message, { from: 'u1', text: undefined, channelData: [1, null], images: [], attachments: [] })
  assert.equal(parseMessage({ from: '', text: 'hi' }).from, undefined)
  assert.equal(parseMessage({ from: { name: 'Uma' }, text: 'hi' }).from, undefined)
  assert.equal(parseMessage({ channelData: 0 }).channelData, 0)
})

test('refuses a message that is missing or says nothing, unless files come beside it', () => {
  for (const text of ['', '  ', 'null', '{}', '{"from":"u1"}', '{"text":null,"images":[],"attachments":[]}']) {
    assert.throws(() => parseMessageText(text), failsAs('MissingProperty'), text)
    assert.doesNotThrow(() => parseMessageText(text, { allowEmpty: true }), text)
  }
  assert.throws(() => parseMessage(undefined), failsAs('MissingProperty'))
  for (const said of [{ text: '' }, { images: ['a'] }, { attachments: [{ url: 'a' }] }, { channelData: {} }])
    assert.doesNotThrow(() => parseMessage(said))
})

test('refuses what is not JSON, not an object or of a wrong type', () => {
  for (const text of ['hello', '{"text":', '[]', '"hi"', '7'])
    assert.throws(() => parseMessageText(text), failsAs('MalformedBody'), text)
  const wrong = [
    { text: 5 },
    { text: 'hi', from: 5 },
    { text: 'hi', from: { id: 5 } },
    { text: 'hi', images: 'a.png' },
    { images: [{ url: 'a.png' }] },
    { text: 'hi', attachments: {} },
    { attachments: ['a.pdf'] },
    { attachments: [{ url: 5 }] },
    { attachments: [{ url: 'a', contentType: 5 }] },
  ]
  for (const message of wrong)
    assert.throws(() => parseMessage(message), failsAs('MalformedBody'), JSON.stringify(message))
})

test('refuses an attachment without an address', () => {
  for (const attachment of [{}, { url: null }, { url: '' }, { contentType: 'text/plain' }])
    assert.throws(() => parseMessage({ attachments: [attachment] }), failsAs('MissingProperty'))
})

test('keeps to the limits of an activity', () => {
  const text = (characters: number) => `{"text":"${'x'.repeat(characters - 11)}"}`
  assert.doesNotThrow(() => parseMessageText(text(256 * 1024)))
  assert.throws(() => parseMessageText(text(256 * 1024 + 1)), failsAs('TooLarge'))
  assert.doesNotThrow(() => parseMessage({ from: 'u'.repeat(256), text: '' }))
  assert.throws(() => parseMessage({ from: 'u'.repeat(257), text: '' }), failsAs('Unacceptable'))
  const images = Array.from({ length: 49 }, () => 'a.png')
  assert.doesNotThrow(() => parseMessage({ images, attachments: [{ url: 'a' }] }))
  assert.throws(() => parseMessage({ images, attachments: [{ url: 'a' }, { url: 'b' }] }), failsAs('Unacceptable'))
  assert.throws(() => parseMessageText(`{"channelData":${'['.repeat(200)}${']'.repeat(200)}}`), failsAs('Unacceptable'))
})

test('makes a message into an activity: sender by id alone, text without a format, channelData untouched', () => {
  const channelData = { clientActivityID: 'k1', Nested: [null, { a: '' }] }
  assert.deepEqual(sent({ id: 'x', created: 'y', conversationId: 'z', from: 'u1', text: 'hi', channelData }), {
    type: 'message',
    from: { id: 'u1' },
    text: 'hi',
    channelData,
  })
  assert.deepEqual(sent({ text: '' }), { type: 'message', text: '' })
  assert.doesNotThrow(() => parseActivity(sent({ text: 'hi', images: ['a.png'] })))
})

test('makes images into attachments typed by their URL, before the other files', () => {
  const activity = sent({
    attachments: [
      { url: 'https://files.example/plan.pdf', contentType: 'application/pdf' },
      { url: 'notes', contentType: '' },
    ],
    images: [
      'https://img.example/front.JPG?w=1',
      '/logo.svg',
      'inner/door.webp',
      'https://img.example/latest',
      'data:image/gif;base64,R0lG',
      '',
    ],
  })
  assert.deepEqual(activity.attachments, [
    { contentType: 'image/jpeg', contentUrl: 'https://img.example/front.JPG?w=1' },
    { contentType: 'image/svg+xml', contentUrl: 'https://line.example/logo.svg' },
    { contentType: 'image/webp', contentUrl: 'https://line.example/chat/inner/door.webp' },
    { contentType: 'image/*', contentUrl: 'https://img.example/latest' },
    { contentType: 'image/gif', contentUrl: 'data:image/gif;base64,R0lG' },
    { contentType: 'application/pdf', contentUrl: 'https://files.example/plan.pdf' },
    { contentType: 'application/octet-stream', contentUrl: 'https://line.example/chat/notes' },
  ])
})

test('shows an activity as a message of exactly the fields 1.1 has', () => {
  const message = messageOfActivity(
    JSON.stringify(
      logged({
        text: 'Until six.',
        channelData: { any: ['thing', null] },
        attachments: [
          { contentType: 'image/png', contentUrl: 'https://line.example/door.png', name: 'door.png' },
          { contentType: 'Application/PDF', contentUrl: 'https://line.example/plan.pdf' },
          { contentUrl: 'https://line.example/what' },
          { contentType: 'image/*', contentUrl: 'https://line.example/latest' },
        ],
        replyToId: 'c1|0000003',
        recipient: { id: 'u1' },
        entities: [{ type: 'mention' }],
        attachmentLayout: 'carousel',
        inputHint: 'expectingInput',
        speak: 'Until six',
        locale: 'en',
        summary: 'hours',
      }),
    ),
  )
  assert.deepEqual(message, {
    id: 'c1|0000004',
    conversationId: 'c1',
    created: '2026-01-05T09:12:43.902Z',
    from: 'helpdesk',
    text: 'Until six.',
    channelData: { any: ['thing', null] },
    images: ['https://line.example/door.png', 'https://line.example/latest'],
    attachments: [
      { url: 'https://line.example/plan.pdf', contentType: 'Application/PDF' },
      { url: 'https://line.example/what', contentType: 'application/octet-stream' },
    ],
  })
})

test('shows text always, as an empty string where there is none, and leaves out everything else that has no value', () => {
  const bare = {
    id: 'c1|0000004',
    conversationId: 'c1',
    created: '2026-01-05T09:12:43.902Z',
    from: 'helpdesk',
    text: '',
  }
  assert.deepEqual(messageOfActivity(logged({})), bare)
  assert.deepEqual(messageOfActivity(logged({ text: null, channelData: null, attachments: [] })), bare)
})

test('uses the summary where nothing else gives text', () => {
  const image = { contentType: 'image/png', contentUrl: 'https://line.example/a.png' }
  assert.equal(messageOfActivity(logged({ summary: 'A picture', attachments: [image] }))?.text, 'A picture')
})

test('shows nothing but messages', () => {
  const others = [
    'typing',
    'event',
    'endOfConversation',
    'invoke',
    'messageDelete',
    'conversationUpdate',
    'trace',
    'Custom',
  ]
  for (const type of [...others, undefined, null, 5]) {
    assert.equal(messageOfActivity(logged({ type, text: 'hi' })), undefined, String(type))
  }
})

test('gives back what a client sent, as it sent it', () => {
  const message = {
    from: 'u1',
    text: 'Hello\n\nyou',
    channelData: { a: 1 },
    images: ['https://img.example/a.png'],
    attachments: [{ url: 'https://files.example/b.pdf', contentType: 'application/pdf' }],
  }
  const { id: _, conversationId: _c, created: _t, ...shown } = messageOfActivity(logged(sent(message))) ?? { id: '' }
  assert.deepEqual(shown, message)
})
