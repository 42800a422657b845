/**
 * Every way this API refuses: status and code of each, one shape of body with a code of the closed list, and headers
 * that let a browser's script read the answer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startLandline } from '../../../src/app.ts'
import { openOutside } from '../../../src/outside.ts'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { defaultBot, defaultSite, defaults } from '../../../src/settings.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { generateToken } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'
import {
  assertNothing,
  assertOldRefused,
  getMessages,
  messagesIn,
  type OldChat,
  postOld,
  sayOld,
  startOldChat,
  uploadOld,
} from '../../support/old-direct-line.ts'
import { formOf, messagePart } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const origin = 'https://page.example'
const api = `${app.origin}/api`

/** Calls as a page of another origin does, and holds the refusal against all that it must be. */
async function refused(url: string, what: Call, status: number, code: string, botStatus?: number) {
  const answer = await call(url, { ...what, headers: { origin, ...what.headers } })
  assertOldRefused(answer, status, code, botStatus)
  assert.equal(answer.headers['access-control-allow-origin'], origin)
  assert.match(answer.headers.vary ?? '', /\borigin\b/i)
  return answer
}

/** One call of each operation, on one conversation. */
const operations = ({ conversation, old }: Pick<OldChat, 'conversation' | 'old'>, root = api) =>
  [
    ['GET', `${root}/tokens`],
    ['POST', `${root}/tokens`],
    ['GET', `${root}/tokens/conversation`],
    ['POST', `${root}/tokens/conversation`],
    ['GET', `${root}/tokens/${conversation}/renew`],
    ['POST', `${root}/tokens/${conversation}/renew`],
    ['POST', `${root}/conversations`],
    ['GET', `${old}/messages`],
    ['POST', `${old}/messages`],
    ['POST', `${old}/upload`],
  ] as const

test('400 MalformedData: a body that is not JSON or no object, a field of the wrong type, a broken form', async () => {
  const { token: bearer, old } = await startOldChat(app)
  for (const what of [{ raw: '{' }, { raw: '[]' }, { json: 5 }, { json: { text: 5 } }])
    await refused(`${old}/messages`, { bearer, ...what }, 400, 'MalformedData')
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  await refused(`${old}/upload`, { bearer, raw: 'broken', headers }, 400, 'MalformedData')
  for (const url of [`${api}/conversations`, `${api}/tokens/conversation`])
    await refused(url, { bearer: app.secret, json: { user: { id: 5 } } }, 400, 'MalformedData')
})

test('400 MissingProperty: no body, a message that says nothing, an upload of nothing, no user where one is demanded', async () => {
  const { token: bearer, old } = await startOldChat(app)
  await refused(`${old}/messages`, { method: 'POST', bearer }, 400, 'MissingProperty')
  await refused(`${old}/messages`, { bearer, json: { from: 'u1' } }, 400, 'MissingProperty')
  await refused(`${old}/upload`, { method: 'POST', bearer }, 400, 'MissingProperty')
  await refused(`${old}/upload`, { bearer, ...formOf([messagePart({})]) }, 400, 'MissingProperty')
  await using strict = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const start = { method: 'POST', bearer: strict.secret }
  await refused(`${strict.origin}/api/conversations`, start, 400, 'MissingProperty')
})

test('401 MissingProperty: no Authorization, another scheme, an empty credential', async () => {
  const chat = await startOldChat(app)
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'BotConnector',
    'BotConnector  ',
    'Basic dTpw',
    'Digest x',
    app.secret,
  ]) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    for (const [method, url] of operations(chat)) await refused(url, { method, headers }, 401, 'MissingProperty')
  }
})

test('403 NotAllowed: a credential that is there and is not valid', async () => {
  const chat = await startOldChat(app)
  const changed = `${chat.token.slice(0, -4)}AAAA`
  const { body } = await call(`${app.base}/conversations/${chat.conversation}`, { bearer: chat.token })
  const ticket = new URL(String(body.streamUrl)).searchParams.get('t') ?? ''
  assert.ok(ticket.length > 20)
  for (const bearer of [
    'x',
    'no-such-secret',
    'no such',
    `${chat.token} x`,
    `x ${chat.token}`,
    changed,
    'a.b.c',
    'x'.repeat(5000),
    ticket,
  ]) {
    for (const [method, url] of operations(chat)) await refused(url, { method, bearer }, 403, 'NotAllowed')
  }
})

test('403 NotAllowed: an expired token, and the message says so', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startOldChat(own)
  own.advanceClock(1_861_000)
  for (const [method, url] of operations(chat, `${own.origin}/api`)) {
    const { body } = await refused(url, { method, bearer: chat.token }, 403, 'NotAllowed')
    assert.match(body.error?.message ?? '', /expired/)
  }
})

test('403 NotAllowed: a token of another conversation, and a kind of credential that may not', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  for (const [method, url] of operations(chat).filter(([, url]) => url.includes(chat.conversation)))
    await refused(url, { method, bearer: other.token }, 403, 'NotAllowed')
  for (const method of ['GET', 'POST']) {
    await refused(`${api}/tokens/conversation`, { method, bearer: chat.token }, 403, 'NotAllowed')
    await refused(`${api}/tokens/${chat.conversation}/renew`, { method, bearer: app.secret }, 403, 'NotAllowed')
  }
})

test('403 NotAllowed: a page of an origin that the site does not trust, where it enforces that', async () => {
  await using own = await startApp({
    bot: bot.url,
    site: { enforceOrigins: true, trustedOrigins: ['https://trusted.example'] },
  })
  const chat = await startOldChat(own)
  for (const [method, url] of operations(chat, `${own.origin}/api`)) {
    const bearer = url.includes(chat.conversation) ? chat.token : own.secret
    await refused(url, { method, bearer }, 403, 'NotAllowed')
  }
  const headers = { origin: 'https://trusted.example' }
  messagesIn(await getMessages(chat, undefined, { headers }))
})

test('404 NotFound: a path that is not there', async () => {
  for (const path of [
    '',
    '/',
    '/nothing',
    '/conversation',
    '/conversations/x',
    '/conversations/x/activities',
    '/tokens/x',
  ])
    await refused(`${api}${path}`, { bearer: app.secret }, 404, 'NotFound')
})

test('404 NotFound: a conversation that never was, was never started, has been forgotten, or is another bot’s', async () => {
  const never = `${api}/conversations/doesNotExist0000000001`
  const generated = await generateToken(app)
  const forgotten = await startOldChat(app)
  await app.store.forget(forgotten.conversation as ConversationId)
  const secrets = ['secret-of-the-first-bot-000000000000', 'secret-of-the-second-bot-00000000000']
  const bots = secrets.map((secret, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: bot.url,
    sites: [{ ...defaultSite, secrets: [secret] }],
  }))
  await using pair = await startApp({ settings: { bots } })
  const foreign = await startOldChat({ origin: pair.origin, secret: secrets[0] ?? '' })
  for (const [old, token] of [
    [never, app.secret],
    [`${api}/conversations/${generated.conversation}`, generated.token],
    [forgotten.old, forgotten.token],
    [forgotten.old, app.secret],
    [foreign.old, secrets[1]],
  ] as const) {
    const chat = { old, token: token ?? '' }
    assertOldRefused(await getMessages(chat), 404, 'NotFound')
    assertOldRefused(await postOld(chat, { from: 'u1', text: 'x' }), 404, 'NotFound')
    assertOldRefused(await uploadOld(chat, { raw: 'x' }), 404, 'NotFound')
  }
})

test('405 NotSupported with Allow: a wrong method on a known path', async () => {
  const chat = await startOldChat(app)
  for (const [method, url] of [
    ['PUT', `${api}/tokens`],
    ['DELETE', `${api}/tokens/conversation`],
    ['PUT', `${api}/tokens/${chat.conversation}/renew`],
    ['GET', `${api}/conversations`],
    ['DELETE', `${api}/conversations`],
    ['PUT', `${chat.old}/messages`],
    ['DELETE', `${chat.old}/messages`],
    ['PATCH', `${chat.old}/messages`],
    ['GET', `${chat.old}/upload`],
  ] as const) {
    const { headers } = await refused(url, { method, bearer: app.secret }, 405, 'NotSupported')
    assert.ok(headers.allow, `${method} ${url}`)
    assert.equal(headers.allow.split(', ').includes(method), false)
  }
})

test('413 InvalidRange: a message, an upload or any other body over its limit', async () => {
  const chat = await startOldChat(app)
  const { token: bearer } = chat
  await refused(`${chat.old}/messages`, { bearer, json: { text: 'x'.repeat(256 * 1024) } }, 413, 'InvalidRange')
  await refused(`${chat.old}/messages`, { bearer, raw: 'x'.repeat(2 * 1024 * 1024) }, 413, 'InvalidRange')
  await refused(`${chat.old}/upload`, { bearer, raw: new Uint8Array(4 * 1024 * 1024 + 1) }, 413, 'InvalidRange')
  for (const path of ['/conversations', '/tokens/conversation'])
    await refused(`${api}${path}`, { bearer: app.secret, json: { eTag: 'x'.repeat(64 * 1024) } }, 413, 'InvalidRange')
})

test('415: a compressed body, with a code of the list', async () => {
  const headers = { 'content-encoding': 'gzip' }
  await refused(`${api}/conversations`, { bearer: app.secret, raw: '{}', headers }, 415, 'MalformedData')
})

test('500 ServiceError with the bot’s own status beside it: the bot answered with an error', async () => {
  await using bad = await startBot({ answer: ({ type }) => (type === 'message' ? 417 : 200) })
  await using own = await startApp({ bot: bad.url })
  const { token: bearer, old } = await startOldChat(own)
  await refused(`${old}/messages`, { bearer, json: { from: 'u1', text: 'x' } }, 500, 'ServiceError', 417)
  await refused(`${old}/upload`, { bearer, raw: 'x' }, 500, 'ServiceError', 417)
})

test('502 ServiceError with 504 beside it: the bot could not be reached', async () => {
  await using alone = await startApp()
  const { token: bearer, old } = await startOldChat(alone)
  await refused(`${old}/messages`, { bearer, json: { from: 'u1', text: 'x' } }, 502, 'ServiceError', 504)
  await refused(`${old}/upload`, { bearer, raw: 'x' }, 502, 'ServiceError', 504)
})

test('500 Internal: a fault inside, of which nothing is said', async () => {
  const outside = await openOutside({ kind: 'memory' })
  let isUp = false
  const text = (characters: number): string => {
    if (isUp) throw new Error('the dice at /secret/place are lost')
    return outside.random.text(characters)
  }
  const settings = {
    ...defaults,
    listen: { host: '127.0.0.1', port: 0, further: 0 },
    store: { kind: 'memory' } as const,
    bots: [{ ...defaultBot, endpoint: bot.url, sites: [{ ...defaultSite, secrets: [app.secret] }] }],
  }
  const landline = await startLandline(settings, { ...outside, random: { text } }, () => undefined)
  isUp = true
  try {
    for (const path of ['/api/conversations', '/api/tokens']) {
      const answer = await refused(`${landline.origin}${path}`, { method: 'POST', bearer: app.secret }, 500, 'Internal')
      assert.doesNotMatch(answer.text, /dice|secret|Error:/)
    }
  } finally {
    await landline.stop()
    await outside[Symbol.asyncDispose]()
  }
})

test('503 ServiceError while stopping: new work is sent away for a little while, and what was begun goes on', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startBot({ answer: ({ text }) => (text === 'held' ? end.promise : 200) })
  await using own = await startApp({ bot: held.url })
  const chat = await startOldChat(own)
  await sayOld(chat, 'before')
  const posted = postOld(chat, { from: 'u1', text: 'held' })
  const told = await held.until('the turn', ({ of }) => of(chat.conversation).find(({ text }) => text === 'held'))
  const stopped = own.stop()
  for (const [url, what] of [
    [`${own.origin}/api/conversations`, { method: 'POST', bearer: own.secret }],
    [`${own.origin}/api/tokens`, { bearer: own.secret }],
    [`${chat.old}/messages`, { bearer: chat.token, json: { text: 'new' } }],
    [`${chat.old}/upload`, { bearer: chat.token, raw: 'x' }],
  ] as const) {
    const { headers } = await refused(url, what, 503, 'ServiceError')
    assert.match(headers['retry-after'] ?? '', /^([1-9]|[12]\d|30)$/)
  }
  messagesIn(await getMessages(chat))
  assert.equal((await held.reply(told, { type: 'message', text: 'a reply' })).status, 200)
  end.resolve(200)
  assertNothing(await posted)
  await stopped
})
