/**
 * GET /conversations/{id}/stream: a WebSocket that shows the log from a watermark on, and then everything as it comes.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  type Chat,
  message,
  numberOf,
  post,
  reconnect,
  say,
  startChat,
  streamUrlWith,
} from '../../support/direct-line.ts'
import { openSocket, type TestSocket } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const numbers = (socket: TestSocket) => socket.activities.map(({ id }) => numberOf(id))

async function chatWith(texts: readonly string[]): Promise<Chat> {
  const chat = await startChat(app)
  for (const text of texts) await say(chat, text)
  return chat
}

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
    using socket = await openSocket(streamUrlWith(chat, { watermark }))
    await socket.untilText('three')
    assert.deepEqual(numbers(socket), expected, `watermark=${watermark}`)
  }
})

test('replays nothing for a watermark at or above the newest number, and goes live', async () => {
  const chat = await chatWith(['one', 'two'])
  for (const watermark of ['2', '3', '999999999']) {
    using socket = await openSocket(streamUrlWith(chat, { watermark }))
    const id = await say(chat, 'live')
    await socket.untilId(id)
    assert.deepEqual(numbers(socket).slice(0, 1), [numberOf(id)], `watermark=${watermark}`)
  }
})

test('begins where the service chose when a client has lost the watermark from the URL', async () => {
  const chat = await chatWith(['one', 'two', 'three'])
  const later = (await reconnect(chat, '2')).body.streamUrl ?? ''
  for (const watermark of [null, '', 'null', 'undefined', 'garbage']) {
    using whole = await openSocket(streamUrlWith(chat, { watermark }))
    await whole.untilText('three')
    assert.deepEqual(numbers(whole), [1, 2, 3], `watermark=${watermark}`)
    using rest = await openSocket(streamUrlWith({ streamUrl: later }, { watermark }))
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
  assert.deepEqual(
    replayed.sets.map(({ activities }) => activities.length),
    [1, 1],
  )
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
  for (const frame of socket.frames)
    assert.ok(frame.text.length <= 64 * 1024 + 4_000, `${frame.text.length} characters`)
  const watermark = socket.sets[1]?.watermark ?? ''
  using resumed = await openSocket(streamUrlWith(chat, { watermark }))
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
