/**
 * POST /tokens/generate: a token for a conversation that is yet to start.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  claimsOf,
  generateToken,
  getPage,
  post,
  reconnect,
  startChat,
} from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const generate = (what: Call = {}) =>
  call(`${app.base}/tokens/generate`, { method: 'POST', bearer: app.secret, ...what })

test('answers the id of a conversation, a token and its whole seconds of life, and nothing else', async () => {
  const { status, headers, body } = await generate()
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'expires_in', 'token'])
  assert.match(body.conversationId ?? '', /^[A-Za-z0-9_-]{22,55}$/)
  assert.equal(body.expires_in, 1800)
})

test('writes tokens as the hosted service does: a JWT that names bot, site, conversation and user', async () => {
  const { body } = await generate({ json: { user: { id: 'dl_uma', name: 'Uma' } } })
  const claims = claimsOf(body.token)
  assert.equal(claims['user'], 'dl_uma')
  assert.equal(claims['conv'], body.conversationId)
  assert.equal(claims['bot'], 'bot')
  assert.equal(claims['site'], 'default')
  assert.equal(Number(claims['exp']) - Number(claims['nbf']), body.expires_in)
  assert.ok(Math.abs(Number(claims['nbf']) - Date.now() / 1000) < 5)
  assert.equal(claims['iss'], `${app.origin}/`)
  assert.equal(claims['aud'], claims['iss'])
  assert.ok(typeof claims['jti'] === 'string' && claims['jti'] !== '')
  const { alg, typ } = JSON.parse(Buffer.from(body.token?.split('.')[0] ?? '', 'base64url').toString()) as {
    alg: string
    typ: string
  }
  assert.notEqual(alg, 'none')
  assert.equal(typ, 'JWT')
})

test('puts no user into the token where none was given, because clients would speak under it', async () => {
  for (const json of [{}, { user: {} }, { user: null }, { user: { name: 'Nameless' } }, { user: { id: '' } }]) {
    const { status, body } = await generate({ json })
    assert.equal(status, 200, JSON.stringify(json))
    assert.equal('user' in claimsOf(body.token), false, JSON.stringify(json))
  }
})

test('gives every token a conversation and a name of its own', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => generate()))
  assert.equal(new Set(answers.map(({ body }) => body.conversationId)).size, 40)
  assert.equal(new Set(answers.map(({ body }) => claimsOf(body.token)['jti'])).size, 40)
})

test('takes parameters in any case, and ignores those it does not know', async () => {
  for (const json of [
    { User: { Id: 'dl_uma' } },
    { USER: { ID: 'dl_uma', NAME: 'Uma' }, ETag: 'x', eTag: 'y' },
    { user: { id: 'dl_uma', age: 7 }, Message: '', locale: 'en-GB', TrustedOrigins: ['https://a.example'] },
  ]) {
    const { status, body } = await generate({ json })
    assert.equal(status, 200, JSON.stringify(json))
    assert.equal(claimsOf(body.token)['user'], 'dl_uma', JSON.stringify(json))
  }
})

test('takes a user id of 64 characters, and twenty origins of 255', async () => {
  assert.equal((await generate({ json: { user: { id: 'u'.repeat(64) } } })).status, 200)
  const origins = Array.from({ length: 5 }, (_, at) => `https://${String(at).repeat(247)}`)
  assert.equal((await generate({ json: { trustedOrigins: origins } })).status, 200)
  const short = Array.from({ length: 20 }, (_, at) => `https://${at}.example`)
  assert.equal((await generate({ json: { trustedOrigins: short } })).status, 200)
})

test('refuses parameters of the wrong type or size as BadArgument', async () => {
  for (const json of [
    [],
    'text',
    7,
    true,
    { user: 'dl_uma' },
    { user: [] },
    { user: { id: 7 } },
    { user: { id: {} } },
    { User: { Id: ['dl_uma'] } },
    { user: { id: 'dl_uma', name: 7 } },
    { user: { id: 'u'.repeat(65) } },
    { trustedOrigins: 'https://a.example' },
    { trustedOrigins: [7] },
    { trustedOrigins: Array.from({ length: 21 }, (_, at) => `https://${at}.example`) },
    { trustedOrigins: [`https://${'a'.repeat(248)}`] },
  ]) {
    assertRefused(await generate({ json }), 400, 'BadArgument')
  }
})

test("refuses the bot's own id as a user's", async () => {
  assertRefused(await generate({ json: { user: { id: 'bot' } } }), 400, 'BadArgument')
})

test('is for secrets only: a token cannot mint another', async () => {
  const { token } = await generateToken(app)
  assertRefused(await generate({ bearer: token }), 403, 'BadArgument')
  const chat = await startChat(app)
  assertRefused(await generate({ bearer: chat.token, json: { user: { id: 'other' } } }), 403, 'BadArgument')
})

test('takes either secret of a site', async () => {
  const secrets = ['first-secret-of-two-0000000000000000', 'second-secret-of-two-000000000000000']
  await using own = await startApp({ site: { secrets } })
  for (const bearer of secrets) {
    assert.equal((await call(`${own.base}/tokens/generate`, { method: 'POST', bearer })).status, 200)
  }
})

test('starts nothing: the conversation is unknown until it is started, and the bot hears nothing', async () => {
  const before = bot.requests.length
  const made = await generateToken(app, { user: { id: 'dl_uma' } })
  assertRefused(await reconnect(made), 404, 'BadArgument')
  assertRefused(await getPage(made), 404, 'BadArgument')
  assertRefused(await post(made, { type: 'message', text: 'too early' }), 404, 'BadArgument')
  assert.equal(bot.requests.length, before)
})

test('demands with enhanced authentication that user ids begin with dl_', async () => {
  await using own = await startApp({ site: { enhancedAuthentication: true } })
  const url = `${own.base}/tokens/generate`
  assertRefused(await call(url, { bearer: own.secret, json: { user: { id: 'uma' } } }), 400, 'BadArgument')
  assert.equal((await call(url, { bearer: own.secret, json: { user: { id: 'dl_uma' } } })).status, 200)
})

test('gives tokens the life that is set', async () => {
  await using own = await startApp({ settings: { tokenLifetimeSeconds: 3600 } })
  const { body } = await call(`${own.base}/tokens/generate`, { method: 'POST', bearer: own.secret })
  assert.equal(body.expires_in, 3600)
  const { exp, nbf } = claimsOf(body.token)
  assert.equal(Number(exp) - Number(nbf), 3600)
})
