/**
 * How bots get their tokens: with a form, as OAuth has it, or as a managed identity.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { type App, ada, askToken, ben, connectorScope, publishedKeys, startAdasTalk } from '../../support/bot-tokens.ts'
import { type Answer, call } from '../../support/http.ts'
import { isSignedBy, readJwt } from '../../support/jwt.ts'

const botSettings = { app: ada }
const resource = 'https://api.botframework.com'

/** Asks as the identity libraries of the SDKs do. */
function askAsIdentity(
  origin: string,
  secret: string | undefined,
  change: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const query = new URLSearchParams({ 'api-version': '2019-08-01', resource, client_id: ada.id, ...change })
  return call(`${origin}/msi/token?${query}`, { headers: secret === undefined ? {} : { 'X-IDENTITY-HEADER': secret } })
}

function assertOAuthRefused(answer: Answer, status: number, error: string): void {
  assert.equal(answer.status, status, answer.text)
  assert.deepEqual(Object.keys(answer.body).sort(), ['error', 'error_description'])
  assert.equal(answer.body['error'] as unknown, error)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  assert.doesNotMatch(answer.text, /the-password/)
}

async function assertBotToken(origin: string, token: unknown): Promise<void> {
  const { header, claims } = readJwt(String(token))
  const [key] = await publishedKeys(origin)
  assert.ok(isSignedBy(String(token), key ?? {}))
  assert.deepEqual(header, { alg: 'RS256', typ: 'JWT', kid: key?.['kid'] })
  const { iat, nbf, exp, ...rest } = claims
  assert.deepEqual(rest, { iss: `${origin}/landline/v2.0`, aud: resource, appid: ada.id, ver: '1.0' })
  assert.equal(nbf, iat)
  assert.equal(Number(exp) - Number(iat), 3600)
  assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 30)
}

test('issues a token for an app id and its password, in whatever tenant it is asked', async () => {
  await using app = await startApp({ botSettings })
  for (const tenant of ['landline', 'Landline', 'adfs', 'a.b-c']) {
    const { status, headers, body, text } = await askToken(app.origin, ada, {}, tenant)
    assert.equal(status, 200, text)
    assert.match(headers['cache-control'] ?? '', /no-store/)
    const { access_token, ...rest } = body
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 })
    await assertBotToken(app.origin, access_token)
  }
})

test('issues the same to a client that shows itself in the Authorization header', async () => {
  await using app = await startApp({ botSettings })
  for (const text of [`${ada.id}:${ada.password}`, `${ada.id}:${encodeURIComponent(ada.password)}`]) {
    const headers = { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
    const answer = await askToken(
      app.origin,
      ada,
      { client_id: undefined, client_secret: undefined },
      'landline',
      headers,
    )
    assert.equal(answer.status, 200, answer.text)
    await assertBotToken(app.origin, answer.body['access_token'])
  }
  const wrong = { authorization: `Basic ${Buffer.from(`${ada.id}:wrong`).toString('base64')}` }
  const refused = await askToken(app.origin, ada, { client_id: undefined, client_secret: undefined }, 'landline', wrong)
  assertOAuthRefused(refused, 401, 'invalid_client')
  assert.equal(refused.headers['www-authenticate'], 'Basic realm="landline"')
  assertOAuthRefused(await askToken(app.origin, ada, {}, 'landline', wrong), 400, 'invalid_request')
})

test('issues a token to a managed identity', async () => {
  await using app = await startApp({ botSettings })
  const { status, body, text } = await askAsIdentity(app.origin, ada.password)
  assert.equal(status, 200, text)
  const { access_token, expires_on, ...rest } = body
  assert.deepEqual(rest, { resource, token_type: 'Bearer', client_id: ada.id })
  assert.match(String(expires_on), /^\d{10}$/)
  assert.equal(typeof expires_on, 'string')
  assert.equal(Number(expires_on), readJwt(String(access_token)).claims['exp'])
  await assertBotToken(app.origin, access_token)
})

test('is for the Connector even when a bot asks for itself, and for nothing else', async () => {
  await using app = await startApp({ botSettings })
  for (const scope of [`${ada.id}/.default`, `${resource}//.default`, `openid profile ${connectorScope}`, resource]) {
    const { status, body, text } = await askToken(app.origin, ada, { scope })
    assert.equal(status, 200, text)
    assert.equal(readJwt(String(body['access_token'])).claims['aud'], resource)
  }
  for (const scope of [
    '',
    undefined,
    'https://graph.microsoft.com/.default',
    `${ben.id}/.default`,
    `${connectorScope} x`,
  ])
    assertOAuthRefused(await askToken(app.origin, ada, { scope }), 400, 'invalid_scope')
  for (const wanted of ['', 'https://graph.microsoft.com', `${resource}.evil.example`, ben.id])
    assertOAuthRefused(await askAsIdentity(app.origin, ada.password, { resource: wanted }), 400, 'invalid_resource')
  assert.equal((await askAsIdentity(app.origin, ada.password, { resource: ada.id })).status, 200)
})

test('does not tell an unknown app id from a wrong password', async () => {
  await using app = await startApp({ botSettings })
  const texts = new Set<string>()
  for (const wrong of [
    { ...ada, password: 'wrong' },
    { ...ada, password: '' },
    { ...ada, password: ada.password.toUpperCase() },
    { ...ada, password: `${ada.password} ` },
    { id: ben.id, password: ada.password },
    { id: '', password: ada.password },
    { id: `${ada.id}\0`, password: ada.password },
    { id: '', password: '' },
  ] satisfies App[]) {
    const answer = await askToken(app.origin, wrong)
    assertOAuthRefused(answer, 401, 'invalid_client')
    texts.add(answer.text)
    const asIdentity = await askAsIdentity(app.origin, wrong.password.trim(), { client_id: wrong.id })
    if (wrong.password !== `${ada.password} ` && !wrong.id.includes('\0')) {
      assertOAuthRefused(asIdentity, 401, 'invalid_client')
      texts.add(asIdentity.text)
    }
  }
  assertOAuthRefused(await askAsIdentity(app.origin, undefined), 401, 'invalid_client')
  assert.equal(texts.size, 1)
})

test('refuses other grants, other versions and what it can’t read', async () => {
  await using app = await startApp({ botSettings })
  assertOAuthRefused(await askToken(app.origin, ada, { grant_type: undefined }), 400, 'invalid_request')
  for (const grant_type of ['password', 'authorization_code', 'refresh_token'])
    assertOAuthRefused(await askToken(app.origin, ada, { grant_type }), 400, 'unsupported_grant_type')
  assertOAuthRefused(
    await askAsIdentity(app.origin, ada.password, { 'api-version': '2017-09-01' }),
    400,
    'invalid_request',
  )
  const url = `${app.origin}/landline/oauth2/v2.0/token`
  assertOAuthRefused(await call(url, { json: { grant_type: 'client_credentials' } }), 400, 'invalid_request')
  assertOAuthRefused(await call(url, { method: 'POST' }), 400, 'invalid_request')
  assert.equal((await call(url, { raw: Buffer.from([0xff, 0xfe]) })).status, 400)
  assert.equal((await call(url, { raw: 'x'.repeat(2_000_000) })).status, 413)
})

test('issues nothing to bots of another authority, with none, or of the first schema', async () => {
  for (const other of [
    { app: ada, authority: 'microsoft' },
    { app: ada, authority: 'none' },
    { app: ada, schema: 'v1' },
    { app: undefined },
  ] as const) {
    await using app = await startApp({ botSettings: other })
    assertOAuthRefused(await askToken(app.origin, ada), 401, 'invalid_client')
  }
})

test('takes no credential of a client, and its own opens nothing of the client API', async () => {
  await using talk = await startAdasTalk()
  const { origin } = talk.app
  for (const password of [talk.secret, talk.token])
    assertOAuthRefused(await askToken(origin, { ...ada, password }), 401, 'invalid_client')
  const issued = String((await askToken(origin, ada)).body['access_token'])
  for (const bearer of [issued, ada.password]) {
    assert.equal((await call(`${talk.address}/activities`, { bearer })).status, 403)
    assert.equal((await call(`${talk.app.base}/tokens/generate`, { method: 'POST', bearer })).status, 403)
  }
})

test('knows an app id in either case', async () => {
  await using app = await startApp({ botSettings })
  const { status, body } = await askToken(app.origin, { ...ada, id: ada.id.toUpperCase() })
  assert.equal(status, 200)
  assert.equal(readJwt(String(body['access_token'])).claims['appid'], ada.id)
})

test('slows down whoever guesses passwords, and still serves whoever knows one', async () => {
  await using app = await startApp({ botSettings, settings: { rateLimits: true } })
  let answer = await askToken(app.origin, { ...ada, password: 'guess' })
  for (let guesses = 1; answer.status === 401 && guesses < 200; guesses += 1)
    answer = await askToken(app.origin, { ...ada, password: `guess ${guesses}` })
  assert.equal(answer.status, 429)
  assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/)
  assert.equal((await askToken(app.origin, ada)).status, 200)
})
