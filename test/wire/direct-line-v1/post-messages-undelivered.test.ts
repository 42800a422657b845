/**
 * POST /api/conversations/{conversation}/messages to a bot that refuses, is late or is not there: the message is kept,
 * and its sender is told in the words of 1.1.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertOldRefused,
  type OldChat,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'

for (const status of [400, 401, 403, 404, 429, 500, 502, 503, 504, 302]) {
  test(`answers 500 when the bot answers ${status}: the message is kept`, async () => {
    await using bad = await startBot({ answer: ({ type }) => (type === 'message' ? { status, body: 'inside' } : 200) })
    await using own = await startApp({ bot: bad.url })
    const chat = await startOldChat(own)
    const answer = await postOld(chat, { from: 'u1', text: 'hello' })
    assertOldRefused(answer, 500, 'ServiceError', status)
    assert.equal(answer.text.includes('inside'), false)
    assert.deepEqual(
      (await readMessages(chat)).map(({ text }) => text),
      ['hello'],
    )
  })
}

/** Posts and holds the answer against what an unreachable bot's is: 502, the message kept, and not too soon. */
async function assertUnreachable(chat: OldChat): Promise<void> {
  const before = (await readMessages(chat)).length
  const startedMs = performance.now()
  const answer = await postOld(chat, { from: 'u1', text: 'hello' })
  const tookMs = performance.now() - startedMs
  assertOldRefused(answer, 502, 'ServiceError', 504)
  assert.ok(tookMs >= 95, `a client sends again as fast as it is told: ${tookMs} ms`)
  assert.equal((await readMessages(chat)).length, before + 1)
}

test('answers 502, and not sooner than after 100 ms, where nobody listens', async () => {
  await using own = await startApp()
  const chat = await startOldChat(own)
  for (let count = 0; count < 3; count += 1) await assertUnreachable(chat)
})

test('answers 502, and not sooner than after 100 ms, when the bot breaks the connection off', async () => {
  await using dropping = await startBot({ answer: ({ type }) => (type === 'message' ? 'drop' : 200) })
  await using own = await startApp({ bot: dropping.url })
  await assertUnreachable(await startOldChat(own))
})

test('answers 502 when the bot is late, and takes what it says then', async () => {
  const end = Promise.withResolvers<number>()
  await using late = await startBot({ answer: ({ type }) => (type === 'message' ? end.promise : 200) })
  await using own = await startApp({ bot: late.url, botSettings: { timeoutMs: 2_000 } })
  const chat = await startOldChat(own)
  await assertUnreachable(chat)
  const [told] = late.of(chat.conversation, 'message')
  assert.equal((await late.reply(told ?? {}, { type: 'message', text: 'at last' })).status, 200)
  end.resolve(200)
  assert.deepEqual(
    (await readMessages(chat)).map(({ text }) => text),
    ['hello', 'at last'],
  )
})

test('knocks at the door of a bot that resets its connections at most twice for each message', async t => {
  let knocks = 0
  const door = createServer(socket => {
    knocks += 1
    socket.on('error', () => undefined).resetAndDestroy()
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  t.after(() => door.close())
  await using own = await startApp({ bot: `http://127.0.0.1:${(door.address() as AddressInfo).port}/api/messages` })
  const chat = await startOldChat(own)
  await assertUnreachable(chat)
  for (let count = 1; count <= 3; count += 1) {
    const before = knocks
    await assertUnreachable(chat)
    // Nothing has been written to the first connection when it is reset, so a second may be tried.
    assert.ok(knocks - before >= 1 && knocks - before <= 2, String(knocks - before))
  }
})

test('answers at once when the bot has answered with an error', async () => {
  await using bad = await startBot({ answer: ({ text }) => (text === 'fail' ? 500 : 200) })
  await using own = await startApp({ bot: bad.url })
  const chat = await startOldChat(own)
  await sayOld(chat, 'warm')
  const tookMs = []
  for (let count = 0; count < 5; count += 1) {
    const startedMs = performance.now()
    assertOldRefused(await postOld(chat, { from: 'u1', text: 'fail' }), 500, 'ServiceError', 500)
    tookMs.push(performance.now() - startedMs)
  }
  assert.ok(Math.min(...tookMs) < 95, `${tookMs}`)
})
