/**
 * GET /conversations/{id}/stream: who may open it, and what breaks it.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  generateToken,
  message,
  reconnect,
  say,
  startChat,
  streamUrlWith,
} from '../../support/direct-line.ts'
import { call, callRaw } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('opens by its URL alone: no Authorization, no subprotocol, any Origin', async () => {
  const chat = await startChat(app)
  for (const headers of [{}, { origin: 'https://anywhere.example' }, { origin: 'null' }]) {
    const socket = await openSocket(chat.streamUrl, { headers })
    assert.equal(socket.ws.protocol, '')
    await socket.close()
  }
})

test('refuses a handshake without a good ticket, before the upgrade and with a body', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const foreign = new URL(other.streamUrl).searchParams.get('t')
  const own = new URL(chat.streamUrl).searchParams.get('t') ?? ''
  for (const t of [null, '', 'garbage', chat.token, app.secret, foreign, own.slice(0, -2), `${own}x`]) {
    assertRefused(await refusedHandshake(streamUrlWith(chat, { t })), 403, 'BadArgument')
  }
  const headers = { authorization: `Bearer ${chat.token}` }
  assertRefused(await refusedHandshake(streamUrlWith(chat, { t: null }), { headers }), 403, 'BadArgument')
})

test('refuses an expired ticket as TokenExpired, readable from any origin', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  own.advanceClock(61_000)
  const origin = 'https://page.example'
  const refused = await refusedHandshake(chat.streamUrl, { headers: { origin } })
  assertRefused(refused, 403, 'TokenExpired')
  assert.equal(refused.headers['access-control-allow-origin'], origin)
  using socket = await openSocket((await reconnect(chat)).body.streamUrl)
  assert.equal(socket.frames.length, 0)
})

test('answers anything but an upgrade with 400, and another method with 405', async () => {
  const chat = await startChat(app)
  const url = chat.streamUrl.replace(/^ws/, 'http')
  assertRefused(await call(url), 400, 'BadArgument')
  assertRefused(await call(url, { bearer: chat.token }), 400, 'BadArgument')
  assertRefused(await call(url, { json: message('hello') }), 405, 'BadArgument')
})

test('answers an upgrade at any other path as a request without one', async () => {
  const chat = await startChat(app)
  for (const [path, status] of [
    ['/v3/directline', 404],
    ['/v3/directline/conversations', 405],
    ['/v3/directline/conversations/x/y', 404],
  ] as const) {
    const refused = await refusedHandshake(
      `${app.origin.replace('http', 'ws')}${path}${new URL(chat.streamUrl).search}`,
    )
    assertRefused(refused, status, 'BadArgument')
  }
})

test('offers no compression', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl, { perMessageDeflate: true })
  assert.equal(socket.ws.extensions, '')
})

test('closes with 1009 for a frame of more than 64 KiB, and with 1008 for one in many fragments', async () => {
  const chat = await startChat(app)
  using large = await openSocket(chat.streamUrl)
  large.send('x'.repeat(64 * 1024))
  await large.untilId(await say(chat, 'still open'))
  large.send('x'.repeat(64 * 1024 + 1))
  assert.equal((await inTime('a close', large.closed)).code, 1009)
  using many = await openSocket(chat.streamUrl)
  for (let count = 0; count < 70; count += 1) many.ws.send('x', { fin: false })
  assert.equal((await inTime('a close', many.closed)).code, 1008)
  using other = await openSocket(chat.streamUrl)
  await other.untilText('still open')
})

test('closes with 1002 for frames that are not masked or not of the protocol', async () => {
  const chat = await startChat(app)
  for (const frame of [Buffer.from([0x81, 0x02, 0x68, 0x69]), Buffer.from([0xf1, 0x80, 0, 0, 0, 0])]) {
    const socket = await rawSocket(chat.streamUrl)
    const received = socket.bytes()
    socket.tcp.write(frame)
    const bytes = await received
    assert.equal(bytes[0], 0x88, 'a close frame')
    assert.equal(bytes.readUInt16BE(2), 1002)
  }
})

test('says goodbye with 1001 when the service stops', async () => {
  const own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  using socket = await openSocket(chat.streamUrl)
  await own.stop()
  assert.equal((await inTime('a close', socket.closed)).code, 1001)
})

test('lets a site that enforces its origins refuse sockets of pages from elsewhere', async () => {
  const trusted = 'https://page.example'
  await using own = await startApp({ bot: bot.url, site: { enforceOrigins: true, trustedOrigins: [trusted] } })
  const chat = await startChat(own)
  const elsewhere = { headers: { origin: 'https://evil.example' } }
  assertRefused(await refusedHandshake(chat.streamUrl, elsewhere), 403, 'BadArgument')
  for (const headers of [{ origin: trusted }, {}]) await (await openSocket(chat.streamUrl, { headers })).close()
})

test('lets a token carry the origins a site enforces where it has no list of its own', async () => {
  const trusted = 'https://page.example'
  await using own = await startApp({ bot: bot.url, site: { enforceOrigins: true } })
  const { token } = await generateToken(own, { trustedOrigins: [trusted] })
  const headers = { origin: trusted }
  const { status, body } = await call(`${own.base}/conversations`, { method: 'POST', bearer: token, headers })
  assert.equal(status, 201)
  await (await openSocket(body.streamUrl, { headers })).close()
  const elsewhere = { headers: { origin: 'https://evil.example' } }
  assertRefused(await refusedHandshake(body.streamUrl, elsewhere), 403, 'BadArgument')
})

/** A socket whose frames are written by hand. */
async function rawSocket(address: string): Promise<{ readonly tcp: Socket; bytes(): Promise<Buffer> }> {
  const url = new URL(address)
  const tcp = connect(Number(url.port), url.hostname)
  tcp.on('error', () => undefined)
  tcp.write(
    [
      `GET ${url.pathname}${url.search} HTTP/1.1`,
      `Host: ${url.host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
      '\r\n',
    ].join('\r\n'),
  )
  const [head] = (await inTime('the handshake', once(tcp, 'data'))) as [Buffer]
  assert.match(head.toString('latin1'), /^HTTP\/1\.1 101 /)
  return {
    tcp,
    bytes: async () => {
      const [bytes] = (await inTime('a frame', once(tcp, 'data'))) as [Buffer]
      tcp.destroy()
      return bytes
    },
  }
}

test('tells what a handshake lacks in the shape of every error, readable from any origin', async () => {
  const chat = await startChat(app)
  const { pathname, search } = new URL(chat.streamUrl)
  const good = { 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
  for (const [method, headers, status] of [
    ['GET', { ...good, 'Sec-WebSocket-Key': 'short' }, 400],
    ['GET', { 'Sec-WebSocket-Version': '13' }, 400],
    ['GET', { ...good, 'Sec-WebSocket-Version': '12' }, 400],
    ['GET', { ...good, 'Sec-WebSocket-Protocol': ',,' }, 400],
    ['POST', good, 405],
  ] as const) {
    const all = { Host: 'x', Origin: 'https://page.example', Connection: 'Upgrade', Upgrade: 'websocket', ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    const answer = await callRaw(app.port, `${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), answer)
    assert.match(answer, /access-control-allow-origin: https:\/\/page\.example\r\n/i)
    assert.match(answer, /\r\n\r\n\{"error":\{"code":"BadArgument","message":"[^"]+"\}\}$/)
  }
})
