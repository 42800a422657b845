/**
 * The console's frame for Web Chat: what a browser is given, and what it is told to refuse.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { call } from '../../support/http.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

test('gives the frame with a policy that takes its origin away and runs no script but its own files', async () => {
  const { status, headers, text } = await call(`${app.origin}/console/frame.html`, {
    headers: { origin: 'https://shop.example' },
  })
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.equal(headers['access-control-allow-origin'], undefined)
  assert.deepEqual(String(headers['content-security-policy']).split('; '), [
    'sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads',
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src https: data: blob: ${app.origin}`,
    `media-src https: data: blob: ${app.origin}`,
    `connect-src 'self' ${app.origin} ${app.origin.replace('http', 'ws')} blob:`,
    'worker-src blob:',
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ])
  const scripts = [...text.matchAll(/<script([^>]*)>([^<]*)/g)]
  assert.equal(scripts.length, 3)
  for (const [, attributes = '', content] of scripts) {
    assert.match(attributes, /src="\/console\//)
    assert.equal(content, '')
  }
})

test('lets the frame connect to the address that clients are told, if that is another', async () => {
  await using other = await startApp({ settings: { publicUrl: 'https://chat.example/line/' } })
  const { headers } = await call(`${other.origin}/console/frame.html`)
  assert.match(
    String(headers['content-security-policy']),
    /connect-src 'self' https:\/\/chat\.example wss:\/\/chat\.example blob:;/,
  )
})

test('gives the parts of the frame', async () => {
  for (const [path, type] of [
    ['frame.js', 'text/javascript; charset=utf-8'],
    ['look.js', 'text/javascript; charset=utf-8'],
    ['frame.css', 'text/css; charset=utf-8'],
  ] as const) {
    const { status, headers } = await call(`${app.origin}/console/frame/${path}`)
    assert.deepEqual([status, headers['content-type'], headers['x-content-type-options']], [200, type, 'nosniff'])
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})
