/**
 * The two secrets of a site: regenerating one cuts off nobody but who shows it.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openKeys } from '../../../src/adapters/system/keys.ts'
import { openMasterKey } from '../../../src/adapters/system/master-key.ts'
import { done } from '../../support/admin.ts'
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
  say,
  startChat,
} from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { watch } from '../../support/talk.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

const secrets = ['first-secret-of-the-site-00000000001', 'second-secret-of-the-site-0000000001'] as const
const startOwn = () => startApp({ bot: bot.url, site: { secrets } })

test('a regenerated secret is answered once and takes the place of the old one; the other stays good', async () => {
  await using app = await startOwn()
  const { secret, ...more } = await done(app, 'POST', '/sites/default/secrets/1/regenerate')
  assert.deepEqual(more, {})
  assert.match(String(secret), /^[A-Za-z0-9]{43}$/)
  assertRefused(await call(`${app.base}/tokens/generate`, { method: 'POST', bearer: secrets[0] }), 403, 'BadArgument')
  for (const bearer of [String(secret), secrets[1]])
    assert.equal((await call(`${app.base}/tokens/generate`, { method: 'POST', bearer })).status, 200)
})

test('a page full of people goes on while a secret is regenerated: tokens, refreshes, starts and sockets', async () => {
  await using app = await startOwn()
  const chat = await startChat(app, { id: 'u1' })
  const unstarted = await generateToken(app)
  using socket = await watch(chat)
  await done(app, 'POST', '/sites/default/secrets/1/regenerate')
  await say(chat, 'still here')
  await socket.untilText('still here')
  const renewed = await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })
  assert.equal(renewed.status, 200)
  await say({ ...chat, token: renewed.body.token ?? '' }, 'and refreshed')
  assert.equal((await call(`${app.base}/conversations`, { method: 'POST', bearer: unstarted.token })).status, 201)
})

test('a socket that was opened with the secret itself ends with it, and so does its stream URL', async () => {
  await using app = await startOwn()
  const bySecret = await startChat(app)
  const other = await startChat({ base: app.base, secret: secrets[1] })
  using socket = await openSocket(bySecret.streamUrl)
  using spared = await openSocket(other.streamUrl)
  await done(app, 'POST', '/sites/default/secrets/1/regenerate')
  assert.equal((await inTime('the close', socket.closed)).code, 1008)
  assertRefused(await refusedHandshake(bySecret.streamUrl), 403, 'BadArgument')
  await say(other, 'still here')
  await spared.untilText('still here')
  using back = await watch(bySecret)
  await say(bySecret, 'the token that came with it lives on')
  await back.untilText('the token that came with it lives on')
})

test('a secret that was regenerated does not come back with the setting that named it', async () => {
  await using folder = await makeFolder()
  const options = { bot: bot.url, dir: folder.path }
  const before = await startApp({ ...options, site: { secrets: [secrets[0]] } })
  const { secret } = await done(before, 'POST', '/sites/default/secrets/1/regenerate')
  await before.stop()
  await using app = await startApp({ ...options, site: { secrets: [secrets[0]] } })
  assert.equal(app.secret, secret)
  assertRefused(await call(`${app.base}/tokens/generate`, { method: 'POST', bearer: secrets[0] }), 403, 'BadArgument')
  await app.stop()
  await using changed = await startApp({ ...options, site: { secrets: [secrets[1]] } })
  assert.equal(changed.secret, secrets[1])
  assertRefused(
    await call(`${changed.base}/tokens/generate`, { method: 'POST', bearer: String(secret) }),
    403,
    'BadArgument',
  )
})

test('no secret, token or stream URL is in the store in clear', async () => {
  await using folder = await makeFolder()
  await using app = await startApp({ bot: bot.url, dir: folder.path })
  const { secret } = await done(app, 'POST', '/sites/default/secrets/2/revoke')
  const chat = await startChat(app)
  await done(app, 'POST', '/tokens/revoke', { token: chat.token })
  for (const name of ['secrets of site default of bot bot', 'revocations', 'admin key']) {
    const kept = (await app.store.setting(name)) ?? assert.fail(name)
    for (const hidden of [app.secret, String(secret), app.adminKey, chat.token])
      assert.equal(kept.includes(hidden), false)
  }
})

test('tokens of releases before families stay good, refresh into a family of their own, and end with any secret that is revoked', async () => {
  await using folder = await makeFolder()
  await using app = await startApp({ bot: bot.url, dir: folder.path })
  const keys = openKeys(await openMasterKey(folder.path))
  const { token, address } = chatOf(
    app,
    await call(`${app.base}/conversations`, { method: 'POST', bearer: app.secret }),
  )
  const { fam: _fam, sec: _sec, iat: _iat, ...claims } = claimsOf(token)
  const old = keys.sign(JSON.stringify(claims))
  await say({ address, token: old }, 'from before')
  const { body } = await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: old })
  assert.equal(claimsOf(body.token)['fam'], claims['jti'])
  assert.equal((await post({ address, token: body.token ?? '' }, message('refreshed'))).status, 200)
  await done(app, 'POST', '/sites/default/secrets/2/revoke')
  for (const each of [old, body.token ?? '']) assertRefused(await getPage({ address, token: each }), 403, 'BadArgument')
  assert.equal((await getPage({ address, token })).status, 200)
})
