/**
 * GET and POST /dev/token: a token for the asking, for whoever is on this machine.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { Origins } from '../../../src/http/paths.ts'
import { openServer } from '../../../src/http/server.ts'
import { devToken } from '../../../src/http/web-chat/dev-token.ts'
import { startApp } from '../../support/app.ts'
import { type Call, call } from '../../support/http.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

const ask = (what: Call = {}) => call(`${app.origin}/dev/token`, what)
const userOf = (token = '') =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).user as unknown

test('gives a token that starts its conversation, and tells where', async () => {
  for (const method of ['GET', 'POST']) {
    const { status, headers, body } = await ask({ method })
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'domain', 'expires_in', 'token'])
    assert.equal(body.expires_in, 1800)
    assert.equal(body['domain'], app.base)
    const started = await call(`${body['domain']}/conversations`, { method: 'POST', bearer: body.token })
    assert.deepEqual([started.status, started.body.conversationId], [201, body.conversationId])
  }
})

test('gives everybody a conversation and a user of their own', async () => {
  const [first, second] = await Promise.all([ask(), ask()])
  assert.notEqual(first.body.conversationId, second.body.conversationId)
  assert.match(String(userOf(first.body.token)), /^dl_/)
  assert.notEqual(userOf(first.body.token), userOf(second.body.token))
})

suite('gives a token to pages of this machine alone', () => {
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'https://[::1]:8443']) {
    test(`such as ${origin}`, async () => {
      const { status, headers } = await ask({ headers: { origin } })
      assert.deepEqual([status, headers['access-control-allow-origin'], headers.vary], [200, origin, 'Origin'])
    })
  }
  for (const origin of [
    'https://shop.example',
    'http://localhost.shop.example',
    'http://localhost@shop.example',
    'null',
    '',
  ]) {
    test(`not ${JSON.stringify(origin)}`, async () => {
      const { status, headers, body } = await ask({ headers: { origin } })
      assert.deepEqual([status, headers['access-control-allow-origin'], body.token], [403, undefined, undefined])
    })
  }
})

suite('gives a token only under a name that can be no other machine’s', () => {
  for (const host of [`localhost:${app.port}`, 'LOCALHOST', '127.0.0.1', '[::1]:80']) {
    test(`such as ${host}`, async () => {
      const { status, body } = await ask({ headers: { host } })
      assert.deepEqual([status, body['domain']], [200, `http://${host}/v3/directline`])
    })
  }
  for (const host of [
    'shop.example',
    'localhost.shop.example:80',
    'localhost@shop.example',
    '127.0.0.1.shop.example',
    '0.0.0.0',
    '192.0.2.1',
  ]) {
    test(`not ${JSON.stringify(host)}`, async () => {
      const { status, body } = await ask({ headers: { host } })
      assert.deepEqual([status, body.token, body.error?.code], [421, undefined, 'Misdirected'])
    })
  }
})

suite('gives no token to who calls from elsewhere', () => {
  for (const header of ['x-forwarded-for', 'x-forwarded-host', 'forwarded']) {
    test(`through a proxy on this machine that says so with ${header}`, async () => {
      const { status, body } = await ask({ headers: { [header]: '192.0.2.1' } })
      assert.deepEqual([status, body.token], [403, undefined])
    })
  }
  for (const [address, expected] of [
    ['192.0.2.1', 403],
    ['::ffff:192.0.2.1', 403],
    ['2001:db8::1', 403],
    ['127.0.0.1', 200],
    ['::ffff:127.0.0.1', 200],
    ['::1', 200],
  ] as const) {
    test(`from the address ${address}: ${expected}`, async () => {
      const issueToken = () => ({ token: 't', conversationId: 'c', expiresInSeconds: 1 })
      const server = openServer(
        [devToken({ issueToken, origins: new Origins(undefined, () => '') })],
        () => undefined,
        () => false,
      )
      const answer = await server.inject({ url: '/dev/token', headers: { host: 'localhost' }, remoteAddress: address })
      assert.equal(answer.statusCode, expected)
      await server.close()
    })
  }
})

test('is not there outside development', async () => {
  await using strict = await startApp({ settings: { development: false } })
  assert.equal((await call(`${strict.origin}/dev/token`)).status, 404)
})

test('has no other method', async () => {
  const { status, headers } = await ask({ method: 'DELETE' })
  assert.deepEqual([status, headers.allow], [405, 'GET, POST, OPTIONS'])
})
