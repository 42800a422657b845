/**
 * Turns and a stop: every turn that a client waits for runs to its end, but no turn holds a stop up for longer than it
 * may.
 */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { message, post } from '../../support/direct-line.ts'
import { assertTaken, startTalk, watch } from '../../support/talk.ts'
import { inTime } from '../../support/until.ts'
import { holding } from './holding-bot.ts'

test('a message that waits for its sender’s join when the stop begins has its turn, and the bot’s reply is taken', async () => {
  const bot = holding(({ type, membersAdded }) => type === 'message' || membersAdded?.[0]?.id === 'u1')
  await using talk = await startTalk({ user: null, bot })
  const withSecret = { ...talk, token: talk.secret }
  using socket = await watch(withSecret)
  const posted = post(withSecret, message('hello'))
  const join = await talk.bot.until('the join', ({ of }) => of(talk.conversation, 'conversationUpdate')[1])
  const stopped = talk.app.stop()
  bot.release(join.id)
  const turn = await talk.bot.until('the turn', ({ of }) => of(talk.conversation, 'message')[0])
  const reply = assertTaken(await talk.bot.reply(turn, { type: 'message', text: 'an answer' }))
  bot.release(turn.id)
  assert.equal((await posted).status, 200)
  await socket.untilId(reply)
  await inTime('the stop', stopped)
  assert.equal((await socket.closed).code, 1001)
})

test('turns that wait for a place when the stop begins are taken, in their order', async () => {
  const bot = holding()
  await using talk = await startTalk({ bot })
  const posts = Array.from({ length: 12 }, (_, n) => post(talk, message(`${n}`)))
  using socket = await watch(talk)
  await socket.until('all of them', ({ activities }) => activities.length === 12)
  const stopped = talk.app.stop()
  for (let n = 0; n < 12; n += 1) {
    bot.release((await talk.bot.until(`turn ${n}`, ({ of }) => of(talk.conversation, 'message')[n])).id)
  }
  for (const { status } of await Promise.all(posts)) assert.equal(status, 200)
  await inTime('the stop', stopped)
  assert.deepEqual(
    talk.bot.of(talk.conversation, 'message').map(({ id }) => id),
    socket.activities.map(({ id }) => id),
  )
})

test('a turn that does not end holds the stop up for as long as it may, and no longer', async () => {
  const bot = holding()
  await using talk = await startTalk({ bot, app: { settings: { stopTimeoutMs: 300 } } })
  using socket = await watch(talk)
  const posted = post(talk, message('hello')).then(
    ({ status }) => status,
    () => 'broken off',
  )
  await talk.bot.until('the turn', ({ of }) => of(talk.conversation, 'message')[0])
  const startedMs = performance.now()
  await inTime('the stop', talk.app.stop())
  const tookMs = performance.now() - startedMs
  // Less than the turn has, and than a stop may take if nothing else is said.
  assert.ok(tookMs >= 290 && tookMs < 12_000, `${tookMs} ms`)
  assert.notEqual(await posted, 200)
  assert.equal((await socket.closed).code, 1001)
})
