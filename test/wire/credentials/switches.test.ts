/**
 * What is switched off for a site: the site itself, or one of the two APIs.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { SiteSettings } from '../../../src/settings.ts'
import { done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  getPage,
  message,
  post,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, call } from '../../support/http.ts'
import { assertOldRefused, getMessages, oldChatOf, postOld, sayOld, uploadOld } from '../../support/old-direct-line.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

const start = (site: Partial<SiteSettings> = {}) => startApp({ bot: bot.url, site })

/** Every call of 3.0, by token and by secret. */
const newCalls = async ({ base, secret }: TestApp, chat: Chat): Promise<readonly Answer[]> => [
  await call(`${base}/tokens/generate`, { method: 'POST', bearer: secret }),
  await call(`${base}/conversations`, { method: 'POST', bearer: secret }),
  await call(`${base}/conversations`, { method: 'POST', bearer: chat.token }),
  await call(`${base}/tokens/refresh`, { method: 'POST', bearer: chat.token }),
  await reconnect(chat),
  await getPage(chat),
  await post(chat, message('hello')),
  await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, raw: 'bytes' }),
  await call(`${base}/session/getsessionid`, { bearer: chat.token }),
]

/** Every call of 1.1, by token and by secret. */
const oldCalls = async ({ origin, secret }: TestApp, chat: Chat): Promise<readonly Answer[]> => {
  const old = oldChatOf({ origin, secret }, chat.conversation, chat.token)
  return [
    await call(`${origin}/api/tokens`, { bearer: secret }),
    await call(`${origin}/api/tokens/conversation`, { method: 'POST', bearer: secret }),
    await call(`${origin}/api/conversations`, { method: 'POST', bearer: secret }),
    await call(`${origin}/api/conversations`, { method: 'POST', bearer: chat.token }),
    await call(`${origin}/api/tokens/${chat.conversation}/renew`, { bearer: chat.token }),
    await getMessages(old),
    await postOld(old, { text: 'hello' }),
    await uploadOld(old, { raw: 'bytes' }),
  ]
}

test('3.0 switched off refuses its calls and its stream; 1.1 goes on', async () => {
  await using app = await start()
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const site = await done(app, 'PATCH', '/sites/default', { v3: false })
  assert.deepEqual([site['enabled'], site['v3'], site['v1']], [true, false, true])
  assert.equal((await inTime('the close', socket.closed)).code, 1008)
  for (const answer of await newCalls(app, chat)) assertRefused(answer, 403, 'BadArgument')
  assertRefused(await refusedHandshake(chat.streamUrl), 403, 'BadArgument')
  await sayOld(oldChatOf(app, chat.conversation, chat.token), 'from 1.1')
  await done(app, 'PATCH', '/sites/default', { v3: true })
  await say(chat, 'back again')
})

test('1.1 switched off refuses its calls; 3.0 and its sockets go on', async () => {
  await using app = await start()
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await done(app, 'PATCH', '/sites/default', { v1: false })
  for (const answer of await oldCalls(app, chat)) assertOldRefused(answer, 403, 'NotAllowed')
  await say(chat, 'from 3.0')
  await socket.untilText('from 3.0')
})

test('a site that is switched off takes no secret, token or stream URL on either API, and all of them again when it is on', async () => {
  await using app = await start()
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await done(app, 'PATCH', '/sites/default', { enabled: false })
  assert.equal((await inTime('the close', socket.closed)).code, 1008)
  for (const answer of await newCalls(app, chat)) assertRefused(answer, 403, 'BadArgument')
  for (const answer of await oldCalls(app, chat)) assertOldRefused(answer, 403, 'NotAllowed')
  assertRefused(await refusedHandshake(chat.streamUrl), 403, 'BadArgument')
  assert.equal((await call(`${app.origin}/dev/token`)).status, 403)
  await done(app, 'PATCH', '/sites/default', { enabled: true })
  await say(chat, 'back again')
})

test('the settings switch as the admin API does', async () => {
  await using app = await start({ v1: false })
  const chat = await startChat(app)
  for (const answer of await oldCalls(app, chat)) assertOldRefused(answer, 403, 'NotAllowed')
  await using other = await start({ v3: false })
  assertRefused(
    await call(`${other.base}/tokens/generate`, { method: 'POST', bearer: other.secret }),
    403,
    'BadArgument',
  )
  await using off = await start({ enabled: false })
  assertRefused(await call(`${off.base}/tokens/generate`, { method: 'POST', bearer: off.secret }), 403, 'BadArgument')
})

test('what was switched stays so over a restart, until its setting changes', async () => {
  await using folder = await makeFolder()
  const startOwn = (site: Partial<SiteSettings> = {}) => startApp({ bot: bot.url, dir: folder.path, site })
  const statusOf = async ({ base, secret }: TestApp) =>
    (await call(`${base}/tokens/generate`, { method: 'POST', bearer: secret })).status
  const first = await startOwn()
  await done(first, 'PATCH', '/sites/default', { enabled: false })
  await first.stop()
  for (const [site, status] of [
    [{}, 403],
    [{ v1: false }, 403],
    [{ enabled: false }, 403],
  ] as const) {
    await using app = await startOwn(site)
    assert.equal(await statusOf(app), status)
  }
  await using second = await startOwn({ enabled: false })
  await done(second, 'PATCH', '/sites/default', { enabled: true })
  await second.stop()
  await using again = await startOwn({ enabled: false })
  assert.equal(await statusOf(again), 200)
  await again.stop()
  await using changed = await startOwn({ enabled: true })
  assert.equal(await statusOf(changed), 200)
})
