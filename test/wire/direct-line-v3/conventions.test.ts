/**
 * What holds for every call: how paths, headers, bodies and watermarks are read, and what is on every answer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { chatOf, claimsOf, getPage, message, post, say, startChat } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { filePart, formOf, newest, upload } from './form.ts'
import { operations } from './operations.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('reads the fixed parts of a path in any case', async () => {
  for (const [name, method, path, what] of await operations(app)) {
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
  for (const [name, method, path, what] of await operations(app)) {
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

test('numbers activities from 1 in ids that sort as text', async () => {
  const chat = await startChat(app)
  const ids = []
  for (let count = 0; count < 12; count += 1) ids.push(await say(chat, `${count}`))
  assert.equal(ids[0], `${chat.conversation}|0000001`)
  assert.equal(ids[11], `${chat.conversation}|0000012`)
  assert.deepEqual([...ids].sort(), ids)
})
