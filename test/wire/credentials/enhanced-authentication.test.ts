/**
 * Enhanced authentication: `dl_` users come from tokens that the secret has made, and from nowhere else, on both APIs.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  chatOf,
  claimsOf,
  generateToken,
  message,
  post,
  readLog,
  reconnect,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertOldRefused, oldChatOf, postOld, uploadOld } from '../../support/old-direct-line.ts'
import { openSocket } from '../../support/socket.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

let chat: Chat
before(async () => {
  const { token } = await generateToken(app, { user: { id: 'dl_uma' } })
  chat = chatOf(app, await call(`${app.base}/conversations`, { method: 'POST', bearer: token }))
})

test('a token may be made without a user, but opens nothing until one is made with', async () => {
  const { token } = await generateToken(app)
  const start = (what: object = {}) => call(`${app.base}/conversations`, { method: 'POST', bearer: token, ...what })
  assertRefused(await start(), 400, 'MissingProperty')
  assertRefused(await start({ json: { user: { id: 'uma' } } }), 400, 'MissingProperty')
  assertRefused(await start({ json: { user: { id: 'dl_uma' } } }), 400, 'BadArgument')
  const old = { method: 'POST', bearer: token }
  assertOldRefused(await call(`${app.origin}/api/conversations`, old), 400, 'MissingProperty')
})

test('reconnecting needs a user too, whether with the secret or with a fresh token that names none', async () => {
  assertRefused(await reconnect({ ...chat, token: app.secret }), 400, 'MissingProperty')
  const json = { conversationId: chat.conversation }
  const unnamed = await call(`${app.base}/tokens/generate`, { bearer: app.secret, json })
  assertRefused(await reconnect({ ...chat, token: unnamed.body.token ?? '' }), 400, 'MissingProperty')
  assert.equal((await reconnect(chat)).status, 200)
})

test('nobody claims a dl_ id without a token for it: by post, upload, form or query, on either API', async () => {
  const bySecret = { ...chat, token: app.secret }
  const old = oldChatOf(app, chat.conversation, app.secret)
  const before = (await readLog(chat)).length
  assertRefused(await post(bySecret, message('x', 'dl_eve')), 400, 'BadArgument')
  const upload = { bearer: app.secret, raw: 'x' }
  assertRefused(await call(`${chat.address}/upload?userId=dl_eve`, upload), 400, 'BadArgument')
  assertOldRefused(await postOld(old, { from: 'dl_eve', text: 'x' }), 400, 'MalformedData')
  assertOldRefused(await uploadOld(old, { raw: 'x' }, '?userId=dl_eve'), 400, 'MalformedData')
  assert.equal((await readLog(chat)).length, before)
})

test("the token's user speaks whatever is said, on every road", async () => {
  const before = (await readLog(chat)).length
  await post(chat, message('one', 'dl_eve'))
  await post(chat, { type: 'message', text: 'two', From: { id: 'dl_eve' } })
  await call(`${chat.address}/upload?userId=dl_eve`, { bearer: chat.token, raw: 'three' })
  const old = oldChatOf(app, chat.conversation, chat.token)
  await postOld(old, { from: 'dl_eve', text: 'four' })
  await uploadOld(old, { raw: 'five' }, '?userId=dl_eve')
  using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
  socket.send(JSON.stringify(message('six', 'dl_eve')))
  await socket.untilText('six')
  const senders = (await readLog(chat)).slice(before).map(({ from }) => from?.id)
  assert.deepEqual(senders, Array(6).fill('dl_uma'))
})

test('refreshing, starting again and reconnecting keep the user, whatever is asked', async () => {
  const json = { user: { id: 'dl_eve' } }
  for (const { status, body } of [
    await call(`${app.base}/tokens/refresh`, { bearer: chat.token, json }),
    await call(`${app.base}/conversations`, { bearer: chat.token, json }),
    await reconnect(chat),
  ]) {
    assert.equal(status, 200)
    assert.equal(claimsOf(body.token)['user'], 'dl_uma')
  }
})
