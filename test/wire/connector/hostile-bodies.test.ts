/**
 * Bodies that are meant to hurt, sent by a bot: refused with 400, or kept exactly; never a failure of the service.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readLog } from '../../support/direct-line.ts'
import { call, callRaw } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, botSays, startTalk } from '../../support/talk.ts'

test('refuses JSON that is too deep, has too many values, or names __proto__', async () => {
  await using talk = await startTalk()
  for (const value of [
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`,
    `[${'1,'.repeat(60_000)}1]`,
    '{"__proto__":{"polluted":true}}',
    '{"\\u005f_proto__":{"polluted":true}}',
  ]) {
    const answer = await call(`${talk.connector}/activities`, { raw: `{"type":"message","channelData":${value}}` })
    assertConnectorRefused(answer, 400, 'BadArgument')
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.deepEqual(await readLog(talk), [])
})

test('keeps text that other stores choke on', async () => {
  await using talk = await startTalk()
  const texts = [
    '\u0000',
    'a\u0000b',
    '\ud83d',
    '\udc00 reversed \ud83d',
    '\u2028\u2029',
    '﷽'.repeat(100),
    '\uffff',
    '\ufeffx',
  ]
  for (const text of texts)
    assertTaken(await call(`${talk.connector}/activities`, { raw: JSON.stringify({ type: 'message', text }) }))
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    texts,
  )
})

test('refuses fields beyond their limits', async () => {
  await using talk = await startTalk()
  for (const json of [
    { type: 'x'.repeat(65) },
    { type: 'message', locale: 'x'.repeat(65) },
    { type: 'message', from: { id: 'x'.repeat(257) } },
    { type: 'message', from: { name: 'x'.repeat(257) } },
    { type: 'message', attachments: Array.from({ length: 51 }, () => ({ contentType: 'a/b', content: {} })) },
  ]) {
    assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 400, 'BadArgument')
  }
})

test('accepts no compressed bodies', async () => {
  await using talk = await startTalk()
  const raw = gzipSync(JSON.stringify({ type: 'message', text: 'x'.repeat(100_000) }))
  for (const encoding of ['gzip', 'br', 'deflate', 'x']) {
    const answer = await call(`${talk.connector}/activities`, { raw, headers: { 'content-encoding': encoding } })
    assertConnectorRefused(answer, 415, 'BadArgument')
  }
})

test('takes no second request out of one that is written two ways', async () => {
  await using talk = await startTalk()
  const path = new URL(`${talk.connector}/activities`).pathname
  const hidden = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\n{"type":"message","text":"smuggl"}`
  for (const framing of [
    `Content-Length: ${hidden.length}\r\nContent-Length: 2\r\n`,
    'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    'Content-Length: +2\r\n',
  ]) {
    const answer = await callRaw(talk.app.port, `POST ${path} HTTP/1.1\r\nHost: a\r\n${framing}\r\n{}${hidden}`)
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.equal(answer.split('HTTP/1.1').length, 2, 'one answer')
  }
  await botSays(talk, 'still here')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['still here'],
  )
})

test('is not steered by Host or forwarded headers: the bot is always sent to our own address', async () => {
  await using talk = await startTalk()
  const headers = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'host=evil.example;proto=https',
  }
  const json = { type: 'message', text: 'hello', from: { id: 'u1' } }
  const posted = await call(`${talk.address}/activities`, { json, bearer: talk.token, headers })
  assert.equal(posted.status, 200)
  const [received] = talk.bot.of(talk.conversation, 'message')
  assert.equal(received?.serviceUrl, talk.serviceUrl)
  const dataUrl = { type: 'message', attachments: [{ contentType: 'a/b', contentUrl: 'data:a/b;base64,YQ==' }] }
  assertTaken(await call(`${talk.connector}/activities`, { json: dataUrl, headers }))
  assert.equal(JSON.stringify(await readLog(talk)).includes('evil.example'), false)
})
