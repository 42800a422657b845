/**
 * Tokens and conversations in the admin API: issuing, revoking, deleting.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  chatOf,
  claimsOf,
  generateToken,
  getPage,
  message,
  post,
  readLog,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const tokens = (json?: unknown) => ask(app, 'POST', '/sites/default/tokens', json)
const enter = (token: string) => call(`${app.base}/conversations`, { method: 'POST', bearer: token })

test('a token is issued for a new conversation, for a user by id or with a name, or for nobody', async () => {
  for (const [json, user, name] of [
    [undefined, undefined, undefined],
    [{}, undefined, undefined],
    [{ user: 'dl_uma' }, 'dl_uma', undefined],
    [{ user: { id: 'dl_uma', name: 'Uma' } }, 'dl_uma', 'Uma'],
  ] as const) {
    const { status, body, text } = await tokens(json)
    assert.equal(status, 200, text)
    assert.deepEqual(Object.keys(body), ['token', 'conversationId', 'expires_in'])
    const claims = claimsOf(body.token)
    assert.deepEqual([claims['user'], claims['uname']], [user, name])
    assert.equal((await enter(body.token ?? '')).status, 201)
  }
})

test('a token is issued for an old conversation, with origins', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'yesterday')
  const { body } = await tokens({ conversationId: chat.conversation, origins: ['https://page.example'] })
  const [shown] = await readLog({ ...chat, token: body.token ?? '' })
  assert.equal(shown?.text, 'yesterday')
  assert.deepEqual(claimsOf(body.token)['origins'], ['https://page.example'])
})

test('a request for a token that cannot be met is refused', async () => {
  for (const json of [{ user: 7 }, { user: { id: 'bot' } }, { origins: 'x' }, { trustedOrigins: [] }, []])
    assertAdminRefused(await tokens(json), 400, 'BadArgument')
  assertAdminRefused(await tokens({ conversationId: 'nothing-of-this-name' }), 404, 'BadArgument')
  assertAdminRefused(await ask(app, 'POST', '/sites/nothing/tokens'), 404, 'UnknownSite')
})

test('a token of the admin API lives on when the secrets change, and ends with its site', async () => {
  await using own = await startApp({ bot: bot.url })
  const { token } = await done(own, 'POST', '/sites/default/tokens', { user: 'u1' })
  const chat = chatOf(own, await call(`${own.base}/conversations`, { method: 'POST', bearer: token }))
  for (const number of [1, 2]) await done(own, 'POST', `/sites/default/secrets/${number}/revoke`)
  await say(chat, 'still here')
  await done(own, 'POST', '/sites/default/revoke')
  assertRefused(await getPage(chat), 403, 'BadArgument')
})

test('only a token or a stream URL of this service can be revoked as a token', async () => {
  for (const token of ['wrong', app.secret, app.adminKey, 'x'.repeat(5_000)])
    assertAdminRefused(await ask(app, 'POST', '/tokens/revoke', { token }), 400, 'BadArgument')
  assertAdminRefused(await ask(app, 'POST', '/tokens/revoke', {}), 400, 'MissingProperty')
  assertAdminRefused(await ask(app, 'POST', '/tokens/revoke', { Token: 'x' }), 400, 'BadArgument')
})

test('a deleted conversation is gone: log, files and sockets, for clients and for the bot', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  assert.equal((await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, raw: 'bytes' })).status, 200)
  const file = (await readLog(chat)).at(-1)?.attachments?.[0]?.contentUrl ?? ''
  assert.equal((await call(file)).status, 200)
  const join = bot.of(chat.conversation)[0] ?? assert.fail('the bot was not told')

  assert.equal((await ask(app, 'DELETE', `/conversations/${chat.conversation}`)).status, 204)
  assert.deepEqual(await inTime('the close', socket.closed), { code: 1000, reason: 'conversation deleted' })
  for (const token of [chat.token, app.secret]) {
    const gone = { ...chat, token }
    for (const answer of [await getPage(gone), await reconnect(gone), await post(gone, message('too late'))])
      assertRefused(answer, 404, 'BadArgument')
  }
  assertRefused(await refusedHandshake(chat.streamUrl), 404, 'BadArgument')
  assert.equal((await call(file)).status, 404)
  assert.equal((await bot.say(join, { type: 'message', text: 'too late' })).status, 404)
  assertAdminRefused(await ask(app, 'DELETE', `/conversations/${chat.conversation}`), 404, 'BadArgument')
})

test('a conversation that was deleted is not begun anew by a token from before its start', async () => {
  const { token, conversation } = await generateToken(app)
  assert.equal((await enter(token)).status, 201)
  assert.equal((await ask(app, 'DELETE', `/conversations/${conversation}`)).status, 204)
  assertRefused(await enter(token), 404, 'BadArgument')
  assertRefused(await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: token }), 404, 'BadArgument')
})

test('a conversation that no one has started yet can be revoked, one that cannot be is unknown', async () => {
  const { token, conversation } = await generateToken(app)
  assert.deepEqual(await done(app, 'POST', `/conversations/${conversation}/revoke`), { closedSockets: 0 })
  assertRefused(await enter(token), 403, 'BadArgument')
  assertAdminRefused(await ask(app, 'POST', '/conversations/..%2Fx/revoke'), 404, 'BadArgument')
})

test('the keys that sign what bots are sent are changed as asked, and asked for exactly', async () => {
  for (const how of ['overlap', 'at once']) assert.equal((await ask(app, 'POST', '/keys/rotate', { how })).status, 204)
  for (const json of [{}, { how: 'now' }, { how: true }])
    assertAdminRefused(await ask(app, 'POST', '/keys/rotate', json), 400, 'BadArgument')
  const audited = app.events.flatMap(event =>
    event.event === 'audit' && event.action === 'keysRotated' ? [event.subject] : [],
  )
  assert.deepEqual(audited, ['overlap', 'at once'])
})
