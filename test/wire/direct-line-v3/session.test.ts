/**
 * GET /session/getsessionid: what binds a sign-in card to the browser.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { assertRefused, generateToken, startChat } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

const trusted = 'https://page.example'
const session = (bearer: string, origin?: string, base = app.base, more: Call = {}) =>
  call(`${base}/session/getsessionid`, { bearer, ...more, headers: origin === undefined ? {} : { origin } })

test('answers a session id and a cookie that travels to other sites, to the origin that asked', async () => {
  const { token } = await generateToken(app, { trustedOrigins: ['https://elsewhere.example', trusted] })
  const { status, headers, body } = await session(token, trusted)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body), ['sessionId'])
  assert.ok((body.sessionId ?? '').length >= 22, body.sessionId)
  const [cookie = '', ...more] = headers['set-cookie'] ?? []
  assert.equal(more.length, 0)
  assert.deepEqual(
    cookie
      .split(';')
      .slice(1)
      .map(part => part.trim())
      .sort(),
    ['HttpOnly', 'Path=/', 'SameSite=None', 'Secure'],
  )
  assert.equal(headers['access-control-allow-origin'], trusted)
  assert.equal(headers['access-control-allow-credentials'], 'true')
  assert.match(headers.vary ?? '', /origin/i)
})

test('answers another id each time', async () => {
  const { token } = await generateToken(app, { trustedOrigins: [trusted] })
  const ids = [await session(token, trusted), await session(token, trusted)].map(({ body }) => body.sessionId)
  assert.notEqual(ids[0], ids[1])
})

test('refuses a token without trusted origins as ServiceError', async () => {
  const { token } = await generateToken(app)
  assertRefused(await session(token, trusted), 403, 'ServiceError')
  assertRefused(await session((await startChat(app, { id: 'u1' })).token, trusted), 403, 'ServiceError')
})

test('refuses an origin that is missing or not exactly on the list as BadArgument, and allows it no credentials', async () => {
  const { token } = await generateToken(app, { trustedOrigins: [trusted] })
  for (const origin of [
    undefined,
    'https://evil.example',
    'http://page.example',
    'https://page.example:8443',
    'https://page.example.evil.example',
    'https://PAGE.example/',
    'null',
  ]) {
    const answer = await session(token, origin)
    assertRefused(answer, 400, 'BadArgument')
    assert.equal(answer.headers['access-control-allow-credentials'], undefined, origin)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
})

test('takes the origins given on start', async () => {
  const { body } = await call(`${app.base}/conversations`, { bearer: app.secret, json: { trustedOrigins: [trusted] } })
  assert.equal((await session(body.token ?? '', trusted)).status, 200)
})

test("lets the site's list win over the token's", async () => {
  await using own = await startApp({ site: { trustedOrigins: ['https://site.example'] } })
  const { token } = await generateToken(own, { trustedOrigins: [trusted] })
  assertRefused(await session(token, trusted, own.base), 400, 'BadArgument')
  assert.equal((await session(token, 'https://site.example', own.base)).status, 200)
})

test('is not for secrets', async () => {
  assertRefused(await session(app.secret, trusted), 403, 'BadArgument')
})

test('allows credentials on no other answer', async () => {
  const { token } = await generateToken(app, { trustedOrigins: [trusted] })
  const headers = { origin: trusted }
  for (const answer of [
    await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: token, headers }),
    await call(`${app.base}/conversations`, { method: 'POST', bearer: token, headers }),
    await call(`${app.base}/conversations`, { method: 'OPTIONS', headers }),
    await call(`${app.base}/nowhere`, { headers }),
  ]) {
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
  }
})
