/**
 * What a bot says outside a turn, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { readLog } from '../support/rest.ts'
import { type Stage, texts } from './stage.ts'

/** The tests of proactive messages. */
export function unasked({ bot, app, greeted }: Stage): void {
  test('speaks unasked in a conversation it has been in', async () => {
    using chat = await greeted('dl_proactive')
    await bot().proactive(chat.connection.conversationId, 'By the way …')
    const said = await chat.reply('By the way …')
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_proactive.', 'By the way …'])
    // Web Chat holds a reply back for seconds while it waits for the activity that it answers.
    assert.ok(said.replyToId === undefined || activities.some(({ id }) => id === said.replyToId), said.replyToId)
  })
}

/** The test of a bot that speaks after a restart. It needs a service of its own. */
export function unaskedAfterRestart({ bot, greeted }: Stage): void {
  test('speaks unasked after the service has been restarted, to a client that has come back by itself', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landline-'))
    try {
      await using first = await startApp({ bot: bot().url, dir })
      using chat = await greeted('dl_restart', { app: first, clockSpeed: 20 })
      await first.stop()
      await using second = await startApp({ bot: bot().url, dir, port: first.port })
      const { conversationId } = chat.connection
      await bot().proactive(conversationId, 'We are back.')
      await chat.reply('We are back.')
      assert.deepEqual(chat.seen, (await readLog(second, conversationId)).activities)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
}
