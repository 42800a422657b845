/**
 * POST /conversations: starts a conversation, or enters the one a token is for.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
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
import { type Call, call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const start = (what: Call = {}, base = app.base) =>
  call(`${base}/conversations`, { method: 'POST', bearer: app.secret, ...what })

test('answers 201 with conversation, token, its life, a stream URL and the id of a grammar, and nothing else', async () => {
  const { status, headers, body } = await start()
  assert.equal(status, 201)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(Object.keys(body).sort(), [
    'conversationId',
    'expires_in',
    'referenceGrammarId',
    'streamUrl',
    'token',
  ])
  assert.match(body.conversationId ?? '', /^[A-Za-z0-9_-]{22,55}$/)
  assert.equal(body.expires_in, 1800)
  assert.equal(claimsOf(body.token)['conv'], body.conversationId)
  assert.match(body.referenceGrammarId ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('answers a stream URL that a browser can open as it is, from the beginning of the log', async () => {
  const { body } = await start()
  const url = new URL(body.streamUrl ?? '')
  assert.equal(url.origin.replace(/^null$/, `${url.protocol}//${url.host}`), app.origin.replace(/^http/, 'ws'))
  assert.equal(url.pathname, `/v3/directline/conversations/${body.conversationId}/stream`)
  assert.deepEqual([...url.searchParams.keys()], ['watermark', 't'])
  assert.equal(url.searchParams.get('watermark'), '-')
  using socket = await openSocket(body.streamUrl)
  const chat = chatOf(app, { ...(await start()), body })
  const id = await say(chat, 'hello')
  await socket.untilId(id)
})

test('starts another conversation with every call of a secret', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => start()))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  assert.equal(new Set(answers.map(({ body }) => body.conversationId)).size, 20)
  assert.equal(new Set(answers.map(({ body }) => body.referenceGrammarId)).size, 1)
})

test("starts a token's own conversation once, however many ask at once, and tells the bot once", async () => {
  const { token, conversation } = await generateToken(app)
  const answers = await Promise.all(Array.from({ length: 10 }, () => start({ bearer: token })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201])
  assert.deepEqual(new Set(answers.map(({ body }) => body.conversationId)), new Set([conversation]))
  await bot.until('the start', ({ of }) => of(conversation).length > 0)
  // The first message waits for every update that is running: nothing can come after it.
  await say({ ...chatOf(app, answers[0] as (typeof answers)[0]), token }, 'after the start')
  assert.equal(bot.of(conversation).filter(({ membersAdded }) => membersAdded?.[0]?.id === 'bot').length, 1)
})

test('enters a started conversation with 200, creates nothing, and streams the whole log again', async () => {
  const { token } = await generateToken(app, { user: { id: 'u1' } })
  const first = chatOf(app, await start({ bearer: token }))
  const ids = [await say(first, 'one'), await say(first, 'two')]
  const told = bot.of(first.conversation).length
  const again = await start({ bearer: token })
  assert.equal(again.status, 200)
  assert.deepEqual(Object.keys(again.body).sort(), [
    'conversationId',
    'expires_in',
    'referenceGrammarId',
    'streamUrl',
    'token',
  ])
  assert.equal(again.body.conversationId, first.conversation)
  assert.equal(new URL(again.body.streamUrl ?? '').searchParams.get('watermark'), '-')
  using socket = await openSocket(again.body.streamUrl)
  await socket.untilId(ids[1])
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    ids,
  )
  assert.equal(bot.of(first.conversation).length, told)
})

test('issues a new token each time, with a life of its own, and the old one stays good', async () => {
  await using own = await startApp({ bot: bot.url })
  const { token, address } = await generateToken(own, { user: { id: 'dl_uma', name: 'Uma' } })
  own.advanceClock(20 * 60_000)
  const first = await start({ bearer: token }, own.base)
  assert.notEqual(first.body.token, token)
  assert.ok(Number(claimsOf(first.body.token)['exp']) - Number(claimsOf(token)['exp']) >= 1199)
  assert.equal(claimsOf(first.body.token)['user'], 'dl_uma')
  assert.equal((await getPage({ address, token })).status, 200)
  assert.equal((await getPage({ address, token: first.body.token ?? '' })).status, 200)
})

test("embeds the body's user in the token that is returned: nobody else can speak with it", async () => {
  const chat = await startChat(app, { id: 'u7', name: 'Ulla' })
  assert.equal(claimsOf(chat.token)['user'], 'u7')
  await post(chat, message('hello', 'somebody else'))
  const [shown] = await readLog(chat)
  assert.deepEqual([shown?.from?.id, shown?.from?.name], ['u7', 'Ulla'])
})

test("lets the token's user win over the body's", async () => {
  const { token } = await generateToken(app, { user: { id: 'dl_uma' } })
  const { status, body } = await start({ bearer: token, json: { user: { id: 'eve' } } })
  assert.equal(status, 201)
  assert.equal(claimsOf(body.token)['user'], 'dl_uma')
  const update = await bot.until('the start', ({ of }) => of(body.conversationId)[0])
  assert.deepEqual(
    update.membersAdded?.map(({ id }) => id),
    ['bot', 'dl_uma'],
  )
})

test('leaves the user open where neither token nor body names one', async () => {
  const { token } = await generateToken(app)
  for (const what of [{}, { bearer: token }]) {
    const { body } = await start(what)
    assert.equal('user' in claimsOf(body.token), false)
  }
})

test('takes every body that clients send', async () => {
  for (const what of [
    { raw: '' },
    { raw: 'null' },
    { raw: '  ' },
    { json: {} },
    { json: { user: {}, locale: 'en-GB' } },
    { json: { user: { id: 'u1' } } },
    { json: { user: {} } },
    { json: { User: { Id: 'u1', Name: 'Uma' }, Locale: 'de' } },
    { json: { Message: '' } },
    { json: { user: { id: 'u1', name: null }, trustedOrigins: null, locale: null } },
  ]) {
    assert.equal((await start(what)).status, 201, JSON.stringify(what))
  }
})

test('refuses parameters of the wrong type or size as BadArgument, and starts nothing', async () => {
  const { token, address } = await generateToken(app)
  for (const json of [
    [],
    'text',
    1,
    { user: 'u1' },
    { user: { id: 5 } },
    { user: { id: 'u'.repeat(65) } },
    { locale: 5 },
    { locale: 'x'.repeat(65) },
    { trustedOrigins: {} },
  ]) {
    assertRefused(await start({ bearer: token, json }), 400, 'BadArgument')
  }
  assertRefused(await start({ bearer: token, raw: '{"user":' }), 400, 'BadArgument')
  assertRefused(await reconnect({ address, token }), 404, 'BadArgument')
})

test("refuses the bot's own id as a user's", async () => {
  assertRefused(await start({ json: { user: { id: 'bot' } } }), 400, 'BadArgument')
})

test('takes a dl_ user in the body without enhanced authentication', async () => {
  assert.equal((await start({ json: { user: { id: 'dl_uma' } } })).status, 201)
})

test('demands with enhanced authentication a user whom the token names', async () => {
  await using own = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const unnamed = await generateToken(own)
  assertRefused(await start({ bearer: unnamed.token }, own.base), 400, 'MissingProperty')
  assertRefused(await start({ bearer: own.secret }, own.base), 400, 'MissingProperty')
  const unvouched = { json: { user: { id: 'uma' } } }
  assertRefused(await start({ bearer: own.secret, ...unvouched }, own.base), 400, 'MissingProperty')
  const claimed = { json: { user: { id: 'dl_uma' } } }
  assertRefused(await start({ bearer: own.secret, ...claimed }, own.base), 400, 'BadArgument')
  assertRefused(await start({ bearer: unnamed.token, ...claimed }, own.base), 400, 'BadArgument')
  const named = await generateToken(own, { user: { id: 'dl_uma' } })
  assert.equal((await start({ bearer: named.token }, own.base)).status, 201)
})

test('neither waits for the bot nor fails with it', async () => {
  const hanging = Promise.withResolvers<number>()
  for (const answer of [() => 500, () => 'drop' as const, () => hanging.promise]) {
    await using bad = await startBot({ answer })
    await using own = await startApp({ bot: bad.url, settings: { stopTimeoutMs: 0 } })
    assert.equal((await start({ bearer: own.secret }, own.base)).status, 201)
    await bad.until('the start', ({ requests }) => requests.length === 1)
    hanging.resolve(200)
  }
  await using own = await startApp()
  assert.equal((await start({ bearer: own.secret }, own.base)).status, 201)
})

test('gives a stream URL that opens for 60 seconds and no longer', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  own.advanceClock(58_000)
  const socket = await openSocket(chat.streamUrl)
  await socket.close()
  own.advanceClock(3_000)
  assertRefused(await refusedHandshake(chat.streamUrl), 403, 'TokenExpired')
})

test('builds the stream URL from the configured public address', async () => {
  await using own = await startApp({ bot: bot.url, settings: { publicUrl: 'https://chat.example.org/line/' } })
  const { body } = await start({ bearer: own.secret, headers: { host: 'evil.example' } }, own.base)
  const prefix = `wss://chat.example.org/line/v3/directline/conversations/${body.conversationId}/stream?watermark=-&t=`
  assert.ok(body.streamUrl?.startsWith(prefix), body.streamUrl)
  assert.equal(claimsOf(body.token)['iss'], 'https://chat.example.org/line/')
  const update = await bot.until('the start', ({ of }) => of(body.conversationId)[0])
  assert.ok(update.serviceUrl?.startsWith('https://chat.example.org/line/'), update.serviceUrl)
})

test('never takes the address it gives to bots from a request', async () => {
  const { body } = await start({
    headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
  })
  const update = await bot.until('the start', ({ of }) => of(body.conversationId)[0])
  assert.ok(update.serviceUrl?.startsWith(`${app.origin}/`), update.serviceUrl)
})
