/**
 * `POST /v3/conversations/{id}/activities`: what a bot says is in the log, and at every open socket, when it has its
 * answer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPage, message, numberOf, readLog, say } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, botSays, startTalk, watch } from '../../support/talk.ts'

test('answers 200 with the id by which clients know the activity', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const id = assertTaken(await call(`${talk.connector}/activities`, { json: { type: 'message', text: 'Hello.' } }))
  assert.match(id, /^[A-Za-z0-9_-]+\|\d{7,}$/)
  assert.equal(id.split('|')[0], talk.conversation)
  assert.equal((await readLog(talk))[0]?.id, id)
  assert.equal((await socket.untilText('Hello.')).id, id)
})

test('is readable as soon as it is answered', async () => {
  await using talk = await startTalk()
  for (let n = 1; n <= 10; n += 1) {
    const id = await botSays(talk, `number ${n}`)
    const { body } = await getPage(talk)
    assert.equal(body.activities?.at(-1)?.id, id)
    assert.equal(body.watermark, String(n))
  }
})

test('numbers what the bot says along with what people say', async () => {
  await using talk = await startTalk()
  const ids = [
    await say(talk, 'one'),
    await botSays(talk, 'two'),
    await say(talk, 'three'),
    await botSays(talk, 'four'),
  ]
  assert.deepEqual(ids.map(numberOf), [1, 2, 3, 4])
  const log = await readLog(talk)
  assert.deepEqual(
    log.map(({ id }) => id),
    ids,
  )
  const times = log.map(({ timestamp }) => Date.parse(timestamp ?? ''))
  assert.deepEqual(
    times,
    [...new Set(times)].sort((a, b) => a - b),
    'timestamps grow strictly',
  )
})

test('sets no replyToId', async () => {
  await using talk = await startTalk()
  await say(talk, 'a question')
  await botSays(talk, 'not an answer')
  assert.equal('replyToId' in ((await readLog(talk))[1] ?? {}), false)
})

test('reads the body as JSON whatever its Content-Type says, and without one', async () => {
  await using talk = await startTalk()
  const raw = JSON.stringify({ type: 'message', text: 'Grüße, 世界 🌍' })
  for (const type of [
    undefined,
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-www-form-urlencoded',
    ';',
  ]) {
    const headers = type === undefined ? {} : { 'content-type': type }
    assertTaken(await call(`${talk.connector}/activities`, { raw, headers }))
  }
  assert.deepEqual(new Set((await readLog(talk)).map(({ text }) => text)), new Set(['Grüße, 世界 🌍']))
})

test('answers 400 BadSyntax to a body that is missing or not JSON', async () => {
  await using talk = await startTalk()
  for (const raw of ['', 'null', '{', '{"type":"message"', 'type=message', Buffer.from([0x22, 0xff, 0x22])]) {
    assertConnectorRefused(await call(`${talk.connector}/activities`, { method: 'POST', raw }), 400, 'BadSyntax')
  }
  assertConnectorRefused(await call(`${talk.connector}/activities`, { method: 'POST' }), 400, 'BadSyntax')
  assert.deepEqual(await readLog(talk), [])
})

test('answers 400 MissingProperty to an activity without a type', async () => {
  await using talk = await startTalk()
  for (const json of [{}, { text: 'hello' }, { type: null }, { type: '' }]) {
    assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 400, 'MissingProperty')
  }
})

test('answers 400 BadArgument to what is not an activity, and to fields of a wrong type', async () => {
  await using talk = await startTalk()
  for (const json of [
    [],
    'message',
    5,
    { type: 5 },
    message('', 'bot', { text: 5 }),
    { type: 'message', attachments: {} },
    { type: 'message', attachments: ['file'] },
    { type: 'message', attachments: [{ contentUrl: 5 }] },
    { type: 'message', from: 'bot' },
    { type: 'message', entities: 'none' },
    { type: 'message', suggestedActions: [] },
    { type: 'message', replyToId: 7 },
  ]) {
    assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 400, 'BadArgument')
  }
  assert.deepEqual(await readLog(talk), [])
})

test('answers 400 BadArgument to an invoke, which only clients send', async () => {
  await using talk = await startTalk()
  const json = { type: 'invoke', name: 'signin/verifyState', value: { state: '123456' } }
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 400, 'BadArgument')
  assertConnectorRefused(await call(`${talk.connector}/activities/made-up`, { json }), 400, 'BadArgument')
  assert.deepEqual(await readLog(talk), [])
})

test('answers 413 MessageSizeTooBig to an activity over the limit, and takes the largest below it', async () => {
  await using talk = await startTalk()
  const around = JSON.stringify({ type: 'message', text: '' }).length
  const largest = { type: 'message', text: 'x'.repeat(256 * 1024 - around) }
  assertTaken(await call(`${talk.connector}/activities`, { json: largest }))
  const over = { ...largest, text: `${largest.text}x` }
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json: over }), 413, 'MessageSizeTooBig')
  const far = { type: 'message', text: 'x'.repeat(2 * 1024 * 1024) }
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json: far }), 413, 'MessageSizeTooBig')
  await botSays(talk, 'still here')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text?.length),
    [largest.text.length, 10],
  )
})

test('answers 405 with Allow to other methods', async () => {
  await using talk = await startTalk()
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await call(`${talk.connector}/activities`, { method })
    assertConnectorRefused(answer, 405, 'BadArgument')
    assert.match(answer.headers['allow'] ?? '', /POST/)
  }
})

test('loses nothing of a bot that sends forty at once, and answers each with its own id', async () => {
  await using talk = await startTalk()
  const texts = Array.from({ length: 40 }, (_, n) => `all at once ${n}`)
  const ids = await Promise.all(texts.map(text => botSays(talk, text)))
  const log = await readLog(talk)
  assert.deepEqual(
    log.map(({ id }) => numberOf(id)),
    texts.map((_, n) => n + 1),
  )
  assert.deepEqual(new Map(log.map(({ id, text }) => [text, id])), new Map(texts.map((text, n) => [text, ids[n]])))
})
