/**
 * The chat page's files: what a browser is given, and what it is told to refuse.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { call } from '../../support/http.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

const foreign = { origin: 'https://shop.example' }

/** The package comes from a registry, which may be out of reach: milliseconds. */
const bundleTimeoutMs = 60_000

test('leads whoever opens the address of the service to the chat', async () => {
  const answer = await call(`${app.origin}/`)
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.location, '/chat')
})

test('gives the page with a policy that runs no script but its own files', async () => {
  const { status, headers, text } = await call(`${app.origin}/chat`, { headers: foreign })
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.equal(headers['access-control-allow-origin'], undefined)
  assert.deepEqual(String(headers['content-security-policy']).split('; '), [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    'img-src http: https: data: blob:',
    'media-src http: https: data: blob:',
    `connect-src 'self' blob: ${app.origin} ${app.origin.replace('http', 'ws')}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ])
  for (const [, attributes = '', content] of text.matchAll(/<script([^>]*)>([^<]*)/g)) {
    assert.match(attributes, /src="\//)
    assert.equal(content, '')
  }
})

test('lets the page connect to the address that clients are told, if that is another', async () => {
  await using other = await startApp({ settings: { publicUrl: 'https://chat.example/line/' } })
  const { headers } = await call(`${other.origin}/chat`)
  assert.match(
    String(headers['content-security-policy']),
    /connect-src 'self' blob: https:\/\/chat\.example wss:\/\/chat\.example;/,
  )
})

test('gives the script and the style of the page', async () => {
  for (const [path, type] of [
    ['/chat/chat.js', 'text/javascript; charset=utf-8'],
    ['/chat/look.js', 'text/javascript; charset=utf-8'],
    ['/chat/chat.css', 'text/css; charset=utf-8'],
  ] as const) {
    const { status, headers } = await call(`${app.origin}${path}`, { headers: foreign })
    assert.deepEqual([status, headers['content-type'], headers['x-content-type-options']], [200, type, 'nosniff'])
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

test('gives the released Web Chat to pages of every origin, for good', async t => {
  const path = '/webchat/4.18.1/webchat.js'
  assert.match((await call(`${app.origin}/chat`)).text, new RegExp(`src="${path}"`))
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
  assert.equal(
    createHash('sha256').update(bytes).digest('hex'),
    '0a68ad0a64fc04d621197da10c3eec0f843e16f7d03f6bcbed29b47517cf9bff',
  )
  assert.equal((await call(`${app.origin}${path}.LICENSE.txt`)).status, 200)
  assert.equal((await call(`${app.origin}/webchat/4.18.0/webchat.js`)).status, 404)
})

test('is not there at all outside development', async () => {
  await using strict = await startApp({ settings: { development: false } })
  for (const path of ['/', '/chat', '/chat/chat.js', '/webchat/4.18.1/webchat.js', '/dev/token']) {
    assert.equal((await call(`${strict.origin}${path}`)).status, 404, path)
  }
})
