/**
 * `GET /v3/attachments/{id}/views/{view}`: the bytes of an uploaded file, inert whatever they are.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, startTalk, type Talk } from '../../support/talk.ts'

async function view(talk: Talk, json: unknown, name = 'original'): Promise<Answer> {
  const id = assertTaken(await call(`${talk.connector}/attachments`, { json }))
  return call(`${talk.serviceUrl}v3/attachments/${id}/views/${name}`)
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

test('answers 200 with the bytes as they were sent, and no redirect', async () => {
  await using talk = await startTalk()
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, n) => (n * 31) % 256))
  const json = {
    type: 'image/png',
    name: 'p.png',
    originalBase64: bytes.toString('base64'),
    thumbnailBase64: base64('s'),
  }
  const answer = await view(talk, json)
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.bytes, bytes)
  assert.equal(answer.headers['content-length'], String(bytes.length))
  assert.equal(answer.headers['content-type'], 'image/png')
  assert.equal((await view(talk, json, 'thumbnail')).text, 's')
})

test('can run nothing in the origin of the service', async () => {
  await using talk = await startTalk()
  for (const type of [
    'text/html',
    'image/svg+xml',
    'application/xml',
    'application/pdf',
    'text/javascript',
    'image/png',
  ]) {
    const { headers } = await view(talk, { type, name: 'x', originalBase64: base64('<script>alert(1)</script>') })
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /sandbox/)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.match(headers['content-disposition'] ?? '', type === 'image/png' ? /^inline/ : /^attachment/)
  }
})

test('serves a type that is none as application/octet-stream', async () => {
  await using talk = await startTalk()
  for (const type of ['none', 'text/html\r\nset-cookie: a=b', 'image/png, text/html', 'é/é', `a/${'b'.repeat(300)}`]) {
    const { status, headers } = await view(talk, { type, name: 'x', originalBase64: 'YQ==' })
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.equal(headers['set-cookie'], undefined)
  }
})

test('tells the name in its encoded form only, without folders or anything invisible', async () => {
  await using talk = await startTalk()
  for (const [name, expected] of [
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\Grüße.txt', 'Gr%C3%BC%C3%9Fe.txt'],
    ['a"\r\nset-cookie: b=c', 'a%22set-cookie%3A%20b%3Dc'],
    ['exe.\u202egnp.exe', 'exe.gnp.exe'],
    ['', 'file'],
  ] as const) {
    const { headers } = await view(talk, { type: 'text/plain', name, originalBase64: 'YQ==' })
    assert.equal(headers['content-disposition'], `attachment; filename*=UTF-8''${expected}`)
    assert.equal(headers['set-cookie'], undefined)
  }
})

test('can be read by scripts of any page, because clients show what they fetch', async () => {
  await using talk = await startTalk()
  const { headers } = await view(talk, { type: 'text/plain', name: 'x', originalBase64: 'YQ==' })
  assert.ok(headers['access-control-allow-origin'])
})

test('answers HEAD as GET, without the bytes', async () => {
  await using talk = await startTalk()
  const json = { type: 'text/plain', name: 'x', originalBase64: 'YWJj' }
  const id = assertTaken(await call(`${talk.connector}/attachments`, { json }))
  const answer = await call(`${talk.serviceUrl}v3/attachments/${id}/views/original`, { method: 'HEAD' })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-length'], '3')
  assert.equal(answer.bytes.length, 0)
})

test('answers 404 to a view that is not there', async () => {
  await using talk = await startTalk()
  const json = { type: 'text/plain', name: 'x', originalBase64: 'YQ==' }
  for (const name of ['thumbnail', 'large', '__proto__', 'original-thumbnail']) {
    assertConnectorRefused(await view(talk, json, name), 404, 'BadArgument')
  }
  const never = await call(`${talk.serviceUrl}v3/attachments/${talk.conversation}.${'0'.repeat(22)}/views/original`)
  assertConnectorRefused(never, 404, 'BadArgument')
})
