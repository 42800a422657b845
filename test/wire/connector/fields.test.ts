/**
 * Fields of a bot's activity on their way to clients: what the service sets, what it takes away, and that everything
 * else arrives as it was sent.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog, say } from '../../support/direct-line.ts'
import type { WireActivity } from '../../support/http.ts'
import { botSays, startTalk, type Talk, watch } from '../../support/talk.ts'

/** What clients are shown of something the bot says. */
async function shown(talk: Talk, activity: WireActivity | Readonly<Record<string, unknown>>): Promise<WireActivity> {
  const id = await botSays(talk, activity as WireActivity)
  const found = (await readLog(talk)).find(entry => entry.id === id)
  assert.ok(found)
  return found
}

test('sets id, timestamp, channelId and conversation, whatever the bot wrote there', async () => {
  await using talk = await startTalk()
  const earliest = Date.now() - 1
  const activity = await shown(talk, {
    type: 'message',
    id: 'my-own-id',
    timestamp: '1999-12-31T23:59:59.999Z',
    channelId: 'msteams',
    conversation: { id: 'another' },
    text: 'hello',
  })
  assert.equal(activity.id, `${talk.conversation}|0000001`)
  assert.match(activity.timestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z$/)
  assert.ok(Date.parse(activity.timestamp ?? '') >= earliest)
  assert.equal(activity.channelId, 'directline')
  assert.deepEqual(activity.conversation, { id: talk.conversation })
})

test('takes away what is not for clients: serviceUrl, recipient, callerId, eTag', async () => {
  await using talk = await startTalk()
  const activity = await shown(talk, {
    type: 'message',
    text: 'hello',
    serviceUrl: talk.serviceUrl,
    recipient: { id: 'u1', name: 'Uma' },
    callerId: 'urn:botframework:azure',
    eTag: 'x',
  })
  assert.deepEqual(Object.keys(activity).sort(), [
    'channelId',
    'conversation',
    'from',
    'id',
    'text',
    'timestamp',
    'type',
  ])
})

test('speaks as the bot: its id always, its name unless the bot says another, never as a user', async () => {
  await using talk = await startTalk()
  for (const [from, expected] of [
    [undefined, { id: 'bot', name: 'Bot', role: 'bot' }],
    [{}, { id: 'bot', name: 'Bot', role: 'bot' }],
    [
      { id: 'u1', name: 'Uma', role: 'user' },
      { id: 'bot', name: 'Uma', role: 'bot' },
    ],
    [
      { id: 'bot', name: 'Help desk' },
      { id: 'bot', name: 'Help desk', role: 'bot' },
    ],
    [
      { id: 'x', name: '', role: 'skill' },
      { id: 'bot', name: 'Bot', role: 'skill' },
    ],
    [
      { id: 'x', aadObjectId: 'a' },
      { id: 'bot', name: 'Bot', role: 'bot', aadObjectId: 'a' },
    ],
  ] as const) {
    const activity = await shown(talk, { type: 'message', text: 'hello', ...(from === undefined ? {} : { from }) })
    assert.deepEqual(activity.from, expected)
  }
})

test('keeps every other field as it was sent, known or not, empty or not', async () => {
  await using talk = await startTalk()
  const sent = {
    type: 'message',
    text: 'Zeile 1\n\u{1F600} \u202e"quoted" \\ </script>',
    textFormat: 'markdown',
    locale: 'de-CH',
    speak: '<speak/>',
    inputHint: 'expectingInput',
    summary: '',
    suggestedActions: { to: [], actions: [{ type: 'imBack', title: 'red', value: { text: 'red' } }] },
    attachmentLayout: 'carousel',
    entities: [],
    value: null,
    valueType: 'x',
    name: 'n',
    label: 'l',
    code: 'completedSuccessfully',
    importance: 'high',
    expiration: '2030-01-01T00:00:00Z',
    listenFor: ['a'],
    semanticAction: { id: 's', entities: {} },
    textHighlights: [{ text: 't', occurrence: 1 }],
    deliveryMode: 'notification',
    localTimestamp: '2026-01-05T10:12:44+01:00',
    localTimezone: 'Europe/Zurich',
    historyDisclosed: true,
    action: 'add',
    topicName: 'topic',
    reactionsAdded: [],
    unknownField: { Nested: [1, 2.5, -0.001, 1e21, true, null, ''] },
    'a field with spaces': 'x',
  }
  const { id, timestamp, channelId, conversation, from, ...rest } = await shown(talk, sent)
  assert.deepEqual(rest, sent)
})

test('keeps channelData, value, entities and contents of cards to the letter, whatever names are in them', async () => {
  await using talk = await startTalk()
  const opaque = {
    ClientActivityID: 'c',
    From: { ID: 1 },
    serviceUrl: 'https://elsewhere.example/',
    recipient: null,
    list: [null, '', {}, []],
    constructor: 'x',
    toString: 0,
    'ключ 🗝': '\u0000\u0001',
    lone: '\ud800',
    '10': 'ten',
    '2': 'two',
  }
  const sent = {
    type: 'message',
    channelData: opaque,
    value: opaque,
    entities: [{ type: 'x', ...opaque }],
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: opaque }],
  }
  const { channelData, value, entities, attachments } = await shown(talk, sent)
  assert.deepEqual({ type: 'message', channelData, value, entities, attachments }, sent)
})

test('knows fields whatever their case, and shows them in their one spelling', async () => {
  await using talk = await startTalk()
  const activity = await shown(talk, {
    Type: 'message',
    TEXT: 'hello',
    From: { ID: 'u1', Role: 'user', NAME: 'Help desk' },
    ServiceUrl: talk.serviceUrl,
    Recipient: { Id: 'u1' },
    CHANNELID: 'x',
    Attachments: [{ ContentType: 'text/plain', ContentURL: 'https://a.example/b', NAME: 'b' }],
    Unknown: 1,
  })
  const { id, timestamp, conversation, ...rest } = activity
  assert.deepEqual(rest, {
    type: 'message',
    channelId: 'directline',
    from: { id: 'bot', role: 'bot', name: 'Help desk' },
    text: 'hello',
    attachments: [{ contentType: 'text/plain', contentUrl: 'https://a.example/b', name: 'b' }],
    Unknown: 1,
  })
})

test('shows no serviceUrl of a conversation that relatesTo points at', async () => {
  await using talk = await startTalk()
  const relatesTo = { activityId: 'a', conversation: { id: 'c' }, channelId: 'msteams', serviceUrl: talk.serviceUrl }
  const activity = await shown(talk, { type: 'event', name: 'continue', relatesTo })
  assert.deepEqual(activity['relatesTo'], { activityId: 'a', conversation: { id: 'c' }, channelId: 'msteams' })
})

test('is the same activity at a socket, in a poll and in a replay', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const id = await botSays(talk, { type: 'message', text: 'hello', channelData: { a: [1, null] }, value: { b: '' } })
  await say(talk, 'hello')
  const [polled] = await readLog(talk)
  const pushed = await socket.untilId(id)
  using late = await watch(talk)
  const replayed = await late.untilId(id)
  assert.equal(JSON.stringify(pushed), JSON.stringify(polled))
  assert.equal(JSON.stringify(replayed), JSON.stringify(polled))
})
