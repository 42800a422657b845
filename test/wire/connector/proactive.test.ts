/**
 * Messages a bot sends of its own accord, long after the last turn: the serviceUrl it has kept is still good.
 */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { readLog, say } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, botSays, openTalk, startTalk, watch } from '../../support/talk.ts'

const day = 24 * 60 * 60 * 1000

test('are taken days later, and reach the socket that has been open all the time', async () => {
  await using talk = await startTalk()
  await say(talk, 'Remind me.')
  using socket = await watch(talk)
  for (let week = 1; week <= 4; week += 1) {
    talk.app.advanceClock(7 * day)
    await botSays(talk, `week ${week}`)
  }
  await socket.untilText('week 4')
  const log = await readLog({ ...talk, token: talk.secret })
  assert.deepEqual(
    log.map(({ text }) => text),
    ['Remind me.', 'week 1', 'week 2', 'week 3', 'week 4'],
  )
  const gap = Date.parse(log[4]?.timestamp ?? '') - Date.parse(log[3]?.timestamp ?? '')
  assert.ok(gap >= 7 * day)
})

test('are taken after a restart, as replies to a made-up id too, and stand after what was there', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  await using bot = await startBot()
  const first = await startApp({ bot: bot.url, dir })
  const { port } = first
  const talk = await openTalk(first, bot)
  await say(talk, 'Remind me.')
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir, port })
  second.advanceClock(3 * day)
  const reply = { json: { type: 'message', text: 'as a reply' } }
  assertTaken(await call(`${talk.connector}/activities/3e0f8a7c-made-up`, reply))
  await botSays(talk, 'of its own accord')
  const withSecret = { ...talk, token: second.secret }
  assert.deepEqual(
    (await readLog(withSecret)).map(({ id, text }) => [id?.slice(-7), text]),
    [
      ['0000001', 'Remind me.'],
      ['0000002', 'as a reply'],
      ['0000003', 'of its own accord'],
    ],
  )
  using socket = await watch(withSecret)
  await socket.untilText('of its own accord')
})

test('are refused with 404 ConversationNotFound when the conversation is gone for good', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  await using bot = await startBot()
  const first = await startApp({ bot: bot.url, dir })
  const { port } = first
  const talk = await openTalk(first, bot)
  const id = await botSays(talk, 'still here')
  await first.stop()
  // The master key stays, so that the address is still genuine; the conversation does not.
  for (const name of ['landline.db', 'landline.db-wal', 'landline.db-shm']) rmSync(join(dir, name), { force: true })
  await using second = await startApp({ bot: bot.url, dir, port })
  assert.equal(second.port, port)
  const json = { type: 'message', text: 'too late' }
  const one = `${talk.connector}/activities/${encodeURIComponent(id)}`
  for (const answer of [
    await call(`${talk.connector}/activities`, { json }),
    await call(one, { json }),
    await call(one, { method: 'PUT', json }),
    await call(one, { method: 'DELETE' }),
    await call(`${one}/members`),
    await call(`${talk.connector}/members`),
    await call(`${talk.connector}/members/u1`),
    await call(`${talk.connector}/members/u1`, { method: 'DELETE' }),
    await call(`${talk.connector}/pagedmembers`),
    await call(`${talk.connector}/attachments`, { json: { type: 'a/b', originalBase64: 'YQ==' } }),
    await call(`${talk.serviceUrl}v3/conversations`),
  ]) {
    assertConnectorRefused(answer, 404, 'ConversationNotFound')
  }
})
