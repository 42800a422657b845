/**
 * `POST /v3/conversations/{id}/attachments`: a bot uploads a file and gets an id to build its address with.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, startTalk, type Talk } from '../../support/talk.ts'

const upload = (talk: Talk, json: unknown): Promise<Answer> => call(`${talk.connector}/attachments`, { json })
const original = (talk: Talk, id: string) => call(`${talk.serviceUrl}v3/attachments/${id}/views/original`)

test('answers 200 with an id that leads to the file', async () => {
  await using talk = await startTalk()
  const bytes = Buffer.from('fifteen bytes…')
  const json = { type: 'text/plain', name: 'a.txt', originalBase64: bytes.toString('base64') }
  const id = assertTaken(await upload(talk, json))
  assert.deepEqual((await original(talk, id)).bytes, bytes)
})

test('gives an id that no path has to escape, that cannot be guessed, and that is never given twice', async () => {
  await using talk = await startTalk()
  const json = { type: 'text/plain', name: 'a.txt', originalBase64: 'YQ==' }
  const ids = new Set<string>()
  for (let n = 0; n < 5; n += 1) ids.add(assertTaken(await upload(talk, json)))
  assert.equal(ids.size, 5)
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9._-]+$/)
    assert.ok(id.replace(talk.conversation, '').length >= 22, 'at least 128 random bits of its own')
  }
})

test('takes base64 as any encoder writes it, property names in any case, and a file without bytes or name', async () => {
  await using talk = await startTalk()
  for (const [json, expected] of [
    [{ type: 'image/png', originalBase64: Buffer.from([0xfb, 0xff, 0xfe]).toString('base64') }, [0xfb, 0xff, 0xfe]],
    [{ type: 'image/png', originalBase64: Buffer.from([0xfb, 0xff, 0xfe]).toString('base64url') }, [0xfb, 0xff, 0xfe]],
    [{ Type: 'image/png', Name: 'b', OriginalBase64: 'YQ' }, [0x61]],
    [{ type: 'image/png', name: null, originalBase64: 'YQ==', thumbnailBase64: null }, [0x61]],
    [{ type: 'image/png', name: 'empty', originalBase64: '' }, []],
  ] as const) {
    const id = assertTaken(await upload(talk, json))
    assert.deepEqual((await original(talk, id)).bytes, Buffer.from(expected))
  }
})

test('answers 400 MissingProperty without type or originalBase64', async () => {
  await using talk = await startTalk()
  for (const json of [
    {},
    { type: 'image/png' },
    { originalBase64: 'YQ==' },
    { type: '', originalBase64: 'YQ==' },
    { type: 'image/png', originalBase64: null },
  ]) {
    assertConnectorRefused(await upload(talk, json), 400, 'MissingProperty')
  }
})

test('answers 400 BadArgument to a body that is not an object and to what is not base64', async () => {
  await using talk = await startTalk()
  for (const json of [
    [],
    'file',
    { type: 'image/png', originalBase64: 'not base64!' },
    { type: 'image/png', originalBase64: 5 },
    { type: 'image/png', originalBase64: { type: 'Buffer', data: [1, 2] } },
    { type: 'image/png', originalBase64: 'YQ==', thumbnailBase64: '§' },
  ]) {
    assertConnectorRefused(await upload(talk, json), 400, 'BadArgument')
  }
  const unreadable = await call(`${talk.connector}/attachments`, { raw: '{"type":' })
  assert.equal(unreadable.status, 400)
})

test('takes a file of 4 MiB and answers 413 MessageSizeTooBig to a larger one', async () => {
  await using talk = await startTalk()
  const file = (bytes: number) => ({
    type: 'image/png',
    name: 'x',
    originalBase64: Buffer.alloc(bytes).toString('base64'),
  })
  const id = assertTaken(await upload(talk, file(4 * 1024 * 1024)))
  assert.equal((await original(talk, id)).bytes.length, 4 * 1024 * 1024)
  assertConnectorRefused(await upload(talk, file(4 * 1024 * 1024 + 1)), 413, 'MessageSizeTooBig')
  assertConnectorRefused(await upload(talk, file(8 * 1024 * 1024)), 413, 'MessageSizeTooBig')
})
