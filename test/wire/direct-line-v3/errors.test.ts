/**
 * Every way this API refuses: status and code of each, one shape of body, and headers that let a browser's script read
 * the answer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { MemoryStore } from '../../../src/adapters/memory/store.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  getPage,
  message,
  post,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'
import { startFaulty } from './faulty.ts'
import { filePart, formOf, newest, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const origin = 'https://page.example'

/** Calls as a page of another origin does, and holds the refusal against all that it must be. */
async function refused(url: string, what: Call, status: number, code: string, botStatus?: number) {
  const answer = await call(url, { ...what, headers: { origin, ...what.headers } })
  assertRefused(answer, status, code, botStatus)
  assert.equal(answer.headers['access-control-allow-origin'], origin)
  assert.match(answer.headers.vary ?? '', /\borigin\b/i)
  return answer
}

const conversations = `${app.base}/conversations`

test('400 BadArgument: a body that is not JSON or no object, a field of the wrong type', async () => {
  const bearer = app.secret
  await refused(conversations, { bearer, raw: 'not JSON' }, 400, 'BadArgument')
  await refused(conversations, { bearer, raw: '[]' }, 400, 'BadArgument')
  await refused(conversations, { bearer, json: { user: { id: 1 } } }, 400, 'BadArgument')
  await refused(`${app.base}/tokens/generate`, { bearer, raw: '{"user":' }, 400, 'BadArgument')
  const chat = await startChat(app)
  await refused(`${chat.address}/activities`, { bearer, json: [message('x')] }, 400, 'BadArgument')
  await refused(`${chat.address}/activities`, { bearer, json: { ...message('x'), text: 1 } }, 400, 'BadArgument')
})

test('400 MissingProperty: no activity, no type, no sender, no user of an upload, none for enhanced authentication', async () => {
  const bearer = app.secret
  const { address } = await startChat(app)
  const activities = `${address}/activities`
  await refused(activities, { bearer, method: 'POST' }, 400, 'MissingProperty')
  await refused(activities, { bearer, raw: 'not JSON' }, 400, 'MissingProperty')
  await refused(activities, { bearer, json: { text: 'x', from: { id: 'u1' } } }, 400, 'MissingProperty')
  await refused(activities, { bearer, json: { type: 'message', text: 'x' } }, 400, 'MissingProperty')
  await refused(`${address}/upload`, { bearer, raw: 'bytes' }, 400, 'MissingProperty')
  await using strict = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const own = { bearer: strict.secret }
  await refused(`${strict.base}/conversations`, { ...own, method: 'POST' }, 400, 'MissingProperty')
})

test('401 BadArgument: no Authorization, or one that cannot be read', async () => {
  const { address } = await startChat(app)
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    app.secret,
    `Bearer ${app.secret} more`,
  ]) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    for (const [method, url] of [
      ['POST', `${app.base}/tokens/generate`],
      ['POST', `${app.base}/tokens/refresh`],
      ['POST', conversations],
      ['GET', address],
      ['GET', `${address}/activities`],
      ['POST', `${address}/activities`],
      ['POST', `${address}/upload?userId=u1`],
      ['GET', `${app.base}/session/getsessionid`],
    ] as const) {
      await refused(url, { method, headers }, 401, 'BadArgument')
    }
  }
})

test('403 TokenExpired: a genuine token past its end, wherever it is shown', async () => {
  await using own = await startApp({ bot: bot.url })
  const { token, address } = await startChat(own, { id: 'u1' })
  own.advanceClock(1_861_000)
  for (const [method, url] of [
    ['POST', `${own.base}/tokens/generate`],
    ['POST', `${own.base}/tokens/refresh`],
    ['POST', `${own.base}/conversations`],
    ['GET', address],
    ['GET', `${address}/activities`],
    ['POST', `${address}/activities`],
    ['POST', `${address}/upload?userId=u1`],
    ['GET', `${own.base}/session/getsessionid`],
  ] as const) {
    await refused(url, { method, bearer: token }, 403, 'TokenExpired')
  }
})

test('403 BadArgument: an unknown secret, a changed signature, a token of another conversation, a kind that may not', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const changed = `${chat.token.slice(0, -4)}AAAA`
  await refused(conversations, { method: 'POST', bearer: 'no-such-secret' }, 403, 'BadArgument')
  await refused(`${chat.address}/activities`, { bearer: changed }, 403, 'BadArgument')
  await refused(other.address, { bearer: chat.token }, 403, 'BadArgument')
  await refused(`${app.base}/tokens/generate`, { method: 'POST', bearer: chat.token }, 403, 'BadArgument')
  await refused(`${app.base}/session/getsessionid`, { bearer: app.secret }, 403, 'BadArgument')
})

test('403 ServiceError: no trusted origins, and what cannot be refreshed', async () => {
  const { token } = await generateToken(app)
  await refused(`${app.base}/session/getsessionid`, { bearer: token }, 403, 'ServiceError')
  await refused(`${app.base}/tokens/refresh`, { method: 'POST', bearer: app.secret }, 403, 'ServiceError')
})

test('404 BadArgument: an unknown conversation, an unknown path, an expired attachment', async () => {
  const bearer = app.secret
  const unknown = `${conversations}/doesNotExist0000000001`
  await refused(unknown, { bearer }, 404, 'BadArgument')
  await refused(`${unknown}/activities`, { bearer }, 404, 'BadArgument')
  await refused(`${unknown}/activities`, { bearer, json: message('x') }, 404, 'BadArgument')
  await refused(`${unknown}/upload?userId=u1`, { bearer, raw: 'x' }, 404, 'BadArgument')
  for (const path of ['/v3', '/v3/directline', '/v3/directline/', '/v3/directline/nothing', '/favicon.ico']) {
    await refused(`${app.origin}${path}`, {}, 404, 'BadArgument')
    await refused(`${app.origin}${path}`, { method: 'POST', bearer }, 404, 'BadArgument')
  }
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own, { id: 'u1' })
  await upload(chat, formOf([filePart('a.txt', 'A')]))
  const link = (await newest(chat)).attachments?.[0]?.contentUrl ?? ''
  own.advanceClock(24 * 60 * 60_000 + 1_000)
  await refused(link, {}, 404, 'BadArgument')
})

test('405 BadArgument: a method that a known path does not have', async () => {
  const { address } = await startChat(app)
  for (const [method, url] of [
    ['GET', `${app.base}/tokens/generate`],
    ['GET', `${app.base}/tokens/refresh`],
    ['GET', conversations],
    ['DELETE', conversations],
    ['POST', address],
    ['DELETE', address],
    ['PUT', `${address}/activities`],
    ['PATCH', `${address}/activities`],
    ['DELETE', `${address}/activities`],
    ['GET', `${address}/upload`],
    ['PUT', `${address}/upload`],
    ['POST', `${address}/stream`],
    ['POST', `${app.base}/session/getsessionid`],
  ] as const) {
    const { headers } = await refused(url, { method, bearer: app.secret }, 405, 'BadArgument')
    assert.ok(headers.allow, `${method} ${url}`)
    assert.equal(headers.allow.split(', ').includes(method), false)
  }
})

test('413 MessageSizeTooBig: an activity, an upload or any other body over its limit', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const bearer = chat.token
  const long = 'x'.repeat(256 * 1024)
  await refused(`${chat.address}/activities`, { bearer, json: message(long) }, 413, 'MessageSizeTooBig')
  await refused(
    `${chat.address}/upload`,
    { bearer, raw: new Uint8Array(4 * 1024 * 1024 + 1) },
    413,
    'MessageSizeTooBig',
  )
  const other = { bearer: app.secret, json: { eTag: 'x'.repeat(64 * 1024) } }
  await refused(conversations, other, 413, 'MessageSizeTooBig')
  await refused(`${app.base}/tokens/generate`, other, 413, 'MessageSizeTooBig')
})

test('415 BadArgument: a compressed body', async () => {
  const headers = { 'content-encoding': 'gzip' }
  await refused(conversations, { bearer: app.secret, raw: '{}', headers }, 415, 'BadArgument')
})

test('400 ConversationFull: a log that can take no more; what is in it can still be read', async () => {
  const store = new MemoryStore({ entriesMax: 2, charactersMax: 1_000_000 })
  await using full = await startFaulty(bot.url, () => ({ store }))
  const chat = await startChat(full, { id: 'u1' })
  await say(chat, 'one')
  await say(chat, 'two')
  const { token: bearer, address } = chat
  await refused(`${address}/activities`, { bearer, json: message('three') }, 400, 'ConversationFull')
  await refused(`${address}/upload`, { bearer, raw: 'three' }, 400, 'ConversationFull')
  assert.equal((await getPage(chat)).body.activities?.length, 2)
})

test('500 ServiceError: a fault inside, of which nothing is said', async () => {
  let isUp = false
  await using faulty = await startFaulty(bot.url, ({ random }) => ({
    random: {
      text: characters => {
        if (isUp) throw new Error('the dice at /secret/place are lost')
        return random.text(characters)
      },
    },
  }))
  isUp = true
  const start = { method: 'POST', bearer: faulty.secret }
  const answer = await refused(`${faulty.base}/conversations`, start, 500, 'ServiceError')
  assert.doesNotMatch(answer.text, /dice|secret|Error:/)
})

test("502 BotError: the bot's own status stands beside it, and 504 where it gave none", async () => {
  await using bad = await startBot({ answer: () => 417 })
  await using own = await startApp({ bot: bad.url })
  const chat = await startChat(own, { id: 'u1' })
  await refused(`${chat.address}/activities`, { bearer: chat.token, json: message('x') }, 502, 'BotError', 417)
  await refused(`${chat.address}/upload`, { bearer: chat.token, raw: 'x' }, 502, 'BotError', 417)
  await using alone = await startApp()
  const silent = await startChat(alone, { id: 'u1' })
  await refused(`${silent.address}/activities`, { bearer: silent.token, json: message('x') }, 502, 'BotError', 504)
})

test('503 ServiceError while stopping: new work is sent away for a little while, and what was begun goes on', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startBot({ answer: ({ text }) => (text === 'held' ? end.promise : 200) })
  const own = await startApp({ bot: held.url })
  const chat: Chat = await startChat(own, { id: 'u1' })
  await say(chat, 'before')
  const posted = post(chat, message('held'))
  const told = await held.until('the turn', ({ of }) => of(chat.conversation).find(({ text }) => text === 'held'))
  const stopped = own.stop()
  const { token: bearer, address } = chat
  for (const [url, what] of [
    [`${own.base}/conversations`, { method: 'POST', bearer: own.secret }],
    [`${own.base}/tokens/generate`, { method: 'POST', bearer: own.secret }],
    [`${address}/activities`, { bearer, json: message('new') }],
    [`${address}/upload`, { bearer, raw: 'x' }],
  ] as const) {
    const { headers } = await refused(url, what, 503, 'ServiceError')
    assert.match(headers['retry-after'] ?? '', /^([1-9]|[12]\d|30)$/)
  }
  assert.equal((await getPage(chat)).status, 200)
  assert.equal((await held.reply(told, { type: 'message', text: 'a reply' })).status, 200)
  end.resolve(200)
  assert.equal((await posted).status, 200)
  await stopped
})

test('an unreadable watermark is no error', async () => {
  const chat = await startChat(app)
  assert.equal((await getPage(chat, 'garbage')).status, 200)
  assert.equal((await reconnect(chat, 'garbage')).status, 200)
})
