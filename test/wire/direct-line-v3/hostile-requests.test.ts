/**
 * Requests that no good client makes: paths, headers, bytes on the wire, forms and names of files. Each is refused in
 * the one shape, says nothing of the inside, and the service goes on.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, afterEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  getPage,
  message,
  post,
  readLog,
  say,
  startChat,
  streamUrlWith,
} from '../../support/direct-line.ts'
import { type Call, call, callRaw } from '../../support/http.ts'
import { refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'
import { filePart, formOf, newest, upload } from './form.ts'

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

const raw = (chat: Chat, body: string | Uint8Array, more: Call = {}) => post(chat, undefined, { raw: body, ...more })

/** Requests an answer by bytes of our own, and reads the answers that came back. */
async function spoken(text: string): Promise<readonly { status: number; head: string; body: string }[]> {
  const answers = (await callRaw(app.port, text)).split(/(?=HTTP\/1\.1 \d{3})/)
  return answers
    .filter(answer => answer !== '')
    .map(answer => {
      const [head = '', body = ''] = answer.split('\r\n\r\n')
      return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), head: head.toLowerCase(), body }
    })
}

/** A refusal that came as bytes: the one answer, of this API's one shape, before the connection was closed. */
function assertSpokenRefusal(answers: Awaited<ReturnType<typeof spoken>>, status: number): void {
  assert.deepEqual(
    answers.map(answer => answer.status),
    [status],
  )
  const [{ head, body } = { head: '', body: '' }] = answers
  assert.match(head, /^content-type: application\/json/m)
  const { error } = JSON.parse(body) as { error: { code?: string; message?: string } }
  assert.deepEqual([typeof error.code, typeof error.message], ['string', 'string'], body)
}

test('answers unknown and climbing paths with 4xx', async () => {
  for (const [method, path] of [
    ['GET', '/v3/directline/conversations/%00'],
    ['GET', '/v3/directline/conversations//activities'],
    ['GET', '/v3/directline/conversations/..%2f..%2fetc%2fpasswd'],
    ['GET', '/v3/directline/../../etc/passwd'],
    ['GET', '/v3/directline/conversations/a/activities/b/c'],
    ['GET', '/v3/directline/session'],
    ['GET', '/v3/directline/tokens'],
    ['DELETE', '/v3/directline/tokens/generate'],
    ['HEAD', '/v3/directline/nothing'],
  ] as const) {
    const answer = await call(`${app.origin}${path}`, { method, bearer: app.secret })
    assert.ok([400, 404, 405, 414].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`)
    if (method !== 'HEAD') assertRefused(answer, answer.status, 'BadArgument')
  }
})

test('answers paths that cannot be decoded, or are far too long, as it answers every other', async () => {
  for (const path of ['%', '%zz/activities', '%ff%fe', `${'x'.repeat(2000)}/activities`]) {
    const answer = await call(`${app.base}/conversations/${path}`, { bearer: app.secret })
    assert.ok([400, 404].includes(answer.status), path)
    assertRefused(answer, answer.status, 'BadArgument')
  }
})

test('answers methods that no path has with 405 on a known path', async () => {
  for (const method of ['TRACE', 'PROPFIND', 'LOCK']) {
    assertRefused(await call(`${app.base}/conversations`, { method, bearer: app.secret }), 405, 'BadArgument')
  }
})

test('closes the connection of a body over its limit', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const path = new URL(chat.address).pathname
  const [answer] = await spoken(
    `POST ${path}/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${chat.token}\r\nContent-Length: 99999999\r\n\r\n{`,
  )
  assert.equal(answer?.status, 413)
})

test('takes no compressed body', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const body = gzipSync(JSON.stringify(message('compressed')))
  for (const encoding of ['gzip', 'GZIP', 'deflate', 'br', 'gzip, identity', 'unknown']) {
    assertRefused(await raw(chat, body, { headers: { 'content-encoding': encoding } }), 415, 'BadArgument')
  }
  assert.equal((await raw(chat, '{"type":"message"}', { headers: { 'content-encoding': 'identity' } })).status, 200)
  assert.equal((await readLog(chat)).length, 1)
})

test('refuses a header block of more than 16 KiB with 431, readable from any origin', async () => {
  const text = `GET /v3/directline/nothing HTTP/1.1\r\nHost: x\r\nOrigin: https://page.example\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`
  const answers = await spoken(text)
  assertSpokenRefusal(answers, 431)
  assert.match(answers[0]?.head ?? '', /^access-control-allow-origin: /m)
})

test('refuses more than a hundred header fields with 431', async () => {
  const fields = Array.from({ length: 150 }, (_, at) => `X-Field-${at}: x\r\n`).join('')
  const text = `GET /v3/directline/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n`
  const [answer] = await spoken(text)
  assert.equal(answer?.status, 431)
})

test('refuses a request target of more than 8 KiB with 414', async () => {
  const chat = await startChat(app)
  const long = await call(`${chat.address}/activities?x=${'x'.repeat(9_000)}`, { bearer: chat.token })
  assertRefused(long, 414, 'BadArgument')
  const short = await call(`${chat.address}/activities?x=${'x'.repeat(7_000)}`, { bearer: chat.token })
  assert.equal(short.status, 200)
})

test('reads no second request out of one, and closes the connection of one that two readers could read in two ways', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const path = `${new URL(chat.address).pathname}/activities`
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${chat.token}\r\n`
  const body = '{"type":"message"}'
  const hidden = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${chat.token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  for (const text of [
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${body}`,
    `${head}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${head}Content-Length: +5\r\n\r\n${body}`,
    `${head}Content-Length: 5, 6\r\n\r\n${body}`,
    `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n${body}\r\n0\r\n\r\n${hidden}`,
    `${head}X-Bare: a\rb\r\n\r\n${hidden}`,
    `${head}X-Bare: a\nX: b\r\n\r\n${hidden}`,
    `${head}X-Nul: a\0b\r\n\r\n${hidden}`,
    `${head}No colon here\r\n\r\n${hidden}`,
    `GET ${path} HTTP/9.9\r\nHost: x\r\n\r\n${hidden}`,
    `NONSENSE ${path} HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
    `\0\x01\x02\x03${hidden}`,
  ]) {
    const answers = await spoken(text)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [400],
      JSON.stringify(text.replace(head, '')),
    )
  }
  assert.deepEqual(await readLog(chat), [])
})

test('answers what is not HTTP in the one shape of its refusals, and closes', async () => {
  assertSpokenRefusal(await spoken('this is not HTTP\r\n\r\n'), 400)
  assertSpokenRefusal(await spoken('GET /v3/directline HTTP/1.1\r\nHost: x\r\nNo colon here\r\n\r\n'), 400)
})

test('refuses forms that cannot be read', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const form = (body: string, type = 'multipart/form-data; boundary=b') =>
    upload(chat, { raw: body, headers: { 'content-type': type } })
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nA\r\n--b--'
  for (const answer of [
    await form('no delimiter at all'),
    await form(part, 'multipart/form-data'),
    await form(part, 'multipart/form-data; boundary='),
    await form(part, 'multipart/form-data; boundary=other'),
    await form(`--b\r\n${'x'.repeat(9_000)}\r\n--b--`),
    await form(`--b\r\nX: ${'x'.repeat(9_000)}\r\n\r\nA\r\n--b--`),
  ]) {
    assertRefused(answer, 400, 'BadArgument')
  }
  assert.equal((await form('')).status, 400)
  for (const body of ['--b--', '--b\r\n--b\r\n--b--']) {
    assertRefused(await form(body), 400, 'MissingProperty')
  }
  assert.deepEqual(await readLog(chat), [])
})

test('refuses forms of very many parts or delimiters in a time that grows with their length alone', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  for (const body of ['--b\r\nX: y\r\n\r\nA\r\n', '--b\r\n', '--b\n', '--b', '\r--b'].map(each =>
    each.repeat(4_000_000 / each.length),
  )) {
    const startedMs = performance.now()
    const { status } = await upload(chat, { raw: body, headers })
    assert.ok(status === 400 || status === 413, `${status}`)
    // Four megabytes take a fraction of a second; were each delimiter looked for anew, they would take hours.
    assert.ok(performance.now() - startedMs < 20_000, JSON.stringify(body.slice(0, 20)))
  }
  assert.deepEqual(await readLog(chat), [])
})

test('keeps hostile file names off the disk and out of headers', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const name of [
    '../../../../etc/passwd',
    '..\\..\\boot.ini',
    'a\tb',
    'x'.repeat(5_000),
    '.',
    '..',
    '%2e%2e%2f',
    'CON',
    'a\u202etxt.exe',
    "a'; filename=b",
  ]) {
    const { status } = await upload(chat, formOf([filePart(name, 'x')]))
    assert.equal(status, 200, name)
    const [attachment] = (await newest(chat)).attachments ?? []
    const stored = attachment?.name ?? ''
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(stored, /[/\\\u0000-\u001f\u202e]/)
    assert.ok(Buffer.byteLength(stored) <= 255 && !['', '.', '..'].includes(stored), name)
    const file = await call(attachment?.contentUrl ?? '')
    assert.equal(file.status, 200, name)
    assert.equal(file.text, 'x')
  }
})

test('opens no connection for what somebody says: links in activities are never followed', async () => {
  await using trap = await startBot()
  const chat = await startChat(app, { id: 'u1' })
  const contentUrl = `${trap.url}/picture.png`
  await post(chat, {
    type: 'message',
    attachments: [{ contentType: 'image/png', contentUrl, thumbnailUrl: contentUrl }],
    channelData: { url: contentUrl },
    serviceUrl: trap.url,
    relatesTo: { serviceUrl: trap.url },
  })
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  await bot.reply(told, {
    type: 'message',
    attachments: [{ contentType: 'image/png', contentUrl }],
    serviceUrl: trap.url,
  })
  await say(chat, 'after')
  assert.equal(trap.requests.length, 0)
})

test('says nothing about what it is made of', async () => {
  const chat = await startChat(app)
  for (const answer of [
    await getPage(chat),
    await call(`${app.base}/nowhere`),
    await call(app.base, { method: 'OPTIONS' }),
    await post(chat, undefined, { raw: '{' }),
  ]) {
    assert.equal(answer.headers['server'], undefined)
    assert.equal(answer.headers['x-powered-by'], undefined)
    assert.equal(answer.headers['via'], undefined)
    assert.doesNotMatch(answer.text, /fastify|node|express|stack|SyntaxError|position \d/i)
  }
})

test('an offer of HTTP/2, as Java and curl make with every request, is passed over', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const body = JSON.stringify(message('from Java'))
  const path = `/v3/directline/conversations/${chat.conversation}/activities`
  const offers = ['h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA', 'TLS/1.0', 'websocket']
  for (const offer of offers) {
    const lines = `Host: x\r\nAuthorization: Bearer ${chat.token}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${offer}`
    const post = `POST ${path} HTTP/1.1\r\n${lines}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const read = `GET ${path} HTTP/1.1\r\n${lines}\r\n\r\n`
    // What comes with it is of no answer: the connection is closed, so that nobody takes one answer for another.
    const posted = await callRaw(app.port, `${post}${read}`)
    assert.match(posted, /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n[\s\S]*\r\n\r\n\{"id":"[^"]+"\}$/i)
    assert.match(await callRaw(app.port, read), /^HTTP\/1\.1 200 [\s\S]*from Java/)
  }
  assert.equal((await readLog(chat)).length, offers.length)
})

test('a request without Host, and a stream whose address is too long, are refused like any other', async () => {
  const bare = await callRaw(app.port, 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')
  assert.match(bare, /^HTTP\/1\.1 400 [\s\S]*access-control-allow-origin[\s\S]*\{"error":\{"code":"BadArgument"/i)
  const chat = await startChat(app)
  const refused = await refusedHandshake(streamUrlWith(chat, { t: 'x'.repeat(9_000) }))
  assertRefused(refused, 414, 'BadArgument')
})

test('an id of a user that is too long is refused wherever it stands', async () => {
  const chat = await startChat(app)
  const long = 'u'.repeat(257)
  assertRefused(await post(chat, message('x', long)), 400, 'BadArgument')
  assertRefused(
    await call(`${chat.address}/upload?userId=${long}`, { bearer: chat.token, raw: 'x' }),
    400,
    'BadArgument',
  )
  const old = `${app.origin}/api/conversations/${chat.conversation}/upload?userId=${long}`
  assert.equal((await call(old, { bearer: chat.token, raw: 'x' })).status, 400)
  assert.deepEqual(await readLog(chat), [])
})

test('an upload that is too large is answered while it is still sent, and the connection goes on', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const path = `/v3/directline/conversations/${chat.conversation}`
  const head = `Host: x\r\nAuthorization: Bearer ${chat.token}\r\n`
  const part = Buffer.alloc(1024 * 1024, 'x')
  for (const isTold of [true, false]) {
    const socket = connect(app.port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1').on('data', text => (received += text))
    const framing = isTold ? `Content-Length: ${12 * part.length}` : 'Transfer-Encoding: chunked'
    socket.write(`POST ${path}/upload?userId=u1 HTTP/1.1\r\n${head}Content-Type: text/plain\r\n${framing}\r\n\r\n`)
    for (let sent = 0; sent < 12; sent += 1) {
      if (!isTold) socket.write(`${part.length.toString(16)}\r\n`)
      await new Promise(resolve => socket.write(part, resolve))
      if (!isTold) socket.write('\r\n')
    }
    if (!isTold) socket.write('0\r\n\r\n')
    socket.write(`GET ${path}/activities HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    await inTime('the connection to be closed', once(socket, 'close'))
    assert.match(received, /^HTTP\/1\.1 413 [\s\S]*MessageSizeTooBig[\s\S]*HTTP\/1\.1 200 [\s\S]*"activities":\[\]/)
  }
})
