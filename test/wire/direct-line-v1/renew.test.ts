/**
 * GET and POST /api/tokens/{conversation}/renew: a new token for what an unexpired one opens.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { startApp } from '../../support/app.ts'
import { claimsOf, generateToken, startChat } from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { startOldBot } from '../../support/old-bot.ts'
import {
  assertOldRefused,
  getMessages,
  messagesIn,
  type OldService,
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

const methods = ['GET', 'POST'] as const

const renew = (method: string, conversation: string, bearer: string, what: Call = {}, service: OldService = app) =>
  call(`${service.origin}/api/tokens/${conversation}/renew`, { method, bearer, ...what })

function tokenIn({ status, text, headers }: Answer): string {
  assert.equal(status, 200, text)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  const token: unknown = JSON.parse(text)
  assert.ok(typeof token === 'string' && text === `"${token}"`, text)
  return token
}

test('answers a new token as a JSON string, for the same conversation and user, by either method', async () => {
  for (const method of methods) {
    const chat = await startOldChat(app, { id: 'u1' })
    const token = tokenIn(await renew(method, chat.conversation, chat.token))
    assert.notEqual(token, chat.token)
    const { conv, user } = claimsOf(token)
    assert.deepEqual([conv, user], [chat.conversation, 'u1'])
    await sayOld({ ...chat, token }, 'with the new one', 'somebody-else')
    assert.deepEqual(
      (await readMessages({ ...chat, token })).map(({ from }) => from),
      ['u1'],
    )
  }
})

test('lets the old token live to its own end, and the new one half an hour more', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startOldChat(own)
  own.advanceClock(1_500_000)
  const token = tokenIn(await renew('GET', chat.conversation, chat.token, {}, own))
  for (const each of [chat.token, token]) messagesIn(await getMessages({ ...chat, token: each }))
  own.advanceClock(361_000)
  const expired = await getMessages(chat)
  assertOldRefused(expired, 403, 'NotAllowed')
  assert.match(expired.body.error?.message ?? '', /expired/)
  messagesIn(await getMessages({ ...chat, token }))
})

test('renews again and again', async () => {
  const chat = await startOldChat(app)
  let { token } = chat
  for (const method of [...methods, ...methods, ...methods])
    token = tokenIn(await renew(method, chat.conversation, token))
  messagesIn(await getMessages({ ...chat, token }))
})

test('renews a token whose conversation is yet to start, and tokens of 3.0', async () => {
  for (const method of methods) {
    const generated = await generateToken(app)
    const token = tokenIn(await renew(method, generated.conversation, generated.token))
    const { body } = await call(`${app.origin}/api/conversations`, { method: 'POST', bearer: token })
    assert.equal(body.conversationId, generated.conversation)
    const started = await startChat(app)
    tokenIn(await renew(method, started.conversation, started.token))
  }
})

test('ignores whatever is in the body', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  for (const raw of ['', '{}', 'not JSON', '{"user":{"id":"eve"}}']) {
    const token = tokenIn(await renew('POST', chat.conversation, chat.token, { raw }))
    assert.equal(claimsOf(token)['user'], 'u1')
  }
})

test('tells the bot and other clients nothing', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  await bot.until('the start', ({ requests }) => requests.some(({ text }) => text.includes(chat.conversation)))
  for (const method of methods) tokenIn(await renew(method, chat.conversation, chat.token))
  await sayOld(chat, 'after it')
  const told = bot.requests.filter(({ text }) => text.includes(chat.conversation))
  assert.deepEqual(
    told.map(({ activity }) => activity.type),
    ['conversationUpdate', 'message'],
  )
  assert.equal((await readMessages(chat)).length, 1)
})

test('refuses a secret, a token of another conversation, and one that has expired', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  await using own = await startApp({ bot: bot.url })
  const old = await startOldChat(own)
  own.advanceClock(1_861_000)
  for (const method of methods) {
    assertOldRefused(await renew(method, chat.conversation, app.secret), 403, 'NotAllowed')
    assertOldRefused(await renew(method, other.conversation, chat.token), 403, 'NotAllowed')
    assertOldRefused(await renew(method, 'doesNotExist0000000001', chat.token), 403, 'NotAllowed')
    const expired = await renew(method, old.conversation, old.token, {}, own)
    assertOldRefused(expired, 403, 'NotAllowed')
    assert.match(expired.body.error?.message ?? '', /expired/)
  }
})

test('refuses a token whose conversation has been forgotten', async () => {
  for (const method of methods) {
    const chat = await startOldChat(app)
    await app.store.forget(chat.conversation as ConversationId)
    assertOldRefused(await getMessages(chat), 404, 'NotFound')
    assertOldRefused(await renew(method, chat.conversation, chat.token), 404, 'NotFound')
  }
})
