/**
 * Credentials that are wrong, forged, foreign, or shown where they do not belong: they open nothing, and a good one
 * opens no more than it says.
 */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, afterEach, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  getPage,
  message,
  post,
  readLog,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Whatever a test has done: the service takes messages, and nothing has gone wrong inside. */
afterEach(async () => {
  await say(await startChat(app), 'still here')
  const faults = app.events.filter(({ event }) => event === 'fault')
  assert.deepEqual(faults, [])
})

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Every call that needs a credential. */
async function calls(what: Call, chat: Chat): Promise<readonly Answer[]> {
  return [
    await call(`${app.base}/tokens/generate`, { method: 'POST', ...what }),
    await call(`${app.base}/tokens/refresh`, { method: 'POST', ...what }),
    await call(`${app.base}/conversations`, { method: 'POST', ...what }),
    await call(chat.address, what),
    await call(`${chat.address}/activities`, what),
    await call(`${chat.address}/activities`, { ...what, raw: JSON.stringify(message('forged')) }),
    await call(`${chat.address}/upload?userId=u1`, { ...what, raw: 'forged' }),
    await call(`${app.base}/session/getsessionid`, what),
  ]
}

test('refuses secrets that are wrong, near, too long or of another service', async () => {
  const chat = await startChat(app)
  await using foreign = await startApp({ site: { secrets: ['a-secret-of-another-service-00000000'] } })
  for (const bearer of [
    'wrong',
    `${app.secret}x`,
    app.secret.slice(0, -1),
    app.secret.toUpperCase(),
    `${app.secret.slice(0, -1)}2`,
    foreign.secret,
    'x'.repeat(5_000),
    '..',
    'undefined',
    chat.conversation,
  ]) {
    for (const answer of await calls({ bearer }, chat)) assertRefused(answer, 403, 'BadArgument')
  }
  assert.deepEqual(await readLog(chat), [])
})

test('takes credentials from the Authorization header alone', async () => {
  const chat = await startChat(app)
  const headers = {
    cookie: `token=${chat.token}; authorization=Bearer ${app.secret}`,
    'x-authorization': `Bearer ${app.secret}`,
    'x-api-key': app.secret,
    'proxy-authorization': `Bearer ${app.secret}`,
  }
  for (const answer of await calls({ headers }, chat)) assertRefused(answer, 401, 'BadArgument')
  for (const name of ['t', 'token', 'access_token', 'authorization', 'secret', 'api_key']) {
    const answer = await call(`${chat.address}/activities?${name}=${chat.token}`)
    assertRefused(answer, 401, 'BadArgument')
  }
  const inBody = await call(`${app.base}/conversations`, { json: { token: chat.token, secret: app.secret } })
  assertRefused(inBody, 401, 'BadArgument')
})

test('refuses tokens that it has not signed itself, whatever their head says', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const [head = '', claims = '', signature = ''] = chat.token.split('.')
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid?: string }
  const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
  const signed = (header: object, key: string, body = claims) => {
    const text = `${encoded(header)}.${body}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }
  const eve = encoded({ ...read, user: 'eve' })
  const longer = encoded({ ...read, exp: Number(read['exp']) + 1_000_000 })
  const hs256 = { alg: 'HS256', typ: 'JWT', kid }
  for (const bearer of [
    `${encoded({ alg: 'none', typ: 'JWT' })}.${claims}.`,
    `${encoded({ alg: 'none', typ: 'JWT', kid })}.${claims}.`,
    `${encoded({ alg: 'NoNe' })}.${claims}.${signature}`,
    `${encoded({ alg: 'none' })}.${claims}`,
    `${head}.${claims}.`,
    `${head}.${claims}`,
    `${head}..${signature}`,
    `.${claims}.${signature}`,
    `${head}.${eve}.${signature}`,
    `${head}.${longer}.${signature}`,
    `${head}.${claims}.${signature.slice(0, -1)}`,
    `${head}.${claims}.${signature}A`,
    `${head}.${claims}.${signature}=`,
    `${head}.${claims}.${signature}.x`,
    `${head}.${claims}.${signature}.`,
    signed(hs256, ''),
    signed(hs256, 'secret'),
    signed(hs256, app.secret),
    signed(hs256, kid ?? ''),
    signed({ ...hs256, kid: '../../../dev/null' }, ''),
    signed({ ...hs256, kid: "' UNION SELECT 'key" }, 'key'),
    signed({ ...hs256, jwk: { kty: 'oct', k: encoded('key') } }, 'key'),
    signed({ ...hs256, jku: 'http://127.0.0.1:9/keys' }, 'key'),
    signed({ ...hs256, x5u: 'http://127.0.0.1:9/keys' }, 'key'),
    `${encoded({ ...hs256, crit: ['exp'] })}.${claims}.${signature}`,
    `${encoded({ ...hs256, zip: 'DEF' })}.${claims}.${signature}`,
    `${encoded({ ...hs256, alg: 'HS512' })}.${claims}.${signature}`,
    `${encoded({ ...hs256, alg: 'RS256' })}.${claims}.${signature}`,
    `${head}.${encoded('text')}.${signature}`,
    `${head}.${Buffer.from('not JSON').toString('base64url')}.${signature}`,
    '..',
    '...',
    'a.b.c',
  ]) {
    assertRefused(await getPage({ ...chat, token: bearer }), 403, 'BadArgument')
  }
  for (const answer of await calls({ bearer: `${head}.${eve}.${signature}` }, chat))
    assertRefused(answer, 403, 'BadArgument')
  assert.deepEqual(await readLog(chat), [])
})

test('refuses tokens of another service, and takes one only for what it is', async () => {
  await using foreign = await startApp({ bot: bot.url })
  const theirs = await startChat(foreign, { id: 'u1' })
  const chat = await startChat(app, { id: 'u1' })
  assertRefused(await getPage({ ...chat, token: theirs.token }), 403, 'BadArgument')
  assertRefused(
    await getPage({ address: `${app.base}/conversations/${theirs.conversation}`, token: theirs.token }),
    403,
    'BadArgument',
  )
  const ticket = new URL(chat.streamUrl).searchParams.get('t') ?? ''
  for (const answer of await calls({ bearer: ticket }, chat)) assertRefused(answer, 403, 'BadArgument')
})

test('lets a token do nothing in another conversation, by path, query or body', async () => {
  const [mine, theirs] = [await startChat(app, { id: 'u1' }), await startChat(app, { id: 'u2' })]
  await say(theirs, 'private')
  const { token } = mine
  const foreign = { address: theirs.address, token }
  assertRefused(await getPage(foreign), 403, 'BadArgument')
  assertRefused(await reconnect(foreign), 403, 'BadArgument')
  assertRefused(await post(foreign, message('x')), 403, 'BadArgument')
  assertRefused(await upload(foreign, { raw: 'x' }), 403, 'BadArgument')
  const started = await call(`${app.base}/conversations`, {
    bearer: token,
    json: { conversationId: theirs.conversation, conversation: { id: theirs.conversation } },
  })
  assert.equal(started.body.conversationId, mine.conversation)
  await post(mine, message('x', 'u1', { conversation: { id: theirs.conversation } }))
  const page = await call(`${mine.address}/activities?conversationId=${theirs.conversation}`, { bearer: token })
  assert.equal(page.text.includes('private'), false)
  assert.deepEqual(
    (await readLog(theirs)).map(({ text }) => text),
    ['private'],
  )
})

test('does not let a token be widened: user, conversation and origins stay through refresh and start', async () => {
  const { token, conversation } = await generateToken(app, {
    user: { id: 'u1' },
    trustedOrigins: ['https://page.example'],
  })
  const json = {
    user: { id: 'eve', name: 'Eve' },
    trustedOrigins: ['https://evil.example'],
    conversationId: 'x',
    expires_in: 99999,
  }
  const started = await call(`${app.base}/conversations`, { bearer: token, json })
  const refreshed = await call(`${app.base}/tokens/refresh`, { bearer: started.body.token, json })
  for (const { body } of [started, refreshed]) {
    assert.equal(body.conversationId, conversation)
    assert.equal(body.expires_in, 1800)
    const claims = Buffer.from(body.token?.split('.')[1] ?? '', 'base64url').toString()
    assert.doesNotMatch(claims, /"eve"|evil\.example/i)
    assert.match(claims, /"user":"u1"/)
  }
})

test('serves two bots whose sites go by the same name, each to its own', async () => {
  await using other = await startBot()
  const secrets = ['secret-of-the-first-bot-000000000000', 'secret-of-the-second-bot-00000000000']
  const bots = [bot, other].map((each, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: each.url,
    sites: [{ ...defaultSite, secrets: [secrets[at] ?? ''] }],
  }))
  await using own = await startApp({ settings: { bots } })
  const chats = []
  for (const secret of secrets) chats.push(await startChat({ base: own.base, secret }, { id: 'u1' }))
  for (const [at, chat] of chats.entries()) {
    assert.equal((await post(chat, message('hello'))).status, 200)
    assert.equal((await [bot, other][at]?.until('it', ({ of }) => of(chat.conversation, 'message')[0]))?.text, 'hello')
    const foreign = chats[1 - at] ?? chat
    assertRefused(await getPage({ address: foreign.address, token: chat.token }), 403, 'BadArgument')
    assertRefused(await getPage({ address: foreign.address, token: chat.secret }), 404, 'BadArgument')
    assertRefused(await post({ address: foreign.address, token: chat.secret }, message('x')), 404, 'BadArgument')
    assertRefused(await upload({ address: foreign.address, token: chat.secret }, { raw: 'x' }), 404, 'BadArgument')
  }
  for (const chat of chats) assert.equal((await readLog(chat)).length, 1)
})
