/**
 * `POST /v3/conversations/{id}/activities/{activity}`: a reply, to an activity that may or may not exist.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberOf, readLog, say } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import {
  assertConnectorRefused,
  assertTaken,
  botSays,
  openTalk,
  startTalk,
  type Talk,
  watch,
} from '../../support/talk.ts'

const reply = (talk: Talk, to: string, activity: WireActivity = { type: 'message', text: 'An answer.' }) =>
  call(`${talk.connector}/activities/${encodeURIComponent(to)}`, { json: activity })

test('sets replyToId to the activity in the address', async () => {
  await using talk = await startTalk()
  const question = await say(talk, 'A question?')
  const id = assertTaken(await reply(talk, question))
  const answer = (await readLog(talk))[1]
  assert.equal(answer?.id, id)
  assert.equal(answer?.replyToId, question)
})

test('leaves a replyToId that the bot has set', async () => {
  await using talk = await startTalk()
  const first = await say(talk, 'first')
  const second = await say(talk, 'second')
  assertTaken(await reply(talk, second, { type: 'message', text: 'to the first', replyToId: first }))
  assert.equal((await readLog(talk))[2]?.replyToId, first)
})

test('takes a reply to an activity that never was, and sets no replyToId', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const foreign = await say(other, 'elsewhere', 'u2')
  const madeUp = [
    'c0ffee00-1234-4abc-8def-0123456789ab',
    talk.conversation,
    foreign,
    `${talk.conversation}|0000000`,
    `${talk.conversation}|9999999`,
    `${talk.conversation}|1`,
    'a b/c?d#e%f',
    '0',
    'toString',
  ]
  for (const to of madeUp) assertTaken(await reply(talk, to))
  const log = await readLog(talk)
  assert.equal(log.length, madeUp.length)
  for (const activity of log) assert.equal('replyToId' in activity, false)
})

test('sets no replyToId in the answer to what clients never see: a join, or somebody typing', async () => {
  await using talk = await startTalk()
  assertTaken(await talk.bot.reply(talk.join, { type: 'message', text: 'Welcome.' }))
  const { body } = await call(`${talk.address}/activities`, {
    bearer: talk.token,
    json: { type: 'typing', from: { id: 'u1' } },
  })
  assertTaken(await reply(talk, String(body.id)))
  for (const activity of await readLog(talk)) assert.equal('replyToId' in activity, false)
})

test('stands after what it answers, in the log and at a socket', async () => {
  await using talk = await startTalk({
    bot: {
      onActivity: async (activity, bot) => {
        if (activity.type === 'message') await bot.reply(activity, { type: 'message', text: `re ${activity.text}` })
      },
    },
  })
  using socket = await watch(talk)
  const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => say(talk, `q${n}`)))
  const log = await readLog(talk)
  assert.equal(log.length, 24)
  for (const answer of log.filter(({ text }) => text?.startsWith('re '))) {
    assert.ok(ids.includes(answer.replyToId ?? ''))
    assert.ok(numberOf(answer.id) > numberOf(answer.replyToId))
  }
  await socket.until('all of it', ({ activities }) => activities.length === 24)
  assert.deepEqual(socket.activities, log)
})

test('sets replyToId on typing as well, so that clients can tell what is being answered', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const question = await say(talk, 'A question?')
  const id = assertTaken(await reply(talk, question, { type: 'typing' }))
  assert.equal((await socket.untilId(id)).replyToId, question)
})

test('refuses bodies as sending to the conversation does', async () => {
  await using talk = await startTalk()
  const address = `${talk.connector}/activities/made-up`
  assertConnectorRefused(await call(address, { raw: '{' }), 400, 'BadSyntax')
  assertConnectorRefused(await call(address, { method: 'POST' }), 400, 'BadSyntax')
  assertConnectorRefused(await call(address, { json: { text: 'no type' } }), 400, 'MissingProperty')
  assertConnectorRefused(await call(address, { json: [] }), 400, 'BadArgument')
  const large = { type: 'message', text: 'x'.repeat(256 * 1024) }
  assertConnectorRefused(await call(address, { json: large }), 413, 'MessageSizeTooBig')
  await botSays(talk, 'still here')
  assert.equal((await readLog(talk)).length, 1)
})

test('answers 405 with Allow to a GET', async () => {
  await using talk = await startTalk()
  const answer = await call(`${talk.connector}/activities/${await botSays(talk, 'hello')}`)
  assertConnectorRefused(answer, 405, 'BadArgument')
  assert.deepEqual(answer.headers['allow']?.split(', ').sort(), ['DELETE', 'OPTIONS', 'POST', 'PUT'])
})
