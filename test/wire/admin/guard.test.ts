/**
 * Who the admin API lets in, and that no page of another origin can use it.
 */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, test } from 'node:test'
import { ask, assertAdminRefused, assertSameOrigin } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { generateToken } from '../../support/direct-line.ts'
import { type Answer, type Call, call, readAnswer } from '../../support/http.ts'
import { refusedHandshake } from '../../support/socket.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

const bots = (what: Call = {}, { origin } = app) => call(`${origin}/admin/v1/bots`, what)

/** What no answer to those who steer the service lets a browser do. */
const assertGuarded = ({ headers }: Answer, what: string) =>
  assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy']], ['nosniff', 'no-referrer'], what)

/** A request to a path that no URL can hold. */
const toPath = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: app.port, path, method, headers })
    sent.once('response', response => readAnswer(response).then(resolve, reject)).once('error', reject)
    sent.end()
  })

test('the key is needed, always, and nothing else opens it', async () => {
  const { token } = await generateToken(app)
  assertAdminRefused(await bots(), 401, 'AdminKeyNeeded')
  await using own = await startApp()
  for (const bearer of [app.secret, token, `${own.adminKey}x`, own.adminKey.slice(1)]) {
    assertAdminRefused(await bots({ bearer }, own), 401, 'AdminKeyNeeded')
  }
  for (const headers of [
    { authorization: `Basic ${app.adminKey}` },
    { authorization: app.adminKey },
    { 'x-api-key': app.adminKey },
    { cookie: `landline_admin=${app.adminKey}` },
  ]) {
    assertAdminRefused(await bots({ headers }), 401, 'AdminKeyNeeded')
  }
  assertAdminRefused(await call(`${app.origin}/admin/v1/bots?key=${app.adminKey}`), 401, 'AdminKeyNeeded')
  assert.equal((await bots({ bearer: app.adminKey })).status, 200)
})

test('what is not there is not told without the key', async () => {
  for (const path of [
    '/admin',
    '/admin/',
    '/admin/v1/nothing',
    '/admin/v2/bots',
    '/ADMIN/v1/bots',
    '//admin/v1/bots',
  ]) {
    assertAdminRefused(await toPath(path), 401, 'AdminKeyNeeded')
    assertAdminRefused(await toPath(path, {}, 'OPTIONS'), 401, 'AdminKeyNeeded')
  }
  assertAdminRefused(await toPath('/%61dmin/v1/bots'), 401, 'AdminKeyNeeded')
  assertAdminRefused(await ask(app, 'GET', '/nothing'), 404, 'BadArgument')
  const answer = await ask(app, 'DELETE', '/bots')
  assertAdminRefused(answer, 405, 'BadArgument')
  assert.equal(answer.headers.allow, 'GET, HEAD, POST, OPTIONS')
})

test('every answer tells browsers to guess no types and to tell nobody where they were', async () => {
  const { adminKey: bearer } = app
  for (const path of ['/bots', '/nothing', '/live']) assertGuarded(await ask(app, 'GET', path), path)
  assertGuarded(await bots(), 'without the key')
  assertGuarded(await bots({ bearer, headers: { host: 'evil.example' } }), 'by another name')
  assertGuarded(await ask(app, 'POST', '/login', { key: app.adminKey }), 'with a cookie')
  for (const path of ['/admin', '/admin/v1/%zz', `/admin/${'x'.repeat(9_000)}`, '/console/nothing', '/dev/nothing'])
    assertGuarded(await toPath(path), path.slice(0, 20))
  const handshake = await refusedHandshake(`${app.origin.replace('http', 'ws')}/admin/v1/live`)
  assertGuarded(handshake, 'a handshake')
})

test('HEAD is answered as GET is, without the body', async () => {
  const { adminKey: bearer } = app
  for (const path of [
    '/admin/v1/bots',
    '/admin/v1/about',
    '/admin/v1/conversations',
    '/console/',
    '/console/frame.html',
  ]) {
    const { status, text, headers } = await call(app.origin + path, { method: 'HEAD', bearer })
    const got = await call(app.origin + path, { bearer })
    assert.deepEqual([status, text], [got.status, ''], path)
    for (const name of ['content-type', 'content-length', 'content-security-policy'])
      assert.equal(headers[name], got.headers[name], `${name} of ${path}`)
  }
  assert.equal((await call(`${app.origin}/admin/v1/bots`, { method: 'HEAD' })).status, 401)
  assert.equal((await ask(app, 'HEAD', '/tail')).status, 405, 'it has no end')
})

test('the key is the one in the settings, if there is one', async () => {
  const adminKey = 'the-admin-key-of-the-tests-000000001'
  await using own = await startApp({ settings: { adminKey } })
  assert.equal(own.adminKey, adminKey)
  assert.equal((await bots({ bearer: adminKey }, own)).status, 200)
})

test('a key that was made is long, and of each service its own', async () => {
  await using own = await startApp()
  assert.match(own.adminKey, /^[A-Za-z0-9]{43}$/)
  assert.notEqual(own.adminKey, app.adminKey)
})

test('called by a name that is not ours it answers 421, though the key is right', async () => {
  const named = (host: string, service = app) => bots({ bearer: service.adminKey, headers: { host } }, service)
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example:3977',
    '10.0.0.1',
    '[::2]',
    'localhost@evil.example',
  ])
    assertAdminRefused(await named(host), 421, 'Misdirected')
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '127.0.0.1:80', '[::1]', `[::1]:${app.port}`])
    assert.equal((await named(host)).status, 200, host)
  await using own = await startApp({ settings: { publicUrl: 'https://Chat.example.org:8443/line' } })
  for (const host of ['chat.example.org', 'chat.example.org:8443']) assert.equal((await named(host, own)).status, 200)
  assertAdminRefused(await named('example.org', own), 421, 'Misdirected')
})

test('no page of another origin is answered: no cross-origin headers, no preflight', async () => {
  const headers = { origin: 'https://evil.example' }
  const answer = await bots({ bearer: app.adminKey, headers })
  assertSameOrigin(answer)
  const preflight = {
    ...headers,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  }
  for (const path of ['/admin/v1/bots', '/%61dmin/v1/bots', '//Admin/v1/bots', '/admin']) {
    assertSameOrigin(await toPath(path, preflight, 'OPTIONS'))
    assertSameOrigin(await toPath(path, { ...headers, authorization: `Bearer ${app.adminKey}` }))
  }
  assertSameOrigin(await toPath('/admin/v1/%zz', headers))
  const other = await call(`${app.base}/conversations`, { method: 'OPTIONS', headers: preflight })
  assert.equal(other.headers['access-control-allow-origin'], headers.origin)
})

test('after five wrong keys in a second further ones are too many, the right one passes, and each is audited', async () => {
  await using own = await startApp()
  // A second may end between two tries: then the count begins anew.
  for (let rounds = 0; ; rounds += 1) {
    assert.ok(rounds < 20, 'never refused')
    const answers = await Promise.all(Array.from({ length: 12 }, () => bots({ bearer: 'wrong' }, own)))
    const limited = answers.filter(({ status }) => status === 429)
    assert.equal((await bots({ bearer: own.adminKey }, own)).status, 200)
    if (limited.length === 0) continue
    for (const answer of limited) {
      assertAdminRefused(answer, 429, 'TooManyRequests')
      assert.equal(answer.headers['retry-after'], '1')
    }
    break
  }
  const audited = own.events.filter(event => event.event === 'audit')
  assert.ok(audited.length >= 5)
  assert.deepEqual(audited[0], { event: 'audit', action: 'wrongKey', subject: 'admin API', address: '127.0.0.1' })
})

test('leaving the key out is no try: a page that asks blindly locks nobody out', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, () => bots()))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]))
  assert.equal((await bots({ bearer: app.adminKey })).status, 200)
})
