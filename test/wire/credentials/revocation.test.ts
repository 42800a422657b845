/**
 * Revoking a token, a conversation, a site, a secret: what is refused from then on, which sockets are closed, and what
 * goes on.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ask, done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
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
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertOldRefused, oldChatOf, postOld } from '../../support/old-direct-line.ts'
import { openSocket, refusedHandshake, type TestSocket } from '../../support/socket.ts'
import { botSays, startTalk, watch } from '../../support/talk.ts'
import { inTime } from '../../support/until.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const refresh = (token: string, { base } = app) => call(`${base}/tokens/refresh`, { method: 'POST', bearer: token })
const enter = (token: string, { base } = app) => call(`${base}/conversations`, { method: 'POST', bearer: token })

/** Holds every call of a token against its refusal, on both APIs. */
async function assertRevoked(chat: Pick<Chat, 'address' | 'token' | 'conversation'>, service = app): Promise<void> {
  for (const answer of [
    await getPage(chat),
    await reconnect(chat),
    await post(chat, message('too late')),
    await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, raw: 'too late' }),
    await refresh(chat.token, service),
    await enter(chat.token, service),
    await call(`${service.base}/session/getsessionid`, { bearer: chat.token }),
  ]) {
    assertRefused(answer, 403, 'BadArgument')
  }
  const old = oldChatOf(service, chat.conversation, chat.token)
  assertOldRefused(await postOld(old, { text: 'too late' }), 403, 'NotAllowed')
  assertOldRefused(
    await call(`${service.origin}/api/tokens/${chat.conversation}/renew`, { bearer: chat.token }),
    403,
    'NotAllowed',
  )
}

async function assertClosed(socket: TestSocket): Promise<void> {
  assert.deepEqual(await inTime('the close', socket.closed), { code: 1008, reason: 'credential revoked' })
}

/** A conversation with a socket opened by its token. */
async function chatWithSocket(service: TestApp = app): Promise<{ readonly chat: Chat; readonly socket: TestSocket }> {
  const { token } = await generateToken(service, { user: { id: 'dl_uma' } })
  const chat = chatOf(service, await enter(token, service))
  return { chat, socket: await openSocket(chat.streamUrl) }
}

test('a revoked token is refused with all of its family, and its sockets are closed; others go on', async () => {
  const { token, conversation, address } = await generateToken(app)
  const started = chatOf(app, await enter(token))
  const renewed = (await refresh(started.token)).body.token ?? ''
  using socket = await openSocket(started.streamUrl)
  const { body: other } = await call(`${app.base}/tokens/generate`, {
    bearer: app.secret,
    json: { conversationId: conversation },
  })
  const unconcerned = { address, conversation, token: other.token ?? '' }
  using spared = await watch(unconcerned)

  assert.deepEqual(await done(app, 'POST', '/tokens/revoke', { token: started.token }), {
    conversationId: conversation,
    closedSockets: 1,
  })
  await assertClosed(socket)
  for (const each of [token, started.token, renewed]) await assertRevoked({ address, conversation, token: each })
  assertRefused(await refusedHandshake(started.streamUrl), 403, 'BadArgument')
  await say(unconcerned, 'still here')
  await spared.untilText('still here')
})

test('revoking works for a stream URL that was seen, for a token that has expired, and not for anything else', async () => {
  const { chat, socket } = await chatWithSocket()
  await done(app, 'POST', '/tokens/revoke', { token: new URL(chat.streamUrl).searchParams.get('t') })
  await assertClosed(socket)
  await assertRevoked(chat)

  await using own = await startApp({ bot: bot.url })
  const started = await startChat(own, { id: 'u1' })
  own.advanceClock(20 * 60_000)
  const { body } = await refresh(started.token, own)
  own.advanceClock(20 * 60_000)
  await done(own, 'POST', '/tokens/revoke', { token: started.token })
  await assertRevoked({ ...started, token: body.token ?? '' }, own)
})

test('a revoked conversation refuses what was issued for it, and takes a fresh token of the secret at once', async () => {
  await using talk = await startTalk({ user: null })
  const { conversation, address } = talk
  const tokens = [talk.token]
  using first = await watch(talk)
  for (let times = 0; times < 5; times += 1) {
    const { closedSockets } = await done(talk.app, 'POST', `/conversations/${conversation}/revoke`)
    assert.equal(closedSockets, 1)
    const { status, body, text } = await call(`${talk.app.base}/tokens/generate`, {
      bearer: talk.secret,
      json: { conversationId: conversation, user: { id: 'u1' } },
    })
    assert.equal(status, 200, text)
    const fresh = { conversation, address, token: body.token ?? '' }
    await (await watch(fresh)).untilText(await saidText(fresh, times))
    for (const token of tokens) assertRefused(await getPage({ address, token }), 403, 'BadArgument')
    tokens.push(fresh.token)
  }
  await assertClosed(first)
  assert.equal((await getPage({ address, token: talk.secret })).status, 200)
})

async function saidText(chat: Pick<Chat, 'address' | 'token'>, times: number): Promise<string> {
  await say(chat, `fresh ${times}`)
  return `fresh ${times}`
}

test('a fresh token is good although the clock was set back, and an old one is not', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own, { id: 'u1' })
  own.advanceClock(-10 * 60_000)
  await done(own, 'POST', `/conversations/${chat.conversation}/revoke`)
  assertRefused(await getPage(chat), 403, 'BadArgument')
  const { body } = await call(`${own.base}/tokens/generate`, {
    bearer: own.secret,
    json: { conversationId: chat.conversation },
  })
  assert.equal((await getPage({ ...chat, token: body.token ?? '' })).status, 200)
})

test('nothing is lost to a client that is cut off and comes back with a fresh token: it goes on where it was', async () => {
  await using talk = await startTalk()
  using before = await watch(talk)
  await say(talk, 'one')
  const { watermark } = await before.until('the first', ({ sets }) => sets.find(set => set.activities.length > 0))
  await done(talk.app, 'POST', `/conversations/${talk.conversation}/revoke`)
  await assertClosed(before)
  await botSays(talk, 'said meanwhile')
  assert.equal(
    before.activities.some(({ text }) => text === 'said meanwhile'),
    false,
  )
  const json = { conversationId: talk.conversation }
  const { body } = await call(`${talk.app.base}/tokens/generate`, { bearer: talk.secret, json })
  using again = await watch({ ...talk, token: body.token ?? '' }, watermark)
  await again.untilText('said meanwhile')
  assert.deepEqual(
    again.activities.map(({ text }) => text),
    ['said meanwhile'],
  )
})

test('a revoked site refuses every token and stream URL issued until then, and goes on with new ones', async () => {
  await using own = await startApp({ bot: bot.url })
  const { chat, socket } = await chatWithSocket(own)
  const unstarted = await generateToken(own)
  assert.deepEqual(await done(own, 'POST', '/sites/default/revoke'), { closedSockets: 1 })
  await assertClosed(socket)
  await assertRevoked(chat, own)
  assertRefused(await enter(unstarted.token, own), 403, 'BadArgument')
  await say(await startChat(own, { id: 'u1' }), 'new ones go on')
})

test('a secret that is revoked takes everything with it that was made with it, however often refreshed', async () => {
  await using own = await startApp({
    bot: bot.url,
    site: { secrets: ['first-secret-of-the-site-00000000001', 'second-secret-of-the-site-0000000001'] },
  })
  const { chat, socket } = await chatWithSocket(own)
  const renewed = (await refresh(chat.token, own)).body.token ?? ''
  const second = { base: own.base, secret: 'second-secret-of-the-site-0000000001' }
  const spared = await startChat(second, { id: 'u1' })
  using sparedSocket = await openSocket(spared.streamUrl)
  const { secret } = await done(own, 'POST', '/sites/default/secrets/1/revoke')
  await assertClosed(socket)
  await assertRevoked(chat, own)
  await assertRevoked({ ...chat, token: renewed }, own)
  assertRefused(await getPage({ ...chat, token: own.secret }), 403, 'BadArgument')
  await say(spared, 'still here')
  await sparedSocket.untilText('still here')
  await say(await startChat({ base: own.base, secret: String(secret) }, { id: 'u1' }), 'with the new one')
})

test('a secret whose revocation ends half done is still the one that is meant when it is asked for again', async () => {
  let isBroken = false
  await using own = await startFaulty(bot.url, ({ store }) => {
    const put = store.putSetting.bind(store)
    store.putSetting = (name, value) =>
      isBroken && name.startsWith('secrets of') ? Promise.reject(new Error('the disk has gone')) : put(name, value)
    return { store }
  })
  const chat = await startChat(own, { id: 'u1' })
  isBroken = true
  assert.equal((await ask(own, 'POST', '/sites/default/secrets/1/revoke')).status, 500)
  isBroken = false
  assertRefused(await getPage(chat), 403, 'BadArgument')
  const { secret } = await done(own, 'POST', '/sites/default/secrets/1/revoke')
  assertRefused(await getPage(chat), 403, 'BadArgument')
  assertRefused(await getPage({ ...chat, token: own.secret }), 403, 'BadArgument')
  await say(await startChat({ base: own.base, secret: String(secret) }, { id: 'u1' }), 'with the new one')
})

test('revocations outlive a restart, and so do new secrets', async () => {
  await using folder = await makeFolder()
  const before = await startApp({ bot: bot.url, dir: folder.path })
  const [byToken, byConversation, spared] = [await startChat(before), await startChat(before), await startChat(before)]
  await done(before, 'POST', '/tokens/revoke', { token: byToken.token })
  await done(before, 'POST', `/conversations/${byConversation.conversation}/revoke`)
  const { secret } = await done(before, 'POST', '/sites/default/secrets/1/regenerate')
  await before.stop()

  await using app = await startApp({ bot: bot.url, dir: folder.path, port: before.port })
  for (const chat of [byToken, byConversation]) assertRefused(await getPage(chat), 403, 'BadArgument')
  assert.equal((await getPage(spared)).status, 200)
  assert.equal(app.secret, secret)
  assert.equal((await getPage({ ...spared, token: String(secret) })).status, 200)
  assertRefused(await getPage({ ...spared, token: before.secret }), 403, 'BadArgument')
  assert.equal(app.adminKey, before.adminKey)
})

test('a socket that opens while its token is being revoked is closed as well', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  const find = own.store.find.bind(own.store)
  const held = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  let finds = 0
  own.store.find = async conversation => {
    finds += 1
    if (finds === 2) {
      asked.resolve()
      await held.promise
    }
    return find(conversation)
  }
  using socket = await openSocket(chat.streamUrl)
  await asked.promise
  await done(own, 'POST', '/tokens/revoke', { token: chat.token })
  held.resolve()
  await assertClosed(socket)
  assert.deepEqual(socket.frames, [])
})

test('a token that is revoked while it is refreshed or started with leaves none behind', async () => {
  await using own = await startApp({ bot: bot.url })
  for (const act of [refresh, enter]) {
    const chat = await startChat(own)
    const find = own.store.find.bind(own.store)
    const held = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    own.store.find = async conversation => {
      asked.resolve()
      await held.promise
      return find(conversation)
    }
    const acted = act(chat.token, own)
    await asked.promise
    await done(own, 'POST', `/conversations/${chat.conversation}/revoke`)
    held.resolve()
    assertRefused(await acted, 403, 'BadArgument')
    own.store.find = find
  }
})

test('a client that is told to close can send nothing more on its socket', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
  socket.send(JSON.stringify(message('before')))
  await socket.untilText('before')
  socket.ws.pause()
  const revoked = done(own, 'POST', '/tokens/revoke', { token: chat.token })
  await revoked
  socket.send(JSON.stringify(message('after')))
  socket.ws.resume()
  await assertClosed(socket)
  const texts = (await readLog({ ...chat, token: own.secret })).map(({ text }) => text)
  assert.deepEqual(texts, ['before'])
})

test('a token tells its family, its secret and the millisecond it was issued, and keeps the first two', async () => {
  const { token } = await generateToken(app)
  const first = claimsOf(token)
  assert.equal(first['fam'], first['jti'])
  assert.match(String(first['sec']), /^[A-Za-z0-9]{8}$/)
  assert.ok(Math.abs(Number(first['iat']) - Date.now() / 1000) < 5)
  const started = await enter(token)
  const renewed = await refresh(started.body.token ?? '')
  const back = await reconnect(chatOf(app, started))
  for (const { body } of [started, renewed, back]) {
    const claims = claimsOf(body.token)
    assert.notEqual(claims['jti'], first['jti'])
    for (const name of ['fam', 'sec']) assert.equal(claims[name], first[name], name)
  }
  const ticket = claimsOf(new URL(back.body.streamUrl ?? '').searchParams.get('t') ?? '')
  assert.equal(ticket['fam'], first['fam'])
  for (const name of ['nbf', 'exp']) assert.ok(Number.isInteger(first[name]), name)
})
