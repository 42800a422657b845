/**
 * GET /conversations/{id}/stream: a WebSocket that shows the log from a watermark on, and then everything as it comes.
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
  type Chat,
  generateToken,
  message,
  numberOf,
  post,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake, type TestSocket } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** The stream URL with other parameters; null takes one out. */
function streamUrl(chat: Pick<Chat, 'streamUrl'>, changes: Readonly<Record<string, string | null>>): string {
  const url = new URL(chat.streamUrl)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return url.href
}

const numbers = (socket: TestSocket) => socket.activities.map(({ id }) => numberOf(id))

async function chatWith(texts: readonly string[]): Promise<Chat> {
  const chat = await startChat(app)
  for (const text of texts) await say(chat, text)
  return chat
}

test('opens by its URL alone: no Authorization, no subprotocol, any Origin', async () => {
  const chat = await startChat(app)
  for (const headers of [{}, { origin: 'https://anywhere.example' }, { origin: 'null' }]) {
    const socket = await openSocket(chat.streamUrl, { headers })
    assert.equal(socket.ws.protocol, '')
    await socket.close()
  }
})

test('replays the log in order, then shows everything as it comes, each activity once', async () => {
  const chat = await chatWith(['one', 'two', 'three'])
  using socket = await openSocket(chat.streamUrl)
  await socket.untilText('three')
  await say(chat, 'four')
  await say(chat, 'five')
  await socket.untilText('five')
  assert.deepEqual(numbers(socket), [1, 2, 3, 4, 5])
})

test('sends text frames that hold one activity set each, and the watermark of its last activity', async () => {
  const chat = await chatWith(['one', 'two'])
  using socket = await openSocket(chat.streamUrl)
  await socket.untilText('two')
  await say(chat, 'three')
  await socket.untilText('three')
  assert.ok(socket.frames.every(({ isBinary }) => !isBinary))
  for (const set of socket.sets) {
    assert.deepEqual(Object.keys(set), ['activities', 'watermark'])
    assert.equal(set.watermark, String(numberOf(set.activities.at(-1)?.id)))
  }
})

test('begins after the watermark in its URL', async () => {
  const chat = await chatWith(['one', 'two', 'three'])
  for (const [watermark, expected] of [
    ['-', [1, 2, 3]],
    ['0', [1, 2, 3]],
    ['1', [2, 3]],
    ['0000002', [3]],
  ] as const) {
    using socket = await openSocket(streamUrl(chat, { watermark }))
    await socket.untilText('three')
    assert.deepEqual(numbers(socket), expected, `watermark=${watermark}`)
  }
})

test('replays nothing for a watermark at or above the newest number, and goes live', async () => {
  const chat = await chatWith(['one', 'two'])
  for (const watermark of ['2', '3', '999999999']) {
    using socket = await openSocket(streamUrl(chat, { watermark }))
    const id = await say(chat, 'live')
    await socket.untilId(id)
    assert.deepEqual(numbers(socket).slice(0, 1), [numberOf(id)], `watermark=${watermark}`)
  }
})

test('begins where the service chose when a client has lost the watermark from the URL', async () => {
  const chat = await chatWith(['one', 'two', 'three'])
  const later = (await reconnect(chat, '2')).body.streamUrl ?? ''
  for (const watermark of [null, '', 'null', 'undefined', 'garbage']) {
    using whole = await openSocket(streamUrl(chat, { watermark }))
    await whole.untilText('three')
    assert.deepEqual(numbers(whole), [1, 2, 3], `watermark=${watermark}`)
    using rest = await openSocket(streamUrl({ streamUrl: later }, { watermark }))
    await rest.untilText('three')
    assert.deepEqual(numbers(rest), [3], `watermark=${watermark}`)
  }
})

test('can be opened with the same URL any number of times', async () => {
  const chat = await chatWith(['one'])
  for (let times = 0; times < 4; times += 1) {
    using socket = await openSocket(chat.streamUrl)
    await socket.untilText('one')
  }
})

test('refuses a handshake without a good ticket, before the upgrade and with a body', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const foreign = new URL(other.streamUrl).searchParams.get('t')
  const own = new URL(chat.streamUrl).searchParams.get('t') ?? ''
  for (const t of [null, '', 'garbage', chat.token, app.secret, foreign, own.slice(0, -2), `${own}x`]) {
    assertRefused(await refusedHandshake(streamUrl(chat, { t })), 403, 'BadArgument')
  }
  const headers = { authorization: `Bearer ${chat.token}` }
  assertRefused(await refusedHandshake(streamUrl(chat, { t: null }), { headers }), 403, 'BadArgument')
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

test('refuses an upgrade at any other path with 404', async () => {
  const chat = await startChat(app)
  for (const path of ['/v3/directline', '/v3/directline/conversations', '/', '/v3/directline/conversations/x/y']) {
    const refused = await refusedHandshake(
      `${app.origin.replace('http', 'ws')}${path}${new URL(chat.streamUrl).search}`,
    )
    assertRefused(refused, 404, 'BadArgument')
  }
})

test('ignores whatever clients send on it', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const before = bot.of(chat.conversation).length
  for (const data of ['', 'hello', '{"type":"message","text":"no","from":{"id":"u1"}}', '{"x":', new Uint8Array(100)]) {
    socket.send(data)
  }
  socket.ws.ping()
  await once(socket.ws, 'pong')
  await socket.untilId(await say(chat, 'yes'))
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['yes'],
  )
  assert.ok(bot.of(chat.conversation).length <= before + 3)
  assert.equal(bot.of(chat.conversation, 'message').length, 1)
})

test('shows everything to every socket, the sender’s too', async () => {
  const chat = await startChat(app)
  const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(chat.streamUrl)))
  const id = await say(chat, 'to all')
  for (const socket of sockets) {
    const shown = await socket.untilId(id)
    assert.equal(shown.text, 'to all')
    await socket.close()
  }
})

test('closes the oldest of more than 16 sockets with 1000 and collision, and no other', async () => {
  const chat = await startChat(app)
  const sockets: TestSocket[] = []
  for (let count = 0; count < 16; count += 1) sockets.push(await openSocket(chat.streamUrl))
  await Promise.all([say(chat, 'sixteen'), ...sockets.map(socket => socket.untilText('sixteen'))])
  sockets.push(await openSocket(chat.streamUrl))
  assert.deepEqual(await inTime('the oldest to be closed', sockets[0]?.closed ?? Promise.reject()), {
    code: 1000,
    reason: 'collision',
  })
  await Promise.all([say(chat, 'seventeen'), ...sockets.slice(1).map(socket => socket.untilText('seventeen'))])
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('gives the place of a socket that has gone to the next one', async () => {
  const chat = await startChat(app)
  const first = await openSocket(chat.streamUrl)
  for (let times = 0; times < 20; times += 1) await (await openSocket(chat.streamUrl)).close()
  await first.untilId(await say(chat, 'still here'))
  await first.close()
})

test('stays open when token and ticket have expired', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  using socket = await openSocket(chat.streamUrl)
  own.advanceClock(3 * 60 * 60_000)
  const { body } = await post(chat, message('later'), { bearer: own.secret })
  await socket.untilId(body.id)
})

test('tells DirectLineJS the newest watermark at once where nothing is replayed, and nobody else', async () => {
  const headers = { 'x-ms-bot-agent': 'DirectLine/3.0 (directlinejs 0.15.8)' }
  const chat = await startChat(app, undefined, { headers })
  using fresh = await openSocket(chat.streamUrl)
  await fresh.until('a first set', ({ sets }) => sets.length === 1)
  assert.deepEqual(fresh.sets[0], { activities: [], watermark: '0' })
  await say(chat, 'one')
  await fresh.untilText('one')
  using again = await openSocket((await reconnect(chat, undefined, { headers })).body.streamUrl)
  await again.until('a first set', ({ sets }) => sets.length === 1)
  assert.deepEqual(again.sets[0], { activities: [], watermark: '1' })
  using replayed = await openSocket(chat.streamUrl)
  using other = await openSocket((await reconnect(chat)).body.streamUrl)
  await say(chat, 'two')
  await Promise.all([replayed, other, again].map(socket => socket.untilText('two')))
  assert.deepEqual(replayed.sets[0]?.activities.length, 1)
  assert.equal(other.sets.length, 1)
})

test('shows a log of many frames whole and in order, each set with the watermark of its last activity', async () => {
  const chat = await startChat(app)
  await say(chat, 'first')
  const [first] = bot.of(chat.conversation, 'message')
  const text = 'x'.repeat(3_000)
  for (let count = 0; count < 150; count += 1) await bot.say(first ?? {}, { type: 'message', text })
  using socket = await openSocket(chat.streamUrl)
  await socket.until('everything', ({ activities }) => activities.length >= 151)
  assert.deepEqual(
    numbers(socket),
    Array.from({ length: 151 }, (_, at) => at + 1),
  )
  for (const set of socket.sets) assert.equal(set.watermark, String(numberOf(set.activities.at(-1)?.id)))
  const watermark = socket.sets[1]?.watermark ?? ''
  using resumed = await openSocket(streamUrl(chat, { watermark }))
  await resumed.until('the rest', ({ activities }) => activities.length >= 151 - Number(watermark))
  assert.equal(numbers(resumed)[0], Number(watermark) + 1)
})

test('goes on without a hole for a reader that had stopped reading, and lets others not notice', async () => {
  const chat = await startChat(app)
  using slow = await openSocket(chat.streamUrl)
  using quick = await openSocket(chat.streamUrl)
  await say(chat, 'first')
  const [first] = bot.of(chat.conversation, 'message')
  await slow.untilText('first')
  slow.ws.pause()
  const text = 'x'.repeat(100_000)
  for (let count = 0; count < 120; count += 1) await bot.say(first ?? {}, { type: 'message', text })
  await quick.until('everything', ({ activities }) => activities.length === 121)
  const early = slow.activities.length
  slow.ws.resume()
  await slow.until('everything', ({ activities }) => activities.length >= 121)
  assert.ok(early < 121, 'the reader must have been held up')
  assert.deepEqual(
    numbers(slow),
    Array.from({ length: 121 }, (_, at) => at + 1),
  )
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
