/**
 * Web Chat's own files, as people's pages and the console's frame get them.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openServer } from '../../../src/http/server.ts'
import { WebChatFiles, webChatFiles } from '../../../src/http/web-chat/files.ts'
import { startApp } from '../../support/app.ts'
import { call } from '../../support/http.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

const foreign = { origin: 'https://shop.example' }

/** The package comes from a registry, which may be out of reach: milliseconds. */
const bundleTimeoutMs = 60_000

test('gives the released Web Chat to pages of every origin, for good', async t => {
  const path = '/webchat/4.18.1/webchat.js'
  const { status, headers, bytes, text } = await call(`${app.origin}${path}`, {
    headers: foreign,
    timeoutMs: bundleTimeoutMs,
  })
  if (status === 503) return t.skip(`Web Chat can't be had here: ${text}`)
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(headers['access-control-allow-origin'], '*')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['content-encoding'], undefined)
  const released = '0a68ad0a64fc04d621197da10c3eec0f843e16f7d03f6bcbed29b47517cf9bff'
  assert.equal(createHash('sha256').update(bytes).digest('hex'), released)
  assert.equal((await call(`${app.origin}${path}.LICENSE.txt`)).status, 200)
  assert.equal((await call(`${app.origin}/webchat/4.18.0/webchat.js`)).status, 404)

  const small = await call(`${app.origin}${path}`, { headers: { 'accept-encoding': 'gzip, br' } })
  assert.deepEqual([small.headers['content-encoding'], small.headers.vary], ['gzip', 'Accept-Encoding'])
  assert.ok(small.bytes.length < bytes.length / 3)
  assert.equal(createHash('sha256').update(gunzipSync(small.bytes)).digest('hex'), released)
})

test('gives it to nobody but the console where that is switched off', async () => {
  await using own = await startApp({ settings: { webchat: { public: false } } })
  const file = '/webchat/4.18.1/webchat.js.LICENSE.txt'
  assert.equal((await call(`${own.origin}${file}`)).status, 404)
  const { status } = await call(`${own.origin}/console${file}`, { timeoutMs: bundleTimeoutMs })
  assert.ok(status === 200 || status === 503, String(status))
})

test('gives it outside development too', async () => {
  await using strict = await startApp({ settings: { development: false } })
  const { headers } = await call(`${strict.origin}/webchat/4.18.1/webchat.js.LICENSE.txt`, {
    timeoutMs: bundleTimeoutMs,
  })
  assert.equal(headers['access-control-allow-origin'], '*')
})

test('says why Web Chat can not be had, and keeps nobody from asking again', async () => {
  let answer: () => Promise<Uint8Array> = () => Promise.reject(new Error('The registry is out of reach.'))
  const files = new WebChatFiles({ version: '1.2.3', read: () => answer() })
  const server = openServer(
    [webChatFiles(files)],
    () => undefined,
    () => false,
  )
  const refused = await server.inject({ url: '/webchat/1.2.3/webchat.js', headers: foreign })
  assert.deepEqual([refused.statusCode, refused.body], [503, 'The registry is out of reach.'])
  assert.equal(refused.headers['cache-control'], 'no-store')
  answer = () => Promise.resolve(Buffer.from('here it is'))
  const given = await server.inject({ url: '/webchat/1.2.3/webchat.js', headers: foreign })
  assert.deepEqual([given.statusCode, given.body], [200, 'here it is'])
  await server.close()
})
