/**
 * What the service publishes about itself as bots' authority: metadata and keys, at every address SDKs look at.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { connectorAddress, startBot } from '../../support/bot.ts'
import { ada, publishedKeys, tokenOf } from '../../support/bot-tokens.ts'
import { startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { readJwt } from '../../support/jwt.ts'
import { freePort } from '../../support/ports.ts'

const botSettings = { app: ada }
const metadataPaths = ['/landline/v2.0/.well-known/openid-configuration', '/landline/.well-known/openid-configuration']
const keyPaths = ['/landline/discovery/v2.0/keys', '/landline/discovery/keys', '/v1/.well-known/keys']

test('publishes the same metadata at each address', async () => {
  await using app = await startApp({ botSettings })
  for (const path of [
    ...metadataPaths,
    '/v1/.well-known/openidconfiguration',
    '/Landline/v2.0/.well-known/openid-configuration/',
  ]) {
    const { status, headers, body } = await call(`${app.origin}${path}`)
    assert.equal(status, 200, path)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(headers['cache-control'], 'public, max-age=300')
    assert.deepEqual(body, {
      issuer: `${app.origin}/landline/v2.0`,
      jwks_uri: `${app.origin}/landline/discovery/v2.0/keys`,
      token_endpoint: `${app.origin}/landline/oauth2/v2.0/token`,
      authorization_endpoint: `${app.origin}/landline/oauth2/v2.0/authorize`,
      end_session_endpoint: `${app.origin}/landline/oauth2/v2.0/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
    })
  }
})

test('has metadata for whatever tenant a bot was told, such as adfs', async () => {
  await using app = await startApp({ botSettings })
  const { body } = await call(`${app.origin}/adfs/.well-known/openid-configuration`)
  assert.equal(body['issuer'], `${app.origin}/adfs/v2.0`)
  assert.equal(body['token_endpoint'], `${app.origin}/adfs/oauth2/v2.0/token`)
})

test('publishes the public halves of its keys, and nothing of the others', async () => {
  await using app = await startApp({ botSettings })
  const [key, ...more] = await publishedKeys(app.origin)
  assert.deepEqual(more, [])
  assert.deepEqual(Object.keys(key ?? {}).sort(), ['alg', 'e', 'endorsements', 'kid', 'kty', 'n', 'use', 'x5t'])
  assert.deepEqual(key?.['endorsements'], ['directline', 'webchat'])
  const answers = await Promise.all(keyPaths.map(path => call(`${app.origin}${path}`)))
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  for (const { headers } of answers) assert.equal(headers['cache-control'], 'public, max-age=300')
})

test('tells the public address, and its own path behind a proxy that puts one in front', async () => {
  const publicUrl = 'https://chat.example.org/line/'
  await using app = await startApp({ botSettings, settings: { publicUrl } })
  for (const path of metadataPaths) {
    for (const prefix of ['', '/line', '/some/where']) {
      const { status, body } = await call(`${app.origin}${prefix}${path}`, { headers: { host: 'evil.example.org' } })
      assert.equal(status, 200, prefix + path)
      assert.equal(body['issuer'], 'https://chat.example.org/line/landline/v2.0')
      assert.equal(body['jwks_uri'], 'https://chat.example.org/line/landline/discovery/v2.0/keys')
    }
  }
  for (const path of keyPaths) assert.equal((await call(`${app.origin}/line${path}`)).status, 200, path)
})

test('has nothing at addresses beside them, and says which methods those have', async () => {
  await using app = await startApp({ botSettings })
  for (const path of [
    '/landline',
    '/landline/v2.0',
    '/landline/discovery/v1.0/keys',
    '/land%20line/discovery/v2.0/keys',
    '/land_line/discovery/v2.0/keys',
    `/${'x'.repeat(101)}/discovery/v2.0/keys`,
    '/landline/oauth2/v2.0/authorize',
    '/landline/oauth2/token',
    '/.well-known/openid-configuration',
    '/msi',
    '/v1/.well-known/openid',
  ]) {
    const { status, body } = await call(`${app.origin}${path}`)
    assert.equal(status, 404, path)
    assert.equal(body.error?.message, 'There is nothing at this path.')
  }
  for (const [method, path, allow] of [
    ['POST', keyPaths[0], 'GET, OPTIONS'],
    ['DELETE', metadataPaths[0], 'GET, OPTIONS'],
    ['POST', '/msi/token', 'GET, OPTIONS'],
    ['GET', '/landline/oauth2/v2.0/token', 'POST, OPTIONS'],
  ]) {
    const { status, headers } = await call(`${app.origin}${path}`, { method: method ?? '' })
    assert.equal(status, 405, path)
    assert.equal(headers['allow'], allow)
  }
})

test('is found by a bot that reaches it under another name: the issuer and the keys are at that address', async () => {
  const port = await freePort()
  const told = `http://127.0.0.1:${port}`
  const publicUrl = 'https://chat.example.org'
  await using bot = await startBot()
  await using app = await startApp({
    bot: bot.url,
    botSettings: { app: ada, serviceUrl: told },
    port,
    settings: { publicUrl },
  })
  const { body } = await call(`${told}/landline/v2.0/.well-known/openid-configuration`)
  assert.equal(body['issuer'], `${told}/landline/v2.0`)
  assert.equal(body['jwks_uri'], `${told}/landline/discovery/v2.0/keys`)
  assert.equal(body['token_endpoint'], `${told}/landline/oauth2/v2.0/token`)
  for (const host of ['chat.example.org', 'evil.example.org', '127.0.0.2:1']) {
    const answer = await call(`${told}/landline/v2.0/.well-known/openid-configuration`, { headers: { host } })
    assert.equal(answer.body['issuer'], `${publicUrl}/landline/v2.0`, host)
  }
  const other = await call(`${told}/adfs/v2.0/.well-known/openid-configuration`)
  assert.equal(other.body['issuer'], `${publicUrl}/adfs/v2.0`, 'no bot of that tenant is told this address')

  await startChat(app)
  const { headers, activity } = await bot.until('the start', received => received.requests[0])
  const shown = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
  assert.equal(readJwt(shown).claims['iss'], `${told}/landline/v2.0`)
  const own = await tokenOf(told, ada)
  assert.equal(readJwt(own).claims['iss'], `${told}/landline/v2.0`)
  const answered = await call(`${connectorAddress(activity)}/activities`, {
    bearer: own,
    json: { type: 'message', text: 'hi' },
  })
  assert.equal(answered.status, 200, answered.text)
})
