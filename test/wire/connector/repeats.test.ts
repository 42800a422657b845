/**
 * A bot that sends the same call again, because the answer to the first was lost: botbuilder repeats
 * `x-ms-client-request-id` on every try.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { readLog } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { botSays, openTalk, startTalk, watch } from '../../support/talk.ts'

const again = { 'x-ms-client-request-id': '0f2d6c7e-5a55-4f0e-9a0b-1f5f0a3c9d11' }
const hour = 60 * 60 * 1000

test('is answered with the first id while the first is on its way, and nothing is there twice', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const ids = await Promise.all(Array.from({ length: 10 }, () => botSays(talk, 'once', again)))
  assert.equal(new Set(ids).size, 1)
  await botSays(talk, 'next')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['once', 'next'],
  )
  await socket.untilText('next')
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['once', 'next'],
  )
})

test('is answered with the first id later on, at once and a day later', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'once', again)
  await botSays(talk, 'something else')
  assert.equal(await botSays(talk, 'once', again), id)
  talk.app.advanceClock(24 * hour - 60_000)
  assert.equal(await botSays(talk, 'once', again), id)
  assert.equal((await readLog({ ...talk, token: talk.secret })).length, 2)
})

test('is answered with the first id as a reply too, and through the Idempotency-Key of other bots', async () => {
  await using talk = await startTalk()
  const json = { type: 'message', text: 'once' }
  for (const headers of [again, { 'idempotency-key': 'a key of my own' }]) {
    const ids = new Set<unknown>()
    for (let n = 0; n < 3; n += 1)
      ids.add((await call(`${talk.connector}/activities/made-up`, { json, headers })).body.id)
    assert.equal(ids.size, 1)
  }
  assert.equal((await readLog(talk)).length, 2)
})

test('is answered with the first id for typing as well, which is shown once', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const typing = { type: 'typing', text: 'chunk' }
  const ids = await Promise.all(Array.from({ length: 5 }, () => botSays(talk, typing, again)))
  ids.push(await botSays(talk, typing, again))
  assert.equal(new Set(ids).size, 1)
  await botSays(talk, 'next')
  await socket.untilText('next')
  assert.deepEqual(socket.activities.map(({ id }) => id).slice(0, -1), [ids[0]])
})

test('is answered with the first id after a restart of the service', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  await using bot = await startBot()
  const first = await startApp({ bot: bot.url, dir })
  const { port } = first
  const talk = await openTalk(first, bot)
  const id = await botSays(talk, 'once', again)
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir, port })
  assert.equal(await botSays(talk, 'once', again), id)
  assert.notEqual(await botSays(talk, 'twice'), id)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['once', 'twice'],
  )
  assert.equal(second.port, port)
})

test('is not taken for a repeat in another conversation, with another id or with none', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const typing = { type: 'typing' }
  const ids = [
    ...(await Promise.all([botSays(talk, 'same words', again), botSays(other, 'same words', again)])),
    await botSays(talk, typing, { 'x-ms-client-request-id': 'typing' }),
    await botSays(other, typing, { 'x-ms-client-request-id': 'typing' }),
    await botSays(talk, 'same words', { 'x-ms-client-request-id': 'another' }),
    await botSays(talk, 'same words'),
    await botSays(talk, 'same words'),
    await botSays(talk, 'same words', { 'x-ms-client-request-id': '' }),
    await botSays(talk, 'same words', { 'x-ms-client-request-id': '' }),
  ]
  assert.equal(new Set(ids).size, ids.length)
  assert.equal((await readLog(other)).length, 1)
})

test('never meets the keys of clients', async () => {
  await using talk = await startTalk()
  const key = '5b0b6a3e-0000-4000-8000-00000000000a'
  const id = await botSays(talk, 'from the bot', { 'x-ms-client-request-id': key })
  const json = { type: 'message', text: 'from me', from: { id: 'u1' }, channelData: { clientActivityID: key } }
  const posted = await call(`${talk.address}/activities`, { json, bearer: talk.token })
  assert.equal(posted.status, 200)
  assert.notEqual(posted.body.id, id)
})

test('is tried anew if the first try was refused', async () => {
  await using talk = await startTalk()
  const refused = await talk.bot.say(talk.join, { type: 'invoke', name: 'x' }, again)
  assert.equal(refused.status, 400)
  await botSays(talk, 'now right', again)
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['now right'],
  )
})
