/**
 * What is on every answer, good or bad, so that browsers of any origin can read it; and the preflights before them.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { startChat } from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { operations } from './operations.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('answers preflights on every path without a credential', async () => {
  const { address, streamUrl } = await startChat(app)
  const origin = 'https://page.example'
  for (const url of [
    ...(await operations(app)).map(([, , path]) => `${app.base}${path}`),
    `${address}/stream`,
    streamUrl.replace(/^ws/, 'http'),
    `${app.origin}/attachments/a/b/c`,
    `${app.base}/nowhere`,
    `${app.origin}/`,
    `${app.origin}/proxy/v3/directline/conversations/`,
  ]) {
    const { status, headers, text } = await call(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-ms-bot-agent,x-made-up',
      },
    })
    assert.ok(status === 204 || status === 200, `${url}: ${status}`)
    assert.equal(text, '')
    assert.equal(headers['access-control-allow-origin'], origin)
    assert.match(headers.vary ?? '', /\borigin\b/i)
    const methods = (headers['access-control-allow-methods'] ?? '').split(/, */)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) assert.ok(methods.includes(method), url)
    const allowed = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(/, */)
    assert.deepEqual(allowed, ['authorization', 'content-type', 'x-ms-bot-agent', 'x-made-up'])
    assert.equal(headers['access-control-max-age'], '86400')
    const isSession = url.includes('/session/')
    assert.equal(headers['access-control-allow-credentials'], isSession ? 'true' : undefined, url)
  }
})

/** What must be on every answer of the API. */
function assertCommon({ headers, text }: Answer, origin: string | undefined, name: string): void {
  assert.match(headers['cache-control'] ?? '', /no-store/, name)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8', name)
  const allowed = headers['access-control-allow-origin']
  assert.ok(origin === undefined ? allowed !== undefined : allowed === origin, `${name}: ${allowed}`)
  assert.match(headers.vary ?? '', /\borigin\b/i, name)
  const exposed = (headers['access-control-expose-headers'] ?? '').toLowerCase().split(/, */)
  assert.deepEqual(exposed, ['retry-after', 'x-ms-request-id'], name)
  assert.ok(headers['x-ms-request-id'], name)
  assert.equal(headers['server'], undefined, name)
  assert.equal(headers['x-powered-by'], undefined, name)
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)), name)
}

test('puts the same headers on every answer, good or bad', async () => {
  for (const origin of [undefined, 'https://page.example', 'http://localhost:3000', 'null']) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin }
    for (const [name, method, path, what] of await operations(app)) {
      if (name !== 'session') {
        assertCommon(await call(`${app.base}${path}`, { method, ...what, headers }), origin, name)
      }
      const { bearer: _, ...without } = what
      assertCommon(await call(`${app.base}${path}`, { method, ...without, headers }), origin, `${name}, refused`)
    }
    assertCommon(await call(`${app.base}/nowhere`, { headers }), origin, 'nowhere')
  }
})

test('names every request', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => call(`${app.base}/nowhere`)))
  assert.equal(new Set(answers.map(({ headers }) => headers['x-ms-request-id'])).size, 5)
})
