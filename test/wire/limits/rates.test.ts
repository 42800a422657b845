/**
 * How often callers may do what: by token, conversation, secret, bot and address.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { ada, startAdasTalk, tokenOf } from '../../support/bot-tokens.ts'
import {
  assertRefused,
  generateToken,
  getPage,
  message,
  post,
  readLog,
  reconnect,
  say,
  startChat,
  streamUrlWith,
} from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { assertConnectorRefused, botSays, openTalk, startTalk } from '../../support/talk.ts'
import { inTime, patienceMs } from '../../support/until.ts'
import { few, limited, startLimited } from './limited.ts'

/** Refused for being too often, with a time to come back that is a whole number of seconds from 1 to 30. */
function assertTooOften(answer: Answer, code = 'TooManyRequests'): void {
  assertRefused(answer, 429, code)
  assert.match(answer.headers['retry-after'] ?? '', /^(?:[1-9]|[12]\d|30)$/)
}

const upload = (chat: { readonly address: string; readonly token: string }, user = 'u1') =>
  call(`${chat.address}/upload?userId=${user}`, {
    bearer: chat.token,
    raw: 'x',
    headers: { 'content-type': 'text/plain' },
  })

test('a token sends its burst, activities and uploads together, and no more; other conversations go on', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { sendsPerToken: few(3) } }, { bot: bot.url })
  const [chat, other] = [await startChat(app), await startChat(app)]
  await say(chat, 'one')
  assert.equal((await upload(chat)).status, 200)
  await say(chat, 'two')
  assertTooOften(await post(chat, message('three')))
  assertTooOften(await upload(chat))
  await say(other, 'hello')
  assert.equal((await readLog(chat)).length, 3, 'nothing is kept of what was refused')
})

test('tokens that follow one another are held to one rate, and a secret to that of the conversation', async () => {
  await using bot = await startBot()
  await using app = await startLimited(
    { rates: { sendsPerToken: few(2), sendsPerConversation: few(4) } },
    { bot: bot.url },
  )
  const chat = await startChat(app)
  await say(chat, 'one')
  const refreshed = await call(`${app.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })
  await say({ ...chat, token: refreshed.body.token ?? '' }, 'two')
  for (const { token } of [chat, { token: refreshed.body.token ?? '' }])
    assertTooOften(await post({ ...chat, token }, message('three')))
  const withSecret = { ...chat, token: app.secret }
  await say(withSecret, 'three')
  await say(withSecret, 'four')
  assertTooOften(await post(withSecret, message('five')))
  assertTooOften(await post(await anotherToken(app, chat), message('six')))
})

/** A token of its own for a conversation, as a secret gets one. */
async function anotherToken(app: { base: string; secret: string }, chat: { conversation: string; address: string }) {
  const { body } = await reconnect({ ...chat, token: app.secret })
  return { ...chat, token: body.token ?? '' }
}

test('a send that was refused loses nothing: sent again when it was told to, it is there once', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { sendsPerToken: { perSecond: 0.25, burst: 1 } } }, { bot: bot.url })
  const chat = await startChat(app)
  const said = message('mine', 'u1', { channelData: { clientActivityID: 'c1' } })
  await say(chat, 'first')
  const refused = await post(chat, said)
  assertTooOften(refused)
  assert.match(refused.headers['retry-after'] ?? '', /^[1-4]$/)
  let answer = refused
  for (const untilMs = performance.now() + patienceMs; answer.status === 429 && performance.now() < untilMs; ) {
    await new Promise(resolve => setTimeout(resolve, 20))
    answer = await post(chat, said)
  }
  assert.equal(answer.status, 200)
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['first', 'mine'],
  )
  assert.equal(bot.of(chat.conversation, 'message').length, 2)
})

test('1.1 clients are held to the same rates, and told so in their own words', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { sendsPerToken: few(2) } }, { bot: bot.url })
  const chat = await startChat(app)
  const address = `${app.origin}/api/conversations/${chat.conversation}/messages`
  const send = () => call(address, { bearer: chat.token, json: { text: 'hello', from: 'u1' } })
  await say(chat, 'hello')
  assert.equal((await send()).status, 204)
  const refused = await send()
  assert.deepEqual([refused.status, refused.body.error?.code], [429, 'ServiceError'])
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
})

test('a token reconnects, or starts again, so often and no more', async () => {
  await using app = await startLimited({ rates: { reconnectsPerToken: few(2) } })
  const { token, address } = await generateToken(app)
  const start = () => call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  assert.equal((await start()).status, 201)
  assert.equal((await reconnect({ token, address })).status, 200)
  assertTooOften(await reconnect({ token, address }))
  assertTooOften(await start())
  assert.equal((await reconnect({ token: app.secret, address })).status, 200)
})

test('a secret generates tokens and starts conversations so often and no more, in both APIs; tokens still start theirs', async () => {
  await using app = await startLimited({ rates: { opensPerSecret: few(3) } })
  const { token } = await generateToken(app)
  await startChat(app)
  const old = (path: string) => call(`${app.origin}/api/${path}`, { method: 'POST', bearer: app.secret })
  assert.equal((await old('conversations')).status, 200)
  for (const path of ['conversations', 'tokens/generate'])
    assertTooOften(await call(`${app.base}/${path}`, { method: 'POST', bearer: app.secret }))
  for (const path of ['conversations', 'tokens', 'tokens/conversation']) assert.equal((await old(path)).status, 429)
  assert.equal((await call(`${app.base}/conversations`, { method: 'POST', bearer: token })).status, 201)
})

test('polls come later when they come too often, and each is answered as ever', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { pollsPerToken: { perSecond: 20, burst: 2 } } }, { bot: bot.url })
  const chat = await startChat(app)
  await say(chat, 'hello')
  const startedMs = performance.now()
  const old = call(`${app.origin}/api/conversations/${chat.conversation}/messages`, { bearer: chat.token })
  const answers = await Promise.all([old, ...Array.from({ length: 9 }, () => getPage(chat))])
  const tookMs = performance.now() - startedMs
  assert.deepEqual(
    answers.map(({ status, body }) => [status, (body.activities ?? (body['messages'] as unknown[])).length]),
    answers.map(() => [200, 1]),
  )
  assert.ok(tookMs >= 395, `eight of ten have waited for 50 ms each: ${tookMs}`)
  const withSecretMs = performance.now()
  await Promise.all(Array.from({ length: 200 }, () => getPage({ ...chat, token: app.secret })))
  assert.ok(performance.now() - withSecretMs < 5_000, 'those of a token would have taken ten seconds')
})

test('a poll that would have to wait for too long is answered at once: nothing new, and where to go on', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { pollsPerToken: few(1) } }, { bot: bot.url })
  const chat = await startChat(app)
  await say(chat, 'hello')
  assert.equal((await getPage(chat)).body.activities?.length, 1)
  for (const [given, told] of [
    [undefined, '0'],
    ['1', '1'],
    ['nonsense', '0'],
  ] as const) {
    const { status, body } = await getPage(chat, given)
    assert.deepEqual([status, body], [200, { activities: [], watermark: told }])
  }
  const old = await call(`${app.origin}/api/conversations/${chat.conversation}/messages`, { bearer: chat.token })
  assert.deepEqual([old.status, old.body], [200, { messages: [], watermark: '0' }])
})

test('a stop waits for no poll that is held back', async () => {
  await using app = await startLimited({ rates: { pollsPerToken: { perSecond: 0.08, burst: 1 } } })
  const chat = await startChat(app)
  await getPage(chat)
  const held = getPage(chat)
  await getPage({ ...chat, token: app.secret })
  const startedMs = performance.now()
  await app.stop()
  assert.ok(performance.now() - startedMs < 9_000, 'it would have been held for 12 s')
  assert.equal((await held).status, 200)
})

test('wrong credentials are refused as too many after a while, and a right one from the same address always passes', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { wrongCredentialsPerAddress: few(3) } }, { bot: bot.url })
  const chat = await startChat(app)
  const guess = (bearer = 'wrong') => call(`${app.base}/tokens/generate`, { method: 'POST', bearer })
  for (let count = 0; count < 3; count += 1) assertRefused(await guess(), 403, 'BadArgument')
  assertTooOften(await guess())
  assertTooOften(await guess(`${chat.token}x`))
  assertTooOften(await getPage({ ...chat, token: 'wrong' }))
  assertTooOften(await refusedHandshake(streamUrlWith(chat, { t: 'wrong' })))
  assert.equal((await call(`${app.origin}/api/tokens`, { bearer: 'wrong' })).status, 429)
  // Right ones, and those that are none or have had their time, are not guesses.
  await say(chat, 'still here')
  await startChat(app)
  await (await openSocket(chat.streamUrl)).close()
  assertRefused(await call(`${app.base}/conversations`, { method: 'POST' }), 401, 'BadArgument')
  app.advanceClock(3_600_000)
  assertRefused(await getPage(chat), 403, 'TokenExpired')
})

test('bots’ wrong credentials are counted too, and their right ones pass', async () => {
  await using talk = await startTalk({ app: { settings: limited({ rates: { wrongCredentialsPerAddress: few(2) } }) } })
  const wrong = () =>
    call(`${talk.connector.replace(talk.mark, 'x'.repeat(talk.mark.length))}/activities`, { json: { type: 'message' } })
  assertConnectorRefused(await wrong(), 403, 'Forbidden')
  assertConnectorRefused(await wrong(), 403, 'Forbidden')
  assertConnectorRefused(await wrong(), 429, 'TooManyRequests')
  const old = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }
  assert.equal((await call(`${talk.app.origin}/bot/v1.0/messages`, { json: {}, headers: old })).status, 429)
  await botSays(talk, 'hello')
})

test('forged tokens of bots are counted, and genuine ones pass', async () => {
  const settings = limited({ rates: { wrongCredentialsPerAddress: few(2) } })
  await using talk = await startAdasTalk({ app: { settings } })
  const genuine = await tokenOf(talk.app.origin, ada)
  const members = (bearer?: string) => call(`${talk.connector}/members`, bearer === undefined ? {} : { bearer })
  assertConnectorRefused(await members('a.b.c'), 401, 'Unauthorized')
  assertConnectorRefused(await members(`${genuine.slice(0, -4)}AAAA`), 401, 'Unauthorized')
  assertConnectorRefused(await members('a.b.c'), 429, 'TooManyRequests')
  assertConnectorRefused(await members(), 401, 'Unauthorized')
  assert.equal((await members(genuine)).status, 200)
})

test('a bot calls so often and no more, in all its conversations together and on every path', async () => {
  await using talk = await startTalk({ app: { settings: limited({ rates: { connectorCallsPerBot: few(3) } }) } })
  const other = await openTalk(talk.app, talk.bot)
  await botSays(talk, 'one')
  await botSays(other, 'two')
  assert.equal((await call(`${talk.connector}/members`)).status, 200)
  const refused = await talk.bot.say(talk.join, { type: 'message', text: 'three' })
  assertConnectorRefused(refused, 429, 'TooManyRequests')
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  assertConnectorRefused(await call(`${other.connector}/members`), 429, 'TooManyRequests')
  const file = { type: 'text/plain', name: 'a', originalBase64: 'eA==' }
  assertConnectorRefused(await call(`${talk.connector}/attachments`, { json: file }), 429, 'TooManyRequests')
  const state = `${talk.serviceUrl}v3/botstate/directline/users/u1`
  assertConnectorRefused(await call(state), 429, 'TooManyRequests')
})

test('on a socket that takes activities too many of them close it with 1008, and what was taken before is there', async () => {
  await using bot = await startBot()
  await using app = await startLimited({ rates: { sendsPerToken: few(3) } }, { bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
  for (const text of ['one', 'two', 'three', 'four', 'five']) socket.send(JSON.stringify({ type: 'message', text }))
  assert.deepEqual(await inTime('a close', socket.closed), { code: 1008, reason: 'too many activities' })
  await bot.until('three messages', ({ of }) => of(chat.conversation, 'message').length === 3)
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['one', 'two', 'three'],
  )
  assertTooOften(await post(chat, message('the same token')))
})

test('without rates nobody is held to any, and every other limit holds', async () => {
  const none = { perSecond: 0.001, burst: 1 }
  const settings = limited({
    socketsPerAddress: 1,
    rates: { sendsPerToken: none, reconnectsPerToken: none, opensPerSecret: none },
  })
  await using bot = await startBot()
  await using app = await startApp({ bot: bot.url, settings: { ...settings, rateLimits: false } })
  const chat = await startChat(app)
  for (const text of ['one', 'two', 'three']) await say(chat, text)
  for (let count = 0; count < 3; count += 1) assert.equal((await reconnect(chat)).status, 200)
  using _socket = await openSocket(chat.streamUrl)
  assertRefused(await refusedHandshake(chat.streamUrl), 429, 'TooManyRequests')
})
