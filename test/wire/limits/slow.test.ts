/**
 * Clients that take their time, or send more than anybody will read: they are answered, cut off, and cost the others
 * nothing.
 */
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { startBot } from '../../support/bot.ts'
import { type Chat, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { type Line, openLine, startLimited, statusesIn } from './limited.ts'

const bot = await startBot()
const app = await startLimited(
  { headersMs: 1_000, bodyMs: 1_000, uploadMs: 8_000, uploadBytesPerSecond: 4_000, idleMs: 2_000 },
  { bot: bot.url },
)
const chat = await startChat(app, { id: 'u1' })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Whatever somebody has done: others are served, and nothing has gone wrong inside. */
afterEach(async () => {
  await say(chat, 'still here')
  assert.deepEqual(
    app.events.filter(({ event }) => event === 'fault'),
    [],
  )
})

const pathOf = ({ address }: Pick<Chat, 'address'>) => new URL(address).pathname

const head = (path: string, headers: Readonly<Record<string, string | number>>, token = chat.token) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${token}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')

/** Writes again and again until the connection is closed. */
function drip(line: Line, piece: string | Uint8Array, everyMs: number): void {
  const timer = setInterval(() => line.write(piece), everyMs)
  line.socket.once('close', () => clearInterval(timer))
}

/** The one answer of a connection that has been closed by the service, and how long that took: milliseconds. */
async function ended(line: Line): Promise<{ readonly status: number | undefined; readonly ms: number; text: string }> {
  const startedMs = performance.now()
  const text = await line.closed
  const statuses = statusesIn(text)
  assert.ok(statuses.length <= 1, text)
  return { status: statuses[0], ms: performance.now() - startedMs, text }
}

test('a connection on which nothing comes, and headers that do not end, are answered 408 and closed', async () => {
  using silent = await openLine(app.port)
  using slow = await openLine(app.port)
  slow.write(`GET ${pathOf(chat)}/activities HTTP/1.1\r\nHost: x\r\n`)
  drip(slow, 'X: y\r\n', 20)
  for (const line of [silent, slow]) {
    const { status, ms, text } = await ended(line)
    assert.equal(status, 408, text)
    assert.ok(ms < 9_000, 'before the usual ten seconds')
    assert.match(text, /connection: close/i)
  }
})

test('a JSON body that does not arrive is answered 408 and the connection closed, however it drips', async () => {
  for (const headers of [{ 'Content-Length': 50_000 }, { 'Transfer-Encoding': 'chunked' }]) {
    using line = await openLine(app.port)
    line.write(head(`${pathOf(chat)}/activities`, headers))
    drip(line, 'Content-Length' in headers ? ' '.repeat(100) : '1\r\n \r\n', 20)
    const { status, ms, text } = await ended(line)
    assert.equal(status, 408, text)
    assert.ok(ms >= 980 && ms < 10_000, `${ms}`)
    assert.match(text, /connection: close/i)
    assert.match(text, /access-control-allow-origin: \*/i)
    assert.match(text, /"code":"BadArgument"/)
  }
})

test('an upload may take longer as long as it comes at its speed, and no longer than it may', async () => {
  const uploads = `${pathOf(chat)}/upload?userId=u1`
  const file = Buffer.alloc(30_000, 'x')
  using fast = await openLine(app.port)
  fast.write(head(uploads, { 'Content-Type': 'text/plain', 'Content-Length': file.length }))
  const pieces = setInterval(() => fast.write(file.subarray(0, 3_000)), 160)
  fast.socket.once('close', () => clearInterval(pieces))
  const received = await fast.until('an answer', text => text.includes('\r\n\r\n'))
  clearInterval(pieces)
  assert.deepEqual(statusesIn(received), [200])

  using slow = await openLine(app.port)
  slow.write(head(uploads, { 'Content-Type': 'text/plain', 'Content-Length': file.length }))
  drip(slow, file.subarray(0, 1), 20)
  const tooSlow = await ended(slow)
  assert.equal(tooSlow.status, 408, tooSlow.text)
  assert.ok(tooSlow.ms < 7_500, `${tooSlow.ms}`)

  using long = await openLine(app.port)
  long.write(head(uploads, { 'Content-Type': 'text/plain', 'Content-Length': 1_000_000 }))
  drip(long, file.subarray(0, 3_000), 50)
  const tooLong = await ended(long)
  assert.equal(tooLong.status, 408, tooLong.text)
  assert.ok(tooLong.ms >= 7_900 && tooLong.ms < 25_000, `${tooLong.ms}`)
  assert.ok((await readLog(chat)).filter(({ attachments }) => attachments?.length).length === 1)
})

test('a connection that is not used is closed after a while, without an answer to nothing', async () => {
  using line = await openLine(app.port)
  line.write(`GET ${pathOf(chat)}/activities HTTP/1.1\r\nHost: x\r\n\r\n`)
  const { status, ms, text } = await ended(line)
  assert.equal(status, 401, text)
  assert.ok(ms >= 1_900, `${ms}`)
})

test('a body over its limit is answered 413 without being read, whether it says its length or not', async () => {
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  using told = await openLine(app.port)
  told.write(head(`${pathOf(chat)}/activities`, { 'Content-Length': 1024 * 1024 + 1 }))
  const first = await ended(told)
  assert.equal(first.status, 413, first.text)
  assert.match(first.text, /"code":"MessageSizeTooBig"/)

  using untold = await openLine(app.port)
  untold.write(head(`${pathOf(chat)}/activities`, { 'Transfer-Encoding': 'chunked' }))
  let written = 0
  const pump = () => {
    while (untold.socket.writable && written < 200) {
      written += 1
      untold.socket.write(`${megabyte.length.toString(16)}\r\n`)
      untold.socket.write(megabyte)
      if (!untold.socket.write('\r\n')) return
    }
  }
  untold.socket.on('drain', pump)
  pump()
  const second = await ended(untold)
  assert.ok(second.status === 413 || second.status === undefined, second.text)
  assert.ok(untold.socket.bytesWritten < 50 * 1024 * 1024, `${untold.socket.bytesWritten}`)

  using small = await openLine(app.port)
  small.write(head('/v3/directline/tokens/generate', { 'Transfer-Encoding': 'chunked' }, app.secret))
  small.write(`10001\r\n${' '.repeat(0x10001)}\r\n`)
  const third = await ended(small)
  assert.equal(third.status, 413, third.text)
})

test('a client that asks and does not read is no burden to others', async () => {
  const big = await startChat(app, { id: 'u1' })
  for (let count = 0; count < 4; count += 1) await say(big, 'x'.repeat(200_000))
  using line = await openLine(app.port)
  line.socket.pause()
  for (let count = 0; count < 50; count += 1)
    line.write(`GET ${pathOf(big)}/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${big.token}\r\n\r\n`)
  const startedMs = performance.now()
  for (let count = 0; count < 20; count += 1) await say(chat, `message ${count}`)
  assert.ok(performance.now() - startedMs < 20_000)
})

test('a stop waits for no body that has not arrived', async () => {
  await using own = await startLimited({}, { bot: bot.url })
  const mine = await startChat(own, { id: 'u1' })
  using line = await openLine(own.port)
  line.write(head(`${pathOf(mine)}/activities`, { 'Content-Length': 100 }, mine.token))
  line.write('{"type":')
  // Asked on another connection afterwards, so the service has seen the other request by now.
  await call(`${own.origin}/health`)
  await say(mine, 'hello')
  const startedMs = performance.now()
  await own.stop()
  assert.ok(performance.now() - startedMs < 10_000, 'a body may take thirty seconds')
  const { status, text } = await ended(line)
  assert.equal(status, 503, text)
})
