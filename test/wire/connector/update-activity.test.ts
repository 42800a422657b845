/**
 * `PUT /v3/conversations/{id}/activities/{activity}`: what a bot has said gives way to something else, in every window.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPage, readLog, say } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import {
  assertConnectorRefused,
  assertTaken,
  botSays,
  openTalk,
  startTalk,
  type Talk,
  watch,
} from '../../support/talk.ts'

const update = (talk: Talk, id: string, activity: unknown, headers: Readonly<Record<string, string>> = {}) =>
  call(`${talk.connector}/activities/${encodeURIComponent(id)}`, { method: 'PUT', json: activity, headers })

test('answers 200 with the id the activity had', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'Wait…')
  assert.equal(assertTaken(await update(talk, id, { type: 'message', id, text: 'Done.' })), id)
})

test('takes an activity that does not repeat its id, and ids in either spelling of the bar', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'Wait…')
  const address = `${talk.connector}/activities/`
  for (const spelling of [id, id.replace('|', '%7C'), id.replace('|', '%7c')]) {
    const json = { type: 'message', text: spelling }
    assert.equal(assertTaken(await call(address + spelling, { method: 'PUT', json })), id)
  }
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    [id.replace('|', '%7c')],
  )
})

test('keeps id and timestamp at a later position, and never shows the old text again', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'old')
  await say(talk, 'in between')
  const before = await readLog(talk)
  assertTaken(await update(talk, id, { type: 'message', id, text: 'new' }))
  const after = await readLog(talk)
  assert.deepEqual(
    after.map(({ text }) => text),
    ['in between', 'new'],
  )
  assert.equal(after[1]?.id, id)
  assert.equal(after[1]?.timestamp, before[0]?.timestamp)
  assert.equal((await getPage(talk)).body.watermark, '3')
})

test('is a replacement, not a patch', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, {
    type: 'message',
    text: 'old',
    speak: 'old',
    channelData: { a: 1 },
    suggestedActions: { to: [], actions: [] },
    replyToId: 'something',
  })
  assertTaken(await update(talk, id, { type: 'message', text: 'new', channelData: { b: 2 } }))
  const [updated] = await readLog(talk)
  assert.deepEqual(updated, {
    id,
    timestamp: updated?.timestamp,
    type: 'message',
    channelId: 'directline',
    conversation: { id: talk.conversation },
    from: { id: 'bot', name: 'Bot', role: 'bot' },
    text: 'new',
    channelData: { b: 2 },
  })
})

test('reaches open sockets, polls and later replays', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const id = await botSays(talk, 'old')
  const { watermark } = (await getPage(talk)).body
  await socket.untilText('old')
  assertTaken(await update(talk, id, { type: 'message', text: 'new' }))

  const pushed = await socket.untilText('new')
  assert.equal(pushed.id, id)
  assert.equal(socket.sets.at(-1)?.watermark, '2')
  const poll = (await getPage(talk, watermark)).body
  assert.deepEqual(poll.activities, [pushed])
  assert.equal(poll.watermark, '2')
  using late = await watch(talk)
  await late.untilText('new')
  assert.deepEqual(late.activities, [pushed])
  using resumed = await watch(talk, watermark)
  await resumed.untilText('new')
  assert.deepEqual(resumed.activities, [pushed])
})

test('can be done again and again; whoever reads later gets the last one only', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const id = await botSays(talk, 'version 0')
  for (let n = 1; n <= 20; n += 1) assertTaken(await update(talk, id, { type: 'message', text: `version ${n}` }))
  await socket.untilText('version 20')
  const seen = socket.activities.map(({ text }) => Number(text?.split(' ')[1]))
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
    'no version after a later one',
  )
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['version 20'],
  )
  assert.equal((await getPage(talk)).body.watermark, '21')
})

test('shows fields of the service as on any activity of the bot', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'old')
  const posed = {
    type: 'message',
    text: 'new',
    timestamp: '2001-01-01T00:00:00Z',
    from: { id: 'u1', role: 'user' },
    conversation: { id: 'elsewhere' },
    recipient: { id: 'u1' },
    serviceUrl: talk.serviceUrl,
    channelId: 'msteams',
    callerId: 'somebody',
  }
  assertTaken(await update(talk, id, posed))
  const [updated] = await readLog(talk)
  assert.equal(updated?.from?.id, 'bot')
  assert.equal(updated?.from?.role, 'bot')
  assert.deepEqual(updated?.conversation, { id: talk.conversation })
  assert.equal(updated?.channelId, 'directline')
  assert.notEqual(updated?.timestamp, posed.timestamp)
  for (const name of ['recipient', 'serviceUrl', 'callerId']) assert.equal(name in (updated ?? {}), false, name)
})

test('answers 400 BadArgument when the ids of address and activity differ', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'one')
  const other = await botSays(talk, 'two')
  assertConnectorRefused(await update(talk, id, { type: 'message', id: other, text: 'three' }), 400, 'BadArgument')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['one', 'two'],
  )
})

test('answers 404 ActivityNotFoundInConversation to an activity that is not there', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const foreign = await botSays(other, 'elsewhere')
  await botSays(talk, 'here')
  const typing = await botSays(talk, { type: 'typing' })
  for (const id of [
    'made-up',
    foreign,
    typing,
    `${talk.conversation}|0000002`,
    `${talk.conversation}|0000000`,
    talk.conversation,
  ]) {
    const answer = await update(talk, id, { type: 'message', text: 'new' })
    assertConnectorRefused(answer, 404, 'ActivityNotFoundInConversation')
  }
  assert.deepEqual(
    (await readLog(other)).map(({ text }) => text),
    ['elsewhere'],
  )
})

test('answers 404 to an activity that has been deleted', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'gone')
  await call(`${talk.connector}/activities/${id}`, { method: 'DELETE' })
  const answer = await update(talk, id, { type: 'message', text: 'back' })
  assertConnectorRefused(answer, 404, 'ActivityNotFoundInConversation')
  assert.equal(
    (await readLog(talk)).some(({ text }) => text === 'back'),
    false,
  )
})

test('answers 403 to a bot that would change what a person has said', async () => {
  await using talk = await startTalk()
  const id = await say(talk, 'my own words')
  const answer = await update(talk, id, { type: 'message', text: 'other words' })
  assert.equal(answer.status, 403)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['my own words'],
  )
})

test('refuses bodies as sending does', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'old')
  const address = `${talk.connector}/activities/${id}`
  assertConnectorRefused(await call(address, { method: 'PUT', raw: '{' }), 400, 'BadSyntax')
  assertConnectorRefused(await call(address, { method: 'PUT' }), 400, 'BadSyntax')
  assertConnectorRefused(await call(address, { method: 'PUT', json: { text: 'no type' } }), 400, 'MissingProperty')
  assertConnectorRefused(await call(address, { method: 'PUT', json: [] }), 400, 'BadArgument')
  const large = { type: 'message', text: 'x'.repeat(256 * 1024) }
  assertConnectorRefused(await call(address, { method: 'PUT', json: large }), 413, 'MessageSizeTooBig')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['old'],
  )
})

test('answers 400 BadArgument to an update that would make an invoke', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'old')
  assertConnectorRefused(await update(talk, id, { type: 'invoke', name: 'x' }), 400, 'BadArgument')
  assert.deepEqual(
    (await readLog(talk)).map(({ type }) => type),
    ['message'],
  )
})

test('never brings a type into the log that clients are not shown', async () => {
  await using talk = await startTalk()
  for (const type of ['conversationUpdate', 'contactRelationUpdate', 'typing', 'trace', 'delay', 'invokeResponse']) {
    await update(talk, await botSays(talk, 'old'), { type, text: 'new' })
  }
  assert.deepEqual(new Set((await readLog(talk)).map(({ type }) => type)), new Set(['message']))
})

test('answers 405 BadArgument where updates are off', async () => {
  await using talk = await startTalk({ app: { botSettings: { updates: false } } })
  const id = await botSays(talk, 'old')
  assertConnectorRefused(await update(talk, id, { type: 'message', text: 'new' }), 405, 'BadArgument')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['old'],
  )
})

test('sent again with the same request id, it happens once', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'old')
  const headers = { 'x-ms-client-request-id': '5d0b6a3e-0000-4000-8000-000000000001' }
  const answers = await Promise.all([1, 2, 3].map(() => update(talk, id, { type: 'message', text: 'new' }, headers)))
  answers.push(await update(talk, id, { type: 'message', text: 'new' }, headers))
  for (const answer of answers) assert.equal(assertTaken(answer), id)
  assert.equal((await getPage(talk)).body.watermark, '2')
})
