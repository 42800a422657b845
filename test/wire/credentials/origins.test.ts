/**
 * Sites that enforce their origins: pages from elsewhere are refused on every call of both APIs and on the stream;
 * what has no Origin passes.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, generateToken } from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { assertOldRefused } from '../../support/old-direct-line.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

const trusted = 'https://page.example'
const foreign = ['https://evil.example', 'http://page.example', 'https://page.example.evil.example', 'null']

type Operation = readonly [method: string, url: string, what?: Call]

/** Every call of both APIs on a started conversation, with a token that carries the trusted origin. */
async function operations(app: TestApp) {
  const { token, conversation, address } = await generateToken(app, { user: { id: 'u1' }, trustedOrigins: [trusted] })
  const { body } = await call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  const old = `${app.origin}/api`
  const byToken: readonly Operation[] = [
    ['POST', `${app.base}/tokens/refresh`],
    ['POST', `${app.base}/conversations`],
    ['GET', address],
    ['GET', `${address}/activities`],
    ['POST', `${address}/activities`, { json: { type: 'message', text: 'hello' } }],
    ['POST', `${address}/upload`, { raw: 'bytes' }],
    ['GET', `${app.base}/session/getsessionid`],
  ]
  const byTokenOld: readonly Operation[] = [
    ['GET', `${old}/tokens/${conversation}/renew`],
    ['POST', `${old}/conversations`],
    ['GET', `${old}/conversations/${conversation}/messages`],
    ['POST', `${old}/conversations/${conversation}/messages`, { json: { text: 'hello' } }],
    ['POST', `${old}/conversations/${conversation}/upload`, { raw: 'bytes' }],
  ]
  const send = ([method, url, what]: Operation, origin: string | undefined, bearer = token): Promise<Answer> =>
    call(url, { method, bearer, ...what, headers: origin === undefined ? {} : { origin } })
  return { byToken, byTokenOld, send, streamUrl: body.streamUrl ?? '' }
}

for (const [where, trustedOrigins] of [
  ['on the site', [trusted]],
  ['in the token', []],
] as const) {
  test(`with the list ${where}, every call and the stream take the trusted page and refuse all others`, async () => {
    await using app = await startApp({ bot: bot.url, site: { enforceOrigins: true, trustedOrigins } })
    const { byToken, byTokenOld, send, streamUrl } = await operations(app)
    for (const operation of byToken) {
      assertRefused(await send(operation, foreign[0]), 403, 'BadArgument')
      const { status, text } = await send(operation, trusted)
      assert.equal(status, 200, `${operation[1]} ${text}`)
    }
    for (const operation of byTokenOld) {
      assertOldRefused(await send(operation, foreign[0]), 403, 'NotAllowed')
      assert.ok((await send(operation, trusted)).status < 300, operation[1])
    }
    for (const origin of foreign) {
      assertRefused(await send(['GET', byToken[3]?.[1] ?? ''], origin), 403, 'BadArgument')
      assertRefused(await refusedHandshake(streamUrl, { headers: { origin } }), 403, 'BadArgument')
    }
    await (await openSocket(streamUrl, { headers: { origin: trusted } })).close()
  })
}

test('what has no Origin passes, by token and by secret', async () => {
  await using app = await startApp({ bot: bot.url, site: { enforceOrigins: true, trustedOrigins: [trusted] } })
  const { byToken, byTokenOld, send, streamUrl } = await operations(app)
  for (const operation of [...byToken.slice(0, -1), ...byTokenOld])
    assert.ok((await send(operation, undefined)).status < 300, operation[1])
  await (await openSocket(streamUrl)).close()
})

test('a secret in a page is refused as well where the page is from elsewhere', async () => {
  await using app = await startApp({ bot: bot.url, site: { enforceOrigins: true, trustedOrigins: [trusted] } })
  const start = (origin: string) =>
    call(`${app.base}/conversations`, { method: 'POST', bearer: app.secret, headers: { origin } })
  assertRefused(await start('https://evil.example'), 403, 'BadArgument')
  assert.equal((await start(trusted)).status, 201)
  const generate = { method: 'POST', bearer: app.secret, headers: { origin: 'https://evil.example' } }
  assertOldRefused(await call(`${app.origin}/api/tokens/conversation`, generate), 403, 'NotAllowed')
})

test('whoever holds a token without origins cannot add any: they are the secret’s to give', async () => {
  await using app = await startApp({ bot: bot.url })
  const { token } = await generateToken(app)
  const json = { trustedOrigins: ['https://evil.example'] }
  const { body } = await call(`${app.base}/conversations`, { bearer: token, json })
  const session = { bearer: body.token, headers: { origin: 'https://evil.example' } }
  assertRefused(await call(`${app.base}/session/getsessionid`, session), 403, 'ServiceError')
})

test('a site that does not enforce its origins takes every page', async () => {
  await using app = await startApp({ bot: bot.url, site: { trustedOrigins: [trusted] } })
  const { byToken, byTokenOld, send, streamUrl } = await operations(app)
  for (const operation of [...byToken.slice(0, -1), ...byTokenOld])
    assert.ok((await send(operation, 'https://evil.example')).status < 300, operation[1])
  await (await openSocket(streamUrl, { headers: { origin: 'https://evil.example' } })).close()
})
