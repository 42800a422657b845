/**
 * `GET /v3/attachments/{id}`: what is known of an uploaded file. It takes no credential but the id.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, startTalk } from '../../support/talk.ts'

const file = { type: 'image/png', name: 'picture.png', originalBase64: 'YWJjZA==' }

test('tells name, type and views', async () => {
  await using talk = await startTalk()
  const plain = assertTaken(await call(`${talk.connector}/attachments`, { json: file }))
  const answer = await call(`${talk.serviceUrl}v3/attachments/${plain}`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(answer.body, { name: 'picture.png', type: 'image/png', views: [{ viewId: 'original', size: 4 }] })

  const json = { ...file, thumbnailBase64: 'YQ==' }
  const small = assertTaken(await call(`${talk.connector}/attachments`, { json }))
  assert.deepEqual((await call(`${talk.serviceUrl}v3/attachments/${small}`)).body['views'], [
    { viewId: 'original', size: 4 },
    { viewId: 'thumbnail', size: 1 },
  ])
})

test('is told at the bare address as well, with any credential or none', async () => {
  await using talk = await startTalk()
  const id = assertTaken(await call(`${talk.connector}/attachments`, { json: file }))
  for (const bearer of [undefined, 'a-bot-token-of-its-own']) {
    const answer = await call(`${talk.app.origin}/v3/attachments/${id}`, { bearer })
    assert.equal(answer.status, 200)
    assert.equal(answer.body['name'], 'picture.png')
  }
})

test('answers 404 to an id that was never given, and tells near ones from far ones in nothing', async () => {
  await using talk = await startTalk()
  const id = assertTaken(await call(`${talk.connector}/attachments`, { json: file }))
  const answers = []
  for (const wrong of [
    'nothing',
    `${id}x`,
    id.slice(0, -1),
    id.toLowerCase() === id ? id.toUpperCase() : id.toLowerCase(),
    `${talk.conversation}.${'0'.repeat(22)}`,
    `..%2F..%2F${id}`,
    `${talk.conversation}.`,
    '.',
    '__proto__',
  ]) {
    const answer = await call(`${talk.app.origin}/v3/attachments/${wrong}`)
    if (wrong !== '.') assertConnectorRefused(answer, 404, 'BadArgument')
    answers.push(answer.status)
  }
  assert.deepEqual(new Set(answers), new Set([404]))
})

test('answers 404 a day later', async () => {
  await using talk = await startTalk()
  const id = assertTaken(await call(`${talk.connector}/attachments`, { json: { ...file, thumbnailBase64: 'YQ==' } }))
  talk.app.advanceClock(24 * 60 * 60 * 1000 + 1000)
  for (const path of ['', '/views/original', '/views/thumbnail']) {
    assertConnectorRefused(await call(`${talk.serviceUrl}v3/attachments/${id}${path}`), 404, 'BadArgument')
  }
})
