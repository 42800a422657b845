/**
 * What holds for every call: how paths, schemes and headers are read, and what is on every answer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { generateToken } from '../../support/direct-line.ts'
import { type Answer, type Call, call, callRaw } from '../../support/http.ts'
import { assertNothing, readMessages, sayOld, startOldChat } from '../../support/old-direct-line.ts'
import { filePart, formOf } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

type Operation = readonly [method: string, path: string, credential: string, what: Call]

/** One call of each operation, on a conversation of its own. */
async function operations(): Promise<readonly Operation[]> {
  const { token, conversation } = await startOldChat(app)
  const fresh = await generateToken(app)
  return [
    ['GET', '/api/tokens', app.secret, {}],
    ['POST', '/api/tokens', app.secret, {}],
    ['GET', '/api/tokens/conversation', app.secret, {}],
    ['POST', '/api/tokens/conversation', app.secret, {}],
    ['GET', `/api/tokens/${conversation}/renew`, token, {}],
    ['POST', `/api/tokens/${conversation}/renew`, token, {}],
    ['POST', '/api/conversations', fresh.token, {}],
    ['GET', `/api/conversations/${conversation}/messages`, token, {}],
    ['POST', `/api/conversations/${conversation}/messages`, token, { raw: '{"text":"x"}' }],
    ['POST', `/api/conversations/${conversation}/upload`, token, { raw: 'x' }],
  ]
}

function assertWorked({ status, text }: Answer, name: string): void {
  assert.ok(status === 200 || status === 204, `${name}: ${status} ${text}`)
}

test('takes secret and token after Bearer and after BotConnector, in any case', async () => {
  for (const scheme of ['Bearer', 'BotConnector', 'bearer', 'botconnector', 'BOTCONNECTOR']) {
    for (const [method, path, credential, what] of await operations()) {
      const headers = { authorization: `${scheme} ${credential}` }
      assertWorked(await call(`${app.origin}${path}`, { method, ...what, headers }), `${scheme} ${method} ${path}`)
    }
  }
})

test('reads the fixed parts of a path in any case, and overlooks one slash at its end', async () => {
  for (const [method, path, bearer, what] of await operations()) {
    const shouted = path.replace(/(?<=\/)(?:api|tokens|conversations?|renew|messages|upload)(?=\/|$)/g, part =>
      part.toUpperCase(),
    )
    for (const url of [`${path}/`, shouted, `${shouted}/`])
      assertWorked(await call(`${app.origin}${url}`, { method, bearer, ...what }), `${method} ${url}`)
  }
  const chat = await startOldChat(app)
  await sayOld(chat, 'x')
  const { status, body } = await call(`${chat.old}/messages/?watermark=0`, { bearer: chat.token })
  assert.deepEqual([status, body.watermark], [200, '1'])
})

test('works behind any path of a proxy, and gives links that lead back through it', async () => {
  for (const prefix of ['/proxy', '/a/deep/path', '/Api', '/api', '/api/v2', '/chat%20line']) {
    for (const [method, path, bearer, what] of await operations())
      assertWorked(
        await call(`${app.origin}${prefix}${path}`, { method, bearer, ...what }),
        `${prefix}: ${method} ${path}`,
      )
    const chat = await startOldChat({ origin: `${app.origin}${prefix}`, secret: app.secret })
    const form = formOf([filePart('a.txt', 'A')])
    assertNothing(await call(`${chat.old}/upload`, { bearer: chat.token, ...form }))
    const link = (await readMessages(chat))[0]?.attachments?.[0]?.url ?? ''
    assert.ok(new URL(link).pathname.startsWith(`${prefix}/attachments/`), link)
    assert.equal((await call(link)).text, 'A')
  }
})

test('takes a target in absolute form, as the documentation writes it and proxies send it', async () => {
  const chat = await startOldChat(app)
  const answer = await callRaw(
    app.port,
    [
      `POST ${chat.old}/upload?userId=u1 HTTP/1.1`,
      `Host: 127.0.0.1:${app.port}`,
      `Authorization: Bearer ${chat.token}`,
      'Content-Type: text/plain',
      'Content-Length: 1',
      'Connection: close',
      '',
      'A',
    ].join('\r\n'),
  )
  assert.match(answer, /^HTTP\/1\.1 204 /)
  const link = (await readMessages(chat))[0]?.attachments?.[0]?.url ?? ''
  assert.ok(link.startsWith(`${app.origin}/attachments/`), link)
  assert.equal((await call(link)).text, 'A')
})

test('gives links that begin with the configured address where there is one', async () => {
  await using own = await startApp({ bot: bot.url, settings: { publicUrl: 'https://chat.example/line/' } })
  const chat = await startOldChat(own)
  assertNothing(await call(`${chat.old}/upload`, { bearer: chat.token, raw: 'x', headers: { host: 'evil.example' } }))
  const link = (await readMessages(chat))[0]?.attachments?.[0]?.url ?? ''
  assert.ok(link.startsWith('https://chat.example/line/attachments/'), link)
})

test('ignores the headers and parameters that old clients add', async () => {
  const { old, token } = await startOldChat(app)
  for (const headers of [
    { 'ocp-apim-subscription-key': 'whatever' },
    { accept: 'text/json, application/xml', 'x-requested-with': 'XMLHttpRequest' },
    { 'accept-encoding': 'gzip, deflate' },
  ]) {
    const { status } = await call(`${old}/messages?&x=1&subscription-key=y`, { bearer: token, headers })
    assert.equal(status, 200)
  }
  const headers = { 'ocp-apim-subscription-key': app.secret }
  assert.equal((await call(`${app.origin}/api/tokens`, { headers })).status, 401, 'it is no credential')
})

test('takes conversation ids percent-encoded', async () => {
  const chat = await startOldChat(app)
  const encoded = [...chat.conversation].map(character => `%${character.charCodeAt(0).toString(16)}`).join('')
  await sayOld({ ...chat, old: `${app.origin}/api/conversations/${encoded}` }, 'x')
  assert.equal((await readMessages(chat)).length, 1)
})

test('puts the same headers on every answer, good or bad', async () => {
  for (const origin of [undefined, 'https://page.example', 'null']) {
    const headers: Record<string, string> = origin === undefined ? {} : { origin }
    for (const [method, path, bearer, what] of await operations()) {
      for (const answer of [
        await call(`${app.origin}${path}`, { method, bearer, ...what, headers }),
        await call(`${app.origin}${path}`, { method, ...what, headers }),
      ]) {
        const name = `${method} ${path} ${answer.status}`
        assert.match(answer.headers['cache-control'] ?? '', /no-store/, name)
        const type = answer.status === 204 ? undefined : 'application/json; charset=utf-8'
        assert.equal(answer.headers['content-type'], type, name)
        assert.equal(answer.headers['access-control-allow-origin'], origin ?? '*', name)
        assert.match(answer.headers.vary ?? '', /\borigin\b/i, name)
        assert.equal(answer.headers['access-control-allow-credentials'], undefined, name)
        const exposed = (answer.headers['access-control-expose-headers'] ?? '').toLowerCase()
        assert.deepEqual(exposed.split(/, */), ['retry-after', 'x-ms-request-id'], name)
        assert.ok(answer.headers['x-ms-request-id'], name)
      }
    }
  }
})

test('answers preflights on every path without a credential', async () => {
  const origin = 'https://page.example'
  for (const path of [...(await operations()).map(([, path]) => path), '/api/conversations/', '/api/nowhere']) {
    const { status, headers, text } = await call(`${app.origin}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-made-up',
      },
    })
    assert.ok(status === 204 || status === 200, path)
    assert.equal(text, '')
    assert.equal(headers['access-control-allow-origin'], origin)
    for (const method of ['GET', 'POST', 'OPTIONS'])
      assert.ok(headers['access-control-allow-methods']?.split(/, */).includes(method), path)
    const allowed = (headers['access-control-allow-headers'] ?? '').toLowerCase().split(/, */)
    assert.deepEqual(allowed, ['authorization', 'content-type', 'x-made-up'])
    assert.equal(headers['access-control-max-age'], '86400')
  }
})
