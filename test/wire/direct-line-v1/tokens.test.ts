/**
 * GET and POST /api/tokens and /api/tokens/conversation: a token for a conversation that is yet to start.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { claimsOf } from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { startOldBot } from '../../support/old-bot.ts'
import {
  assertOldRefused,
  getMessages,
  messagesIn,
  oldChatOf,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'

const bot = await startOldBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const ways = [
  ['GET', '/api/tokens'],
  ['POST', '/api/tokens'],
  ['GET', '/api/tokens/conversation'],
  ['POST', '/api/tokens/conversation'],
] as const

const generate = (method: string, path: string, what: Call = {}) =>
  call(`${app.origin}${path}`, { method, bearer: app.secret, ...what })

/** The token in an answer: the body is a JSON string, quotes included. */
function tokenIn({ status, text, headers }: Answer): string {
  assert.equal(status, 200, text)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.match(headers['cache-control'] ?? '', /no-store/)
  const token: unknown = JSON.parse(text)
  assert.ok(typeof token === 'string' && text === `"${token}"`, text)
  return token
}

const chatOf = (token: string) => oldChatOf(app, String(claimsOf(token)['conv']), token)

test('answers the token as a JSON string, by either method on either path', async () => {
  const tokens = []
  for (const [method, path] of ways) tokens.push(tokenIn(await generate(method, path)))
  assert.equal(new Set(tokens.map(token => claimsOf(token)['conv'])).size, ways.length, 'a conversation for each')
})

test('gives a token that legacy pages get with the quotes stripped, and that opens its conversation', async () => {
  const { text } = await call(`${app.origin}/api/tokens`, { headers: { authorization: `BotConnector ${app.secret}` } })
  const token = text.replace(/"/g, '')
  const headers = { authorization: `BotConnector ${token}` }
  const { status, body } = await call(`${app.origin}/api/conversations`, { method: 'POST', headers })
  assert.equal(status, 200)
  assert.equal(body.conversationId, claimsOf(token)['conv'])
})

test('starts nothing and tells the bot nothing', async () => {
  const chats = []
  for (const [method, path] of ways) chats.push(chatOf(tokenIn(await generate(method, path))))
  for (const chat of chats) {
    assertOldRefused(await getMessages(chat), 404, 'NotFound')
    assertOldRefused(await postOld(chat, { text: 'x' }), 404, 'NotFound')
  }
  // The bot is told of starts in their order, so had it been told of these, it would have been before this one.
  const started = await startOldChat(app)
  await bot.until('another start', ({ requests }) => requests.some(({ text }) => text.includes(started.conversation)))
  for (const { conversation } of chats) {
    assert.equal(
      bot.requests.some(({ text }) => text.includes(conversation)),
      false,
    )
  }
})

test('gives a token that lives half an hour', async () => {
  const { nbf, exp } = claimsOf(tokenIn(await generate('POST', '/api/tokens/conversation')))
  assert.equal(Number(exp) - Number(nbf), 1800)
})

test('takes a user and trusted origins, in any spelling, as 3.0 does', async () => {
  for (const json of [
    { user: { id: 'u7', name: 'Uma' } },
    { User: { Id: 'u7', Name: 'Uma' }, TrustedOrigins: ['x'] },
  ]) {
    const token = tokenIn(await generate('POST', '/api/tokens/conversation', { json }))
    const { user, uname } = claimsOf(token)
    assert.deepEqual([user, uname], ['u7', 'Uma'])
    const chat = chatOf(token)
    assert.equal((await call(`${app.origin}/api/conversations`, { method: 'POST', bearer: token })).status, 200)
    await sayOld(chat, 'mine', 'somebody-else')
    assert.deepEqual(
      (await readMessages(chat)).map(({ from, text }) => [from, text]),
      [['u7', 'mine']],
    )
  }
})

test('takes no body, an empty one, {} and null, and ignores whatever else is no object with a user', async () => {
  for (const raw of ['', '{}', 'null', ' ', 'a=b', 'garbage', '{"user":', '[]', '"s"', '{"user":"x"}']) {
    for (const path of ['/api/tokens', '/api/tokens/conversation']) {
      const token = tokenIn(await generate('POST', path, { raw }))
      assert.equal(claimsOf(token)['user'], undefined)
    }
  }
})

test('refuses a token: it cannot make a different one', async () => {
  const { token } = await startOldChat(app)
  for (const [method, path] of ways)
    assertOldRefused(await generate(method, path, { bearer: token }), 403, 'NotAllowed')
})

test('refuses a user it cannot read, or may not speak for', async () => {
  const path = '/api/tokens/conversation'
  for (const json of [{ user: { id: 5 } }, { user: { id: 'bot' } }, { user: { id: 'x'.repeat(65) } }])
    assertOldRefused(await generate('POST', path, { json }), 400, 'MalformedData')
})

test('keeps to the rules of a site with enhanced authentication', async () => {
  await using strict = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const ask = (json: unknown) => call(`${strict.origin}/api/tokens`, { bearer: strict.secret, json })
  assertOldRefused(await ask({ user: { id: 'u1' } }), 400, 'MalformedData')
  const token = tokenIn(await ask({ user: { id: 'dl_u1' } }))
  const opened = await call(`${strict.origin}/api/conversations`, { method: 'POST', bearer: token })
  assert.equal(opened.status, 200, opened.text)
  const chat = oldChatOf(strict, opened.body.conversationId ?? '', token)
  assert.deepEqual(messagesIn(await getMessages(chat)), [])
})
