/**
 * Turns of one conversation: they start in the order of the log, a few at a time, and end whether or not anybody still
 * waits for them.
 */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { assertRefused, message, post, readLog, say } from '../../support/direct-line.ts'
import { assertTaken, botSays, openTalk, startTalk, watch } from '../../support/talk.ts'
import { holding } from './holding-bot.ts'

test('start in the order of the log, however many are posted at once', async () => {
  await using talk = await startTalk()
  for (let round = 0; round < 15; round += 1) {
    await Promise.all(Array.from({ length: 8 }, (_, n) => say(talk, `${round}-${n}`)))
  }
  const log = (await readLog(talk)).map(({ id }) => id)
  assert.deepEqual(
    talk.bot.of(talk.conversation, 'message').map(({ id }) => id),
    log,
  )
})

test('start in the order of the log when each waits for the ones before, and more wait for a place', async () => {
  const bot = holding()
  await using talk = await startTalk({ bot })
  const posts = Array.from({ length: 20 }, (_, n) => post(talk, message(`${n}`)))
  for (let n = 0; n < 20; n += 1) {
    const turn = await talk.bot.until(`turn ${n}`, ({ of }) => of(talk.conversation, 'message')[n])
    bot.release(turn.id)
  }
  for (const { status } of await Promise.all(posts)) assert.equal(status, 200)
  const log = (await readLog(talk)).map(({ id }) => id)
  assert.deepEqual(
    talk.bot.of(talk.conversation, 'message').map(({ id }) => id),
    log,
  )
})

test('do not wait for one another: eight run at once, the ninth when one has ended', async () => {
  const bot = holding(({ text }) => text?.startsWith('held') === true)
  await using talk = await startTalk({ bot })
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const posts = Array.from({ length: 12 }, (_, n) => post(talk, message(`held ${n}`)))
  const running = await talk.bot.until('eight turns', ({ of }) => {
    const turns = of(talk.conversation, 'message')
    return turns.length >= 8 && turns
  })
  // All twelve are in the log and shown; and the others’ turns go on meanwhile.
  using socket = await watch(talk)
  await socket.until('all twelve', ({ activities }) => activities.length === 12)
  await say(other, 'not held up', 'u2')
  assert.equal(talk.bot.of(talk.conversation, 'message').length, 8)
  bot.release(running[3]?.id)
  await talk.bot.until('the ninth', ({ of }) => of(talk.conversation, 'message').length === 9)
  await say(other, 'still not held up', 'u2')
  assert.equal(talk.bot.of(talk.conversation, 'message').length, 9)
  for (let n = 0; n < 12; n += 1) {
    bot.release((await talk.bot.until(`turn ${n}`, ({ of }) => of(talk.conversation, 'message')[n])).id)
  }
  for (const { status } of await Promise.all(posts)) assert.equal(status, 200)
})

test('that find no place in time fail as late ones do', async () => {
  const bot = holding(({ text }) => text?.startsWith('held') === true)
  await using talk = await startTalk({ bot, app: { botSettings: { timeoutMs: 2_000 } } })
  const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => post(talk, message(`held ${n}`))))
  for (const answer of answers) assertRefused(answer, 502, 'BotError', 504)
  await say(talk, 'and now')
  const turns = talk.bot.of(talk.conversation, 'message').map(({ text }) => text)
  assert.equal(turns.at(-1), 'and now')
  assert.equal((await readLog(talk)).length, 11)
})

test('end although the client has gone away, and count when it asks again', async () => {
  const bot = holding()
  await using talk = await startTalk({ bot })
  using socket = await watch(talk)
  const again = message('hello', 'u1', { channelData: { clientActivityID: 'c-1' } })
  const gone = request(`${talk.address}/activities`, {
    method: 'POST',
    headers: { authorization: `Bearer ${talk.token}`, 'content-type': 'application/json' },
  })
  const closed = new Promise<void>(resolve => {
    gone.on('error', () => undefined).once('close', resolve)
  })
  gone.end(JSON.stringify(again))
  const turn = await talk.bot.until('the turn', ({ of }) => of(talk.conversation, 'message')[0])
  gone.destroy()
  await closed

  const reply = assertTaken(await talk.bot.reply(turn, { type: 'message', text: 'an answer' }))
  bot.release(turn.id)
  await socket.untilId(reply)
  const answer = await post(talk, again)
  assert.equal(answer.status, 200)
  assert.equal(answer.body.id, turn.id)
  assert.equal(talk.bot.of(talk.conversation, 'message').length, 1, 'one turn')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hello', 'an answer'],
  )
})

test('show their activity to every socket before they begin', async () => {
  await using talk = await startTalk({
    bot: {
      onActivity: async activity => {
        if (activity.type === 'message') await Promise.all([shown(activity.id), other(activity.id)])
      },
    },
  })
  using one = await watch(talk)
  using two = await watch(talk)
  const shown = (id: string | undefined) => one.untilId(id)
  const other = (id: string | undefined) => two.untilId(id)
  await say(talk, 'hello')
})

test('show their activity after they have ended, where the bot is set so; the order stays the log’s', async () => {
  const bot = holding()
  await using talk = await startTalk({ bot, app: { botSettings: { echo: 'after' } } })
  using socket = await watch(talk)
  const posted = post(talk, message('hello'))
  const turn = await talk.bot.until('the turn', ({ of }) => of(talk.conversation, 'message')[0])
  // Typing goes to the socket at once: what is there with it was shown before the turn had ended.
  const typing = await botSays(talk, { type: 'typing' })
  await socket.untilId(typing)
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    [typing],
  )
  bot.release(turn.id)
  assert.equal((await posted).status, 200)
  await socket.untilId(turn.id)

  const second = post(talk, message('again'))
  const next = await talk.bot.until('the next turn', ({ of }) => of(talk.conversation, 'message')[1])
  const reply = assertTaken(await talk.bot.reply(next, { type: 'message', text: 'an answer' }))
  await socket.untilId(reply)
  bot.release(next.id)
  assert.equal((await second).status, 200)
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    [typing, turn.id, next.id, reply],
  )
  assert.deepEqual(
    (await readLog(talk)).map(({ id }) => id),
    [turn.id, next.id, reply],
  )
})

test('show their activity after they have failed as well', async () => {
  await using talk = await startTalk({
    app: { botSettings: { echo: 'after' } },
    bot: { answer: ({ type }) => (type === 'message' ? 500 : 200) },
  })
  using socket = await watch(talk)
  assertRefused(await post(talk, message('hello')), 502, 'BotError', 500)
  await socket.untilText('hello')
})
