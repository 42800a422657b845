/**
 * What a bot is sent: a plain POST with one whole activity, cleaned of what SDKs choke on and of nothing else.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { post, readLog, say } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { openTalk, startTalk, type Talk } from '../../support/talk.ts'

/** What the bot gets of what a client posts. */
async function sent(talk: Talk, activity: WireActivity): Promise<WireActivity> {
  const { status, body, text } = await post(talk, activity)
  assert.equal(status, 200, text)
  const found = talk.bot.activities.find(({ id }) => id === body.id)
  assert.ok(found)
  return found
}

test('is one POST to the endpoint, as JSON, with no credential and asking for nothing compressed', async () => {
  await using talk = await startTalk()
  await say(talk, 'Grüße')
  const { method, path, headers, text } = talk.bot.requests.at(-1) ?? assert.fail()
  assert.equal(method, 'POST')
  assert.equal(path, '/api/messages')
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers.host, `127.0.0.1:${talk.bot.port}`)
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)))
  assert.equal(headers['authorization'], undefined)
  assert.equal(headers['cookie'], undefined)
  assert.ok(['identity', undefined].includes(headers['accept-encoding']?.toString()))
})

test('goes to the endpoint with the query it has', async () => {
  await using bot = await startBot()
  await using app = await startApp({ bot: `${bot.url}?code=a%20b&c=` })
  await openTalk(app, bot)
  assert.equal(bot.requests[0]?.path, '/api/messages?code=a%20b&c=')
})

test('has every field a bot needs', async () => {
  await using talk = await startTalk()
  const earliest = Date.now() - 1
  const activity = await sent(talk, { type: 'message', text: 'hello', from: { id: 'somebody else', name: 'X' } })
  assert.deepEqual(activity, {
    type: 'message',
    id: `${talk.conversation}|0000001`,
    timestamp: activity.timestamp,
    channelId: 'directline',
    serviceUrl: talk.serviceUrl,
    from: { id: 'u1', name: 'Uma', role: 'user' },
    recipient: { id: 'bot', name: 'Bot' },
    conversation: { id: talk.conversation },
    text: 'hello',
  })
  assert.ok(Date.parse(activity.timestamp ?? '') >= earliest)
  assert.ok(talk.serviceUrl.startsWith(`${talk.app.origin}/`))
})

test('has the id and time that clients see', async () => {
  await using talk = await startTalk()
  const activity = await sent(talk, { type: 'message', text: 'hello' })
  const [shown] = await readLog(talk)
  assert.equal(shown?.id, activity.id)
  assert.equal(shown?.timestamp, activity.timestamp)
  for (const name of ['serviceUrl', 'recipient']) assert.equal(name in (shown ?? {}), false)
})

test('takes nothing of the service’s own fields from a client', async () => {
  await using talk = await startTalk()
  const activity = await sent(talk, {
    type: 'message',
    text: 'hello',
    id: 'x',
    timestamp: 'y',
    channelId: 'webchat',
    serviceUrl: 'https://evil.example/',
    ServiceUrl: 'https://evil.example/',
    callerId: 'urn:botframework:azure',
    recipient: { id: 'x' },
    conversation: { id: 'x' },
    eTag: 'x',
    relatesTo: { serviceUrl: 'https://evil.example/', conversation: { id: 'c' } },
    from: { id: 'u1', role: 'bot' },
  })
  assert.equal(JSON.stringify(activity).includes('evil.example'), false)
  for (const name of ['callerId', 'eTag']) assert.equal(name in activity, false)
  assert.equal(activity.from?.role, 'user')
  assert.deepEqual(activity.recipient, { id: 'bot', name: 'Bot' })
})

test('has no null and no empty string where SDKs expect text or lists; clients still see what was sent', async () => {
  await using talk = await startTalk({ user: null })
  const posted = {
    type: 'message',
    text: null,
    locale: '',
    speak: '',
    attachments: [{ contentType: 'image/png', contentUrl: 'https://a.example/b', name: '', thumbnailUrl: null }],
    entities: null,
    suggestedActions: { to: null, actions: [{ type: 'imBack', title: '', value: 'x' }, null] },
    from: { id: 'u1', name: null, role: '' },
    localTimestamp: '',
    unknown: null,
    another: { list: [1, null, ''], empty: '', none: null },
    inputHint: null,
  } as unknown as WireActivity
  const activity = await sent({ ...talk, token: talk.secret }, posted)
  const { id, timestamp, channelId, serviceUrl, recipient, conversation, ...rest } = activity
  assert.deepEqual(rest, {
    type: 'message',
    attachments: [{ contentType: 'image/png', contentUrl: 'https://a.example/b' }],
    suggestedActions: { to: [], actions: [{ type: 'imBack', title: 'x', value: 'x' }] },
    from: { id: 'u1', role: 'user' },
    unknown: null,
    another: posted['another'],
  })
  const [shown] = await readLog({ ...talk, token: talk.secret })
  assert.equal(shown?.text, null)
  assert.equal(shown?.locale, '')
  assert.deepEqual(shown?.attachments, posted.attachments)
})

test('has nothing that the Agents SDK’s schema refuses: what is empty or lacks what it needs goes, or is given it', async () => {
  await using talk = await startTalk()
  const file = { contentUrl: 'https://a.example/b.png' }
  for (const [posted, expected] of [
    [{ listenFor: ['', 'stop'] }, { listenFor: ['stop'] }],
    [{ listenFor: 'stop' }, {}],
    [
      { entities: [{ type: '' }, { type: null }, {}, { type: 5 }, { type: 'x', a: '' }] },
      { entities: [{ type: 'x', a: '' }] },
    ],
    [
      { reactionsAdded: [{ type: '' }, {}], reactionsRemoved: [{ type: 'like' }] },
      { reactionsAdded: [], reactionsRemoved: [{ type: 'like' }] },
    ],
    [
      {
        attachments: [
          { contentType: '' },
          { name: 'a.txt' },
          { ...file, contentType: '' },
          file,
          { content: { a: 1 } },
        ],
      },
      {
        attachments: [
          { contentType: 'image/png', ...file },
          { ...file, contentType: 'image/png' },
          { content: { a: 1 }, contentType: 'application/octet-stream' },
        ],
      },
    ],
    [
      { attachments: [{ contentUrl: 'data:text/css;base64,YQ==' }] },
      { attachments: [{ contentUrl: 'data:text/css;base64,YQ==', contentType: 'text/css' }] },
    ],
    [
      { entities: [{ Type: 'mention', Text: 'x' }], suggestedActions: { Actions: [{ Type: 'imBack', Title: 'x' }] } },
      {
        entities: [{ type: 'mention', Text: 'x' }],
        suggestedActions: { actions: [{ type: 'imBack', title: 'x' }], to: [] },
      },
    ],
    [{ suggestedActions: {} }, { suggestedActions: { to: [], actions: [] } }],
    [
      {
        suggestedActions: {
          to: ['', 'u1'],
          actions: [{ type: 'imBack', value: 'x' }, { title: 'y' }, { type: 'openUrl' }, 5],
        },
      },
      { suggestedActions: { to: ['u1'], actions: [{ type: 'imBack', value: 'x', title: 'x' }] } },
    ],
    [
      { textHighlights: [{ text: 'a', occurrence: 1 }, { text: 'b' }] },
      { textHighlights: [{ text: 'a', occurrence: 1 }] },
    ],
    [{ semanticAction: { id: 'a', state: 'start' } }, { semanticAction: { id: 'a', state: 'start', entities: {} } }],
    [{ semanticAction: { entities: {} }, relatesTo: {}, historyDisclosed: 'no' }, {}],
    [
      { relatesTo: { conversation: { id: 'c' } } },
      { relatesTo: { conversation: { id: 'c' }, channelId: 'directline' } },
    ],
    [{ from: { id: 'u1', aadObjectId: 5 } }, {}],
  ] as const) {
    const activity = await sent(talk, { type: 'message', text: 'hello', ...posted } as unknown as WireActivity)
    const { id, timestamp, channelId, serviceUrl, recipient, conversation, from, ...rest } = activity
    assert.deepEqual(rest, { type: 'message', text: 'hello', ...expected })
    assert.deepEqual(from, { id: 'u1', name: 'Uma', role: 'user' })
    const shown = (await readLog(talk)).at(-1)
    for (const [name, value] of Object.entries(posted)) if (name !== 'from') assert.deepEqual(shown?.[name], value)
  }
})

test('leaves channelData, value, entities and contents of cards exactly as they were, nulls and all', async () => {
  await using talk = await startTalk()
  const opaque = { a: null, b: '', c: [null, ''], From: { ID: '' }, ключ: '\ud800', nested: { d: [{ e: null }] } }
  const posted = {
    type: 'message',
    text: '',
    channelData: opaque,
    value: opaque,
    entities: [{ type: 'x', ...opaque }],
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: opaque, name: '' }],
  }
  const { channelData, value, entities, attachments, ...rest } = await sent(talk, posted)
  assert.deepEqual({ channelData, value, entities }, { channelData: opaque, value: opaque, entities: posted.entities })
  assert.deepEqual(attachments, [{ contentType: 'application/vnd.microsoft.card.adaptive', content: opaque }])
  assert.equal('text' in rest, false)
})

test('keeps every other field a client sends, known or not', async () => {
  await using talk = await startTalk()
  const posted = {
    type: 'x.custom',
    textFormat: 'plain',
    locale: 'de-CH',
    localTimestamp: '2026-01-05T10:12:44+01:00',
    localTimezone: 'Europe/Zurich',
    replyToId: 'x',
    entities: [{ type: 'ClientCapabilities', requiresBotState: true, supportsListening: true, supportsTts: true }],
    suggestedActions: { to: [], actions: [] },
    unknownField: [1, 2.5, true, { a: 1e21 }],
    importance: 'high',
  }
  const { id, timestamp, channelId, serviceUrl, recipient, conversation, from, ...rest } = await sent(talk, posted)
  assert.deepEqual(rest, posted)
})

test('never has the client’s deliveryMode, unless the bot is set to get it; clients see it', async () => {
  await using talk = await startTalk()
  for (const deliveryMode of ['stream', 'expectReplies', 'normal', 'notification']) {
    const activity = await sent(talk, { type: 'message', text: 'hello', deliveryMode })
    if (deliveryMode === 'stream' || deliveryMode === 'expectReplies') assert.equal('deliveryMode' in activity, false)
  }
  const shown = (await readLog(talk)).map(({ deliveryMode }) => deliveryMode)
  assert.deepEqual(shown, ['stream', 'expectReplies', 'normal', 'notification'])
})

test('has it where the bot is set to get it; but expectReplies is the service’s to ask', async () => {
  await using talk = await startTalk({ app: { botSettings: { passDeliveryMode: true } } })
  assert.equal((await sent(talk, { type: 'message', text: 'a', deliveryMode: 'stream' })).deliveryMode, 'stream')
  const normal = (await sent(talk, { type: 'message', text: 'b', deliveryMode: 'expectReplies' })).deliveryMode
  assert.ok(normal === undefined || normal === 'normal')
})

test('is not told of a conversation’s reading: reconnects and sockets are between service and client', async () => {
  await using talk = await startTalk()
  const before = talk.bot.activities.length
  await call(talk.address, { bearer: talk.token })
  await call(`${talk.address}/activities`, { bearer: talk.token })
  await call(`${talk.app.base}/conversations`, { method: 'POST', bearer: talk.token })
  await say(talk, 'hello')
  assert.deepEqual(
    talk.bot.activities.slice(before).map(({ type }) => type),
    ['message'],
  )
})
