/**
 * POST /tokens/refresh: a new token for an unexpired one.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, claimsOf, generateToken, getPage, post, readLog, startChat } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const refresh = (bearer: string | undefined, what: Call = {}, base = app.base) =>
  call(`${base}/tokens/refresh`, { method: 'POST', bearer, ...what })

/** A service of its own, for tests that move the clock. */
const startOwn = () => startApp({ bot: bot.url })

test('answers another token for the same conversation and user, and its whole seconds of life', async () => {
  const { token, conversation } = await generateToken(app, { user: { id: 'dl_uma', name: 'Uma' } })
  const { status, body } = await refresh(token)
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'expires_in', 'token'])
  assert.equal(body.conversationId, conversation)
  assert.equal(body.expires_in, 1800)
  assert.notEqual(body.token, token)
  const [old, renewed] = [claimsOf(token), claimsOf(body.token)]
  for (const name of ['bot', 'site', 'conv', 'user', 'iss', 'aud']) assert.equal(renewed[name], old[name], name)
  assert.notEqual(renewed['jti'], old['jti'])
})

test('issues a token that is new: its time runs from the refresh', async () => {
  await using own = await startOwn()
  const { token } = await generateToken(own)
  own.advanceClock(15 * 60_000)
  const { body } = await refresh(token, {}, own.base)
  const moved = Number(claimsOf(body.token)['exp']) - Number(claimsOf(token)['exp'])
  assert.ok(moved >= 899 && moved <= 902, `moved by ${moved} s`)
})

test('refreshes any number of times, beyond the life of the first token', async () => {
  await using own = await startOwn()
  const chat = await startChat(own, { id: 'u1' })
  let token: string | undefined = chat.token
  for (let times = 0; times < 5; times += 1) {
    own.advanceClock(29 * 60_000)
    const { status, body } = await refresh(token, {}, own.base)
    assert.equal(status, 200)
    token = body.token
  }
  assert.equal((await getPage({ ...chat, token: token ?? '' })).status, 200)
  assertRefused(await getPage(chat), 403, 'TokenExpired')
})

test('leaves the old token alive to its own end', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await refresh(chat.token)
  assert.equal((await getPage(chat)).status, 200)
  assert.equal((await refresh(chat.token)).status, 200)
})

test('works before the conversation is started, and the new token starts it', async () => {
  const { token, conversation } = await generateToken(app)
  const { body } = await refresh(token)
  const started = await call(`${app.base}/conversations`, { method: 'POST', bearer: body.token })
  assert.equal(started.status, 201)
  assert.equal(started.body.conversationId, conversation)
})

test('needs no body and lets none change who speaks or where', async () => {
  const { token, conversation } = await generateToken(app, { user: { id: 'dl_uma' } })
  for (const what of [
    { raw: '' },
    { raw: 'null' },
    { raw: 'this is not JSON' },
    { json: [] },
    { json: { user: { id: 'dl_eve' }, conversationId: 'other', trustedOrigins: ['https://evil.example'] } },
  ]) {
    const { status, body } = await refresh(token, what)
    assert.equal(status, 200, JSON.stringify(what))
    assert.equal(body.conversationId, conversation)
    assert.equal(claimsOf(body.token)['user'], 'dl_uma')
    assert.equal(JSON.stringify(claimsOf(body.token)).includes('evil'), false)
  }
})

test("keeps the user's name and the trusted origins", async () => {
  const trusted = 'https://page.example'
  const made = await generateToken(app, { user: { id: 'dl_uma', name: 'Uma' }, trustedOrigins: [trusted] })
  const { body } = await refresh((await refresh(made.token)).body.token)
  await call(`${app.base}/conversations`, { method: 'POST', bearer: body.token })
  const chat = { ...made, token: body.token ?? '' }
  assert.equal((await post(chat, { type: 'message', text: 'hello' })).status, 200)
  const [shown] = await readLog(chat)
  assert.deepEqual([shown?.from?.id, shown?.from?.name], ['dl_uma', 'Uma'])
  const session = await call(`${app.base}/session/getsessionid`, { bearer: body.token, headers: { origin: trusted } })
  assert.equal(session.status, 200)
})

test('refuses a secret as ServiceError', async () => {
  assertRefused(await refresh(app.secret), 403, 'ServiceError')
})

test('refuses an expired token as TokenExpired, and no token that has not expired', async () => {
  await using own = await startOwn()
  const { token } = await generateToken(own)
  own.advanceClock(1799_000)
  assert.equal((await refresh(token, {}, own.base)).status, 200)
  own.advanceClock(62_000)
  assertRefused(await refresh(token, {}, own.base), 403, 'TokenExpired')
  assertRefused(await refresh(token, {}, own.base), 403, 'TokenExpired')
})

test('refuses no token because the clock has gone back ten minutes', async () => {
  await using own = await startOwn()
  const { token } = await generateToken(own)
  own.advanceClock(-10 * 60_000)
  assert.equal((await refresh(token, {}, own.base)).status, 200)
})
