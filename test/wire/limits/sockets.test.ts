/**
 * Sockets: how many there may be, and what a client may send on one.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, reconnect, say, startChat } from '../../support/direct-line.ts'
import { openSocket, refusedHandshake, type TestSocket } from '../../support/socket.ts'
import { inTime, patienceMs } from '../../support/until.ts'
import { few, openLine, startLimited } from './limited.ts'

const bot = await startBot()
test.after(() => bot[Symbol.asyncDispose]())

/** Tries until a socket opens: the place of one that has just been closed is free once the service has seen it. */
async function openWhenThereIsRoom(url: string): Promise<TestSocket> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    try {
      return await openSocket(url)
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
}

test('a node takes so many sockets: further ones are refused with 503 until one has gone', async () => {
  await using app = await startLimited({ socketsPerNode: 3 }, { bot: bot.url })
  const chats = await Promise.all([startChat(app), startChat(app), startChat(app)])
  const sockets = await Promise.all(chats.map(({ streamUrl }) => openSocket(streamUrl)))
  const late = await startChat(app)
  const refused = await refusedHandshake(late.streamUrl)
  assertRefused(refused, 503, 'ServiceError')
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  await sockets[0]?.close()
  using _one = await openWhenThereIsRoom(late.streamUrl)
  assertRefused(await refusedHandshake(late.streamUrl), 503, 'ServiceError')
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('an address takes so many sockets: further ones are refused with 429, and others’ are not', async () => {
  await using app = await startLimited(
    { socketsPerAddress: 2 },
    { bot: bot.url, settings: { trustedProxies: ['127.0.0.1'] } },
  )
  const chat = await startChat(app)
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  using _first = await openSocket(chat.streamUrl, from('192.0.2.1'))
  using _second = await openSocket(chat.streamUrl, from('203.0.113.9, 192.0.2.1'))
  const refused = await refusedHandshake(chat.streamUrl, from('192.0.2.1'))
  assertRefused(refused, 429, 'TooManyRequests')
  assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
  using other = await openSocket(chat.streamUrl, from('192.0.2.2'))
  await other.untilId(await say(chat, 'hello'))
})

test('a handshake that is refused, or breaks off, takes nobody’s place', async () => {
  await using app = await startLimited({ socketsPerNode: 2, socketsPerAddress: 2 }, { bot: bot.url })
  const chat = await startChat(app)
  const { pathname, search } = new URL(chat.streamUrl)
  const handshake = (headers: string) => `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`
  for (let count = 0; count < 5; count += 1) {
    // No key, no version, another method of upgrading: ws refuses these itself.
    using bad = await openLine(app.port)
    bad.write(handshake('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13'))
    assert.match(await bad.closed, /^HTTP\/1\.1 400 /)
    using gone = await openLine(app.port)
    gone.write(
      handshake(
        `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      ),
    )
    gone.socket.resetAndDestroy()
    assertRefused(await refusedHandshake(chat.streamUrl.replace(/t=.*/, 't=x')), 403, 'BadArgument')
  }
  using _one = await openWhenThereIsRoom(chat.streamUrl)
  using _two = await openWhenThereIsRoom(chat.streamUrl)
})

test('a refused handshake ends the connection of a client that does not', async () => {
  await using app = await startLimited({ socketsPerNode: 0 }, { bot: bot.url })
  const { pathname, search } = new URL((await startChat(app)).streamUrl)
  using line = await openLine(app.port)
  line.write(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  assert.match(await line.closed, /^HTTP\/1\.1 503 /)
})

test('a conversation takes so many sockets: the oldest gives way', async () => {
  await using app = await startLimited({ socketsPerConversation: 2 }, { bot: bot.url })
  const chat = await startChat(app)
  using first = await openSocket(chat.streamUrl)
  using second = await openSocket(chat.streamUrl)
  using third = await openSocket(chat.streamUrl)
  assert.deepEqual(await inTime('a close', first.closed), { code: 1000, reason: 'collision' })
  const id = await say(chat, 'hello')
  await second.untilId(id)
  await third.untilId(id)
})

const kinds = (chat: Chat) => [chat.streamUrl, chat.streamUrl.replace('/stream?', '/stream/multimodal?')]

test('frames that come too fast close the socket with 1008, of whatever kind they are, pings too', async () => {
  await using app = await startLimited({ rates: { framesPerSocket: few(20) } }, { bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  const floods: ((socket: TestSocket) => void)[] = [
    socket => socket.send(''),
    socket => socket.send('{"type":'),
    socket => socket.send(new Uint8Array(10)),
    socket => socket.ws.ping('p'),
  ]
  for (const url of kinds(chat)) {
    for (const flood of floods) {
      using socket = await openSocket(url)
      for (let count = 0; count < 20; count += 1) flood(socket)
      const id = await say(chat, 'still open')
      await socket.untilId(id)
      flood(socket)
      assert.deepEqual(await inTime('a close', socket.closed), { code: 1008, reason: 'too many frames' })
    }
  }
})

test('a ping is answered with what it said', async () => {
  await using app = await startLimited({}, { bot: bot.url })
  using socket = await openSocket((await startChat(app)).streamUrl)
  const answered = new Promise<string>(resolve => socket.ws.once('pong', data => resolve(data.toString())))
  socket.ws.ping('are you there')
  assert.equal(await inTime('a pong', answered), 'are you there')
})

test('a client that answers pings keeps its socket, and one that is silent loses it', async () => {
  await using app = await startLimited({ pingMs: 100, silenceMs: 3_000 }, { bot: bot.url })
  const chat = await startChat(app)
  using lively = await openSocket(chat.streamUrl)
  let pings = 0
  lively.ws.on('ping', () => {
    pings += 1
  })
  using silent = await openSocket(chat.streamUrl, { autoPong: false })
  const openedMs = performance.now()
  assert.equal((await inTime('a cut', silent.closed)).code, 1006)
  assert.ok(performance.now() - openedMs >= 2_980)
  assert.ok(pings >= 3, `${pings}`)
  await lively.untilId(await say(chat, 'still here'))
})

test('a socket that was closed for its frames takes none of those that come after', async () => {
  await using app = await startLimited({ rates: { framesPerSocket: few(2) } }, { bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
  for (const text of ['one', 'two', 'three', 'four']) socket.send(JSON.stringify({ type: 'message', text }))
  await inTime('a close', socket.closed)
  using again = await openSocket((await reconnect(chat, '0')).body.streamUrl)
  await say(chat, 'after')
  await again.untilText('after')
  assert.deepEqual(
    again.activities.map(({ text }) => text),
    ['one', 'two', 'after'],
  )
})
