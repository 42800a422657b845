/**
 * What holds for every call: how paths, headers, bodies and watermarks are read, and what is on every answer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/config.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  chatOf,
  claimsOf,
  generateToken,
  getPage,
  message,
  numberOf,
  post,
  readLog,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { filePart, formOf, newest, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** One call of each operation that answers at once, with the conversation it was made on. */
type Operation = readonly [name: string, method: string, path: string, what: Call]

async function operations(): Promise<readonly Operation[]> {
  const trusted = 'https://page.example'
  const { token, conversation } = await generateToken(app, { user: { id: 'u1' }, trustedOrigins: [trusted] })
  await call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  const bearer = token
  return [
    ['generate', 'POST', '/tokens/generate', { bearer: app.secret }],
    ['refresh', 'POST', '/tokens/refresh', { bearer }],
    ['start', 'POST', '/conversations', { bearer }],
    ['reconnect', 'GET', `/conversations/${conversation}`, { bearer }],
    ['get activities', 'GET', `/conversations/${conversation}/activities`, { bearer }],
    ['post activity', 'POST', `/conversations/${conversation}/activities`, { bearer, raw: '{"type":"message"}' }],
    ['upload', 'POST', `/conversations/${conversation}/upload`, { bearer, raw: 'bytes' }],
    ['session', 'GET', '/session/getsessionid', { bearer, headers: { origin: trusted } }],
  ]
}

test('reads the fixed parts of a path in any case', async () => {
  for (const [name, method, path, what] of await operations()) {
    const [, first = '', second = '', third = ''] = path.split('/')
    const shouted = [
      first.toUpperCase(),
      first === 'conversations' ? second : second.toUpperCase(),
      third.toUpperCase(),
    ]
    const url = `${app.origin}/V3/DirectLine/${shouted.filter(part => part !== '').join('/')}`
    const { status, text } = await call(url, { method, ...what })
    assert.equal(status, 200, `${name}: ${url} ${text}`)
  }
})

test('overlooks one slash at the end of a path', async () => {
  for (const [name, method, path, what] of await operations()) {
    const { status, text } = await call(`${app.base}${path}/`, { method, ...what })
    assert.equal(status, 200, `${name}: ${text}`)
  }
  const chat = await startChat(app)
  assert.equal((await call(`${chat.address}/activities/?watermark=0`, { bearer: chat.token })).status, 200)
  using socket = await openSocket(
    chat.streamUrl.replace('/stream?', '/Stream/?').replace('/v3/directline', '/V3/DIRECTLINE'),
  )
  await socket.untilId(await say(chat, 'hello'))
})

/** Goes through a whole conversation behind a prefix of a proxy, by the addresses that are given there. */
async function assertWorksBehind(prefix: string): Promise<void> {
  const base = `${app.origin}${prefix}/v3/directline`
  const service = { base, secret: app.secret }
  const answer = await call(`${base}/conversations`, { bearer: app.secret, json: { user: { id: 'u1' } } })
  assert.equal(answer.status, 201, `${prefix}: ${answer.text}`)
  const chat = chatOf(service, answer)
  assert.ok(new URL(chat.streamUrl).pathname.startsWith(`${prefix}/v3/directline/`), chat.streamUrl)
  using socket = await openSocket(chat.streamUrl)
  const { body } = await upload(chat, formOf([filePart('a.txt', 'A')]))
  await socket.untilId(body.id)
  const link = (await newest(chat)).attachments?.[0]?.contentUrl ?? ''
  assert.ok(new URL(link).pathname.startsWith(`${prefix}/attachments/`), link)
  assert.equal((await call(link)).text, 'A')
}

test('works behind any path of a proxy, and gives addresses that lead back through it', async () => {
  for (const prefix of ['/proxy', '/a/deep/path', '/chat%20line', '/Api', '/attachments-and-more']) {
    await assertWorksBehind(prefix)
  }
})

test('works behind a path of a proxy that is named like one of ours', async () => {
  for (const prefix of ['/v3', '/connector', '/attachments']) await assertWorksBehind(prefix)
})

test('takes conversation ids percent-encoded', async () => {
  const chat = await startChat(app)
  await say(chat, 'hello')
  const encoded = [...chat.conversation].map(character => `%${character.charCodeAt(0).toString(16)}`).join('')
  const address = `${app.base}/conversations/${encoded}`
  assert.equal((await getPage({ ...chat, address })).body.activities?.length, 1)
  assert.equal((await post({ ...chat, address }, message('again'))).status, 200)
})

test('reads JSON whatever the Content-Type says, or without one', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const type of [
    undefined,
    '',
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON',
    'text/plain;charset=UTF-8',
    'text/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=iso-8859-1',
    'garbage',
    ';;;',
    'application/',
    'a/b; c="',
  ]) {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    const posted = await call(`${chat.address}/activities`, {
      bearer: chat.token,
      raw: JSON.stringify({ type: 'message', text: 'naïve 💬' }),
      headers,
    })
    assert.equal(posted.status, 200, `${type}: ${posted.text}`)
    assert.equal((await newest(chat)).text, 'naïve 💬', type)
    const started = await call(`${app.base}/conversations`, {
      bearer: app.secret,
      raw: '{"user":{"id":"u1"}}',
      headers,
    })
    assert.equal(claimsOf(started.body.token)['user'], 'u1', type)
  }
})

test('takes a body with Transfer-Encoding chunked, and one after Expect', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const raw = '{"type":"message","text":"hello"}'
  const chunked = await call(`${chat.address}/activities`, {
    bearer: chat.token,
    raw,
    headers: { 'transfer-encoding': 'chunked', 'content-length': [] },
  })
  assert.equal(chunked.status, 200, chunked.text)
  const expecting = await call(`${chat.address}/activities`, {
    bearer: chat.token,
    raw,
    headers: { expect: '100-continue' },
  })
  assert.equal(expecting.status, 200, expecting.text)
})

test('takes no body, an empty one and null for {} where a body is optional', async () => {
  for (const path of ['/tokens/generate', '/conversations']) {
    for (const what of [
      {},
      { raw: '' },
      { raw: ' \r\n' },
      { raw: 'null' },
      { raw: ' null ' },
      { raw: '{}' },
    ] as Call[]) {
      for (const type of [{}, { headers: { 'content-type': 'application/json' } }]) {
        const { status, text } = await call(`${app.base}${path}`, {
          method: 'POST',
          bearer: app.secret,
          ...type,
          ...what,
        })
        assert.ok(status === 200 || status === 201, `${path} ${JSON.stringify(what)}: ${text}`)
      }
    }
  }
})

test('takes a body that begins with a byte order mark', async () => {
  const { status } = await call(`${app.base}/conversations`, { bearer: app.secret, raw: '\ufeff{"user":{"id":"u1"}}' })
  assert.equal(status, 201)
})

test('reads the scheme in any case, takes BotConnector too, and does not mind blanks', async () => {
  for (const authorization of [
    `Bearer ${app.secret}`,
    `bearer ${app.secret}`,
    `BEARER ${app.secret}`,
    `BotConnector ${app.secret}`,
    `botconnector ${app.secret}`,
    `Bearer   ${app.secret}  `,
  ]) {
    const { status } = await call(`${app.base}/tokens/generate`, { method: 'POST', headers: { authorization } })
    assert.equal(status, 200, authorization)
  }
})

test('ignores the headers and parameters that clients add', async () => {
  const chat = await startChat(app)
  for (const headers of [
    { 'x-ms-bot-agent': 'DirectLine/3.0 (directlinejs; WebChat/4.18.0 (Full) 0.15.8)' },
    { 'x-ms-bot-agent': '' },
    { 'x-requested-with': 'XMLHttpRequest', 'x-ms-bot-id': 'bot' },
    { accept: 'application/xml', 'content-type': 'application/json' },
    { 'accept-encoding': 'gzip, br' },
  ]) {
    assert.equal((await getPage(chat, undefined, { headers })).status, 200, JSON.stringify(headers))
  }
  assert.equal((await call(`${chat.address}/activities?x=1&&=&y`, { bearer: chat.token })).status, 200)
})

test('answers preflights on every path without a credential', async () => {
  const { address, streamUrl } = await startChat(app)
  const origin = 'https://page.example'
  for (const url of [
    ...(await operations()).map(([, , path]) => `${app.base}${path}`),
    `${address}/stream`,
    streamUrl.replace(/^ws/, 'http'),
    `${app.origin}/attachments/a/b/c`,
    `${app.base}/nowhere`,
    `${app.origin}/`,
    `${app.origin}/proxy/v3/directline/conversations/`,
  ]) {
    const { status, headers, text } = await call(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-ms-bot-agent,x-made-up',
      },
    })
    assert.ok(status === 204 || status === 200, `${url}: ${status}`)
    assert.equal(text, '')
    assert.equal(headers['access-control-allow-origin'], origin)
    assert.match(headers.vary ?? '', /\borigin\b/i)
    const methods = (headers['access-control-allow-methods'] ?? '').split(/, */)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) assert.ok(methods.includes(method), url)
    const allowed = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(/, */)
    assert.deepEqual(allowed, ['authorization', 'content-type', 'x-ms-bot-agent', 'x-made-up'])
    assert.equal(headers['access-control-max-age'], '86400')
    const isSession = url.includes('/session/')
    assert.equal(headers['access-control-allow-credentials'], isSession ? 'true' : undefined, url)
  }
})

/** What must be on every answer of the API. */
function assertCommon({ headers, text }: Answer, origin: string | undefined, name: string): void {
  assert.match(headers['cache-control'] ?? '', /no-store/, name)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8', name)
  const allowed = headers['access-control-allow-origin']
  assert.ok(origin === undefined ? allowed !== undefined : allowed === origin, `${name}: ${allowed}`)
  assert.match(headers.vary ?? '', /\borigin\b/i, name)
  const exposed = (headers['access-control-expose-headers'] ?? '').toLowerCase().split(/, */)
  assert.deepEqual(exposed, ['retry-after', 'x-ms-request-id'], name)
  assert.ok(headers['x-ms-request-id'], name)
  assert.equal(headers['server'], undefined, name)
  assert.equal(headers['x-powered-by'], undefined, name)
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)), name)
}

test('puts the same headers on every answer, good or bad', async () => {
  for (const origin of [undefined, 'https://page.example', 'http://localhost:3000', 'null']) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin }
    for (const [name, method, path, what] of await operations()) {
      if (name !== 'session') {
        assertCommon(await call(`${app.base}${path}`, { method, ...what, headers }), origin, name)
      }
      const { bearer: _, ...without } = what
      assertCommon(await call(`${app.base}${path}`, { method, ...without, headers }), origin, `${name}, refused`)
    }
    assertCommon(await call(`${app.base}/nowhere`, { headers }), origin, 'nowhere')
  }
})

test('names every request', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => call(`${app.base}/nowhere`)))
  assert.equal(new Set(answers.map(({ headers }) => headers['x-ms-request-id'])).size, 5)
})

test('numbers activities from 1 in ids that sort as text', async () => {
  const chat = await startChat(app)
  const ids = []
  for (let count = 0; count < 12; count += 1) ids.push(await say(chat, `${count}`))
  assert.equal(ids[0], `${chat.conversation}|0000001`)
  assert.equal(ids[11], `${chat.conversation}|0000012`)
  assert.deepEqual([...ids].sort(), ids)
})

test('reads watermarks as clients send them: what says nothing or cannot be read is as if not given', async () => {
  const chat = await startChat(app)
  for (const text of ['one', 'two', 'three']) await say(chat, text)
  const all = [1, 2, 3]
  for (const [watermark, expected] of [
    ['', all],
    ['-', all],
    ['0', all],
    ['0000000', all],
    ['null', all],
    ['undefined', all],
    ['garbage', all],
    ['0000a-42', all],
    ['1.5', all],
    ['-1', all],
    ['1e0', all],
    ['0x1', all],
    ['१', all],
    ['{}', all],
    ['\u0000', all],
    ['9'.repeat(400), all],
    ["1' OR '1'='1", all],
    ['1', [2, 3]],
    ['0000001', [2, 3]],
    ['3', []],
    ['4', []],
    ['4711', []],
    ['999999999999999', []],
  ] as const) {
    const { status, body } = await getPage(chat, watermark)
    assert.equal(status, 200, watermark)
    assert.deepEqual(
      body.activities?.map(({ id }) => numberOf(id)),
      expected,
      `watermark=${watermark}`,
    )
    assert.equal(body.watermark, '3', `watermark=${watermark}`)
  }
  const without = await call(`${chat.address}/activities?watermark`, { bearer: chat.token })
  assert.equal(without.body.activities?.length, 3)
  const twice = await call(`${chat.address}/activities?watermark=2&watermark=1`, { bearer: chat.token })
  assert.equal(twice.status, 200)
})

test('lets a client whose watermark is above the newest number fall back to it and miss nothing from then on', async () => {
  const chat = await startChat(app)
  await say(chat, 'one')
  const { body } = await getPage(chat, '50')
  assert.deepEqual(body, { activities: [], watermark: '1' })
  await say(chat, 'two')
  assert.deepEqual(
    (await getPage(chat, body.watermark)).body.activities?.map(({ text }) => text),
    ['two'],
  )
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
