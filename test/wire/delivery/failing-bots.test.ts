/**
 * Bots that fail, in every way a server can: the client is told in time, what it said is kept, and nobody else notices.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { assertRefused, type Chat, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { startTalk, watch } from '../../support/talk.ts'
import { type Misbehaviour, startRawBot } from './raw-bot.ts'

/** Deadline of a turn in these tests: milliseconds. The call has to be written within it, on a busy machine too. */
const timeoutMs = 2_000

/** How long after the deadline the client may have to wait, on a busy machine: milliseconds. */
const graceMs = 10_000

/** Posts a message and holds the refusal against what is promised: kept, echoed, in time. */
async function assertFails(chat: Chat, botStatus: number): Promise<Answer> {
  using socket = await watch(chat)
  const before = (await readLog(chat)).length
  const startedMs = performance.now()
  const answer = await post(chat, message('hello'))
  assert.ok(performance.now() - startedMs < timeoutMs + graceMs, 'in time')
  assertRefused(answer, 502, 'BotError', botStatus)
  const log = await readLog(chat)
  assert.equal(log.length, before + 1, 'kept')
  assert.deepEqual(await socket.untilId(log.at(-1)?.id), log.at(-1), 'echoed')
  return answer
}

/** Answers one byte again and again, for as long as anybody listens. */
function drip(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 20)
  socket.on('close', () => clearInterval(timer))
}

/** Answers without end, as fast as it is read. */
function flood(socket: Socket, bytes: Buffer): void {
  const pour = () => {
    while (!socket.destroyed && socket.write(bytes));
  }
  socket.on('drain', pour)
  pour()
}

/** Holds a bot that misbehaves in its turn against what is promised, and then one that is well again. */
function failsInTime(what: string, botStatus: number, behaviour: Misbehaviour): void {
  test(`answers 502 BotError in time when the bot ${what}, and goes on when it is well again`, async () => {
    await using bot = await startRawBot()
    await using app = await startApp({ bot: bot.url, botSettings: { timeoutMs } })
    const chat = await startChat(app, { id: 'u1' })
    bot.behave(behaviour)
    await assertFails(chat, botStatus)
    assert.equal(bot.activities.length, 1, 'a turn is never repeated')
    bot.behave(socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
    await say(chat, 'and now?')
    assert.deepEqual(
      app.events.filter(({ event }) => event === 'fault'),
      [],
    )
  })
}

suite('a bot that fails', { concurrency: 6 }, () => {
  for (const status of [300, 302, 307, 400, 401, 403, 404, 405, 413, 415, 417, 429, 500, 501, 502, 503, 504, 599]) {
    test(`answers 502 BotError with httpStatusCode ${status} when the bot answers ${status}`, async () => {
      await using talk = await startTalk({
        bot: {
          answer: ({ type }) =>
            type === 'message'
              ? { status, headers: { 'content-type': 'text/html' }, body: '<h1>What the bot says of its inside</h1>' }
              : 200,
        },
      })
      const { text } = await assertFails(talk, status)
      assert.equal(text.includes('inside'), false, 'the bot’s body is nobody’s business')
    })
  }

  test('takes every 2xx for acceptance, whatever its body', async () => {
    for (const status of [200, 201, 202, 204, 226]) {
      for (const body of status === 204 ? [''] : ['', '{', '<html>', '{"id":5}', '\u0000']) {
        await using talk = await startTalk({ bot: { answer: () => ({ status, body }) } })
        await say(talk, 'hello')
      }
    }
  })

  test('follows no redirect', async t => {
    let visits = 0
    const elsewhere = createServer((_request, response) => {
      visits += 1
      response.end()
    })
    await new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve))
    t.after(() => elsewhere.close())
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`
    for (const status of [301, 302, 303, 307, 308]) {
      await using talk = await startTalk({
        bot: { answer: ({ type }) => (type === 'message' ? { status, headers: { location } } : 200) },
      })
      await assertFails(talk, status)
    }
    assert.equal(visits, 0)
  })

  test('answers within a second when nothing listens at the bot’s address', async () => {
    await using app = await startApp()
    const chat = await startChat(app, { id: 'u1' })
    const startedMs = performance.now()
    assertRefused(await post(chat, message('hello')), 502, 'BotError', 504)
    // Ten times what is promised: a busy machine may stand still meanwhile. The deadline is later still.
    assert.ok(performance.now() - startedMs < 10_000)
    assert.equal((await readLog(chat)).length, 1)
  })

  test('answers 502 to a bot whose name leads nowhere', async () => {
    await using app = await startApp({ bot: 'http://nobody.invalid/api/messages', botSettings: { timeoutMs } })
    const chat = await startChat(app, { id: 'u1' })
    assertRefused(await post(chat, message('hello')), 502, 'BotError', 504)
  })

  test('answers 502 with 504 when the bot is silent, at the deadline', async () => {
    const never = new Promise<number>(() => undefined)
    await using talk = await startTalk({
      app: { botSettings: { timeoutMs } },
      bot: { answer: ({ type }) => (type === 'message' ? never : 200) },
    })
    const startedMs = performance.now()
    const { text } = await assertFails(talk, 504)
    assert.ok(performance.now() - startedMs >= timeoutMs - 10)
    assert.match(text, /timed out/)
  })

  const misbehaviours: Readonly<Record<string, readonly [botStatus: number, Misbehaviour]>> = {
    'closes the connection without a word': [504, socket => socket.end()],
    'breaks the connection': [504, socket => socket.resetAndDestroy()],
    'speaks no HTTP': [504, socket => socket.end('220 mail.example ESMTP\r\n')],
    'answers bytes': [504, socket => socket.end(Buffer.from([0, 255, 13, 10, 13, 10, 1, 2, 3]))],
    'answers with a status that is none': [504, socket => socket.end('HTTP/1.1 abc OK\r\n\r\n')],
    'answers half its headers and closes': [504, socket => socket.end('HTTP/1.1 200 OK\r\nContent-Len')],
    'answers half its headers and falls silent': [504, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Len')],
    'announces more than it answers': [504, socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')],
    'announces more than it answers and falls silent': [
      504,
      socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
    ],
    'breaks off a chunked answer': [
      504,
      socket => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    ],
    'writes chunks that are none': [
      504,
      socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n'),
    ],
    'answers two lengths': [
      504,
      socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
    ],
    'drips its headers': [
      504,
      socket => {
        socket.write('HTTP/1.1 200 OK\r\nx: ')
        drip(socket, 'y')
      },
    ],
    'drips its body': [
      504,
      socket => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        drip(socket, 'z')
      },
    ],
    'says again and again that it will go on': [
      504,
      socket => {
        const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 20)
        socket.on('close', () => clearInterval(timer))
      },
    ],
  }

  for (const [what, [botStatus, behaviour]] of Object.entries(misbehaviours)) failsInTime(what, botStatus, behaviour)

  test('is not kept by a bot that takes the connection and reads nothing', async t => {
    const sockets = new Set<Socket>()
    const deaf = createTcpServer(socket => {
      socket.pause()
      sockets.add(socket)
      socket.on('error', () => undefined)
    })
    await new Promise<void>(resolve => deaf.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      deaf.close()
    })
    const bot = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/api/messages`
    await using app = await startApp({ bot, botSettings: { timeoutMs } })
    const chat = await startChat(app, { id: 'u1' })
    const startedMs = performance.now()
    const large = message('x'.repeat(200_000))
    assertRefused(await post(chat, large), 502, 'BotError', 504)
    // The start is never answered either: it may hold the message up for as long as its own turn takes.
    assert.ok(performance.now() - startedMs < 2 * timeoutMs + graceMs)
    assert.equal((await call(`${app.origin}/health`)).status, 200)
  })

  test('holds up the start for no bot, and what is said for at most five seconds', async () => {
    const never = new Promise<number>(() => undefined)
    await using talk = await startTalk({
      user: null,
      bot: { answer: ({ type }) => (type === 'conversationUpdate' ? never : 200) },
    })
    const startedMs = performance.now()
    const id = await say({ ...talk, token: talk.secret }, 'hello')
    const tookMs = performance.now() - startedMs
    // Long before the turn that never ends would have, on a busy machine too.
    assert.ok(tookMs > 4_000 && tookMs < 12_000, `${tookMs} ms`)
    assert.equal(talk.bot.of(talk.conversation, 'message')[0]?.id, id)
  })
})

// One after the other: each takes as much of this process as it is given.
suite('a bot that floods its caller', () => {
  const misbehaviours: Readonly<Record<string, readonly [botStatus: number, Misbehaviour]>> = {
    'answers with an endless line': [504, socket => flood(socket, Buffer.from('HTTP/1.1 200 OK but in many words'))],
    'answers with endless headers': [
      504,
      socket => {
        socket.write('HTTP/1.1 200 OK\r\n')
        flood(socket, Buffer.from(`x-${'a'.repeat(200)}: b\r\n`))
      },
    ],
  }
  for (const [what, [botStatus, behaviour]] of Object.entries(misbehaviours)) failsInTime(what, botStatus, behaviour)

  test('reads no more than a piece of an answer without end, and counts the turn as failed', async () => {
    await using bot = await startRawBot()
    await using app = await startApp({ bot: bot.url, botSettings: { timeoutMs: 15_000 } })
    const chat = await startChat(app, { id: 'u1' })
    let taken = 0
    bot.behave(socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n')
      flood(socket, Buffer.alloc(64 * 1024, 'x'))
      socket.on('close', () => {
        taken = socket.bytesWritten
      })
    })
    const startedMs = performance.now()
    const answer = await post(chat, message('hello'))
    assert.ok(performance.now() - startedMs < 10_000, 'before the deadline')
    assert.equal(answer.status, 502)
    assert.equal(answer.body.error?.code, 'BotError')
    assert.ok(taken < 32 * 1024 * 1024)
  })

  test('reads no more than a piece of an error without end, and tells its status', async () => {
    await using bot = await startRawBot()
    await using app = await startApp({ bot: bot.url, botSettings: { timeoutMs: 15_000 } })
    const chat = await startChat(app, { id: 'u1' })
    bot.behave(socket => {
      socket.write('HTTP/1.1 500 Oh\r\n\r\n')
      flood(socket, Buffer.alloc(64 * 1024, 'x'))
    })
    const startedMs = performance.now()
    assertRefused(await post(chat, message('hello')), 502, 'BotError', 500)
    assert.ok(performance.now() - startedMs < 10_000, 'before the deadline')
  })
})
