/**
 * A bot that is late or down, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import type { SomeActivity } from '../bots/wire.ts'
import { call, readLog, startConversation } from '../support/rest.ts'
import { type Stage, texts } from './stage.ts'

/** The tests of bots that fail their turns. */
export function failures({ bot, greeted }: Stage): void {
  test('may take too long: its sender is told in time, and the late answer still comes', async () => {
    await using own = await startApp({ bot: bot().url, botSettings: { timeoutMs: 1_500 } })
    using chat = await greeted('dl_slow', { app: own })
    const { conversationId, token } = chat.connection
    const { status, body } = await call(own.base, token, 'POST', `/conversations/${conversationId}/activities`, {
      type: 'message',
      text: 'slow 5000',
    })
    assert.equal(
      chat.fromBot().some(({ text }) => text === 'I took 5000 ms.'),
      false,
    )
    assert.deepEqual([status, (body['error'] as { code: string }).code, body['httpStatusCode']], [502, 'BotError', 504])
    await chat.reply('I took 5000 ms.')
    assert.equal(await chat.say('slow 2500'), 'retry')
    await chat.reply('I took 2500 ms.')
  })

  test('may be down: its sender is told at once what became of the message', async () => {
    await using own = await startApp()
    const { conversationId, token } = await startConversation(own)
    const activity: SomeActivity = { type: 'message', from: { id: 'u1' }, text: 'echo x' }
    const begin = performance.now()
    const { status, body } = await call(
      own.base,
      token,
      'POST',
      `/conversations/${conversationId}/activities`,
      activity,
    )
    assert.ok(performance.now() - begin < 5_000)
    assert.deepEqual([status, (body['error'] as { code: string }).code, body['httpStatusCode']], [502, 'BotError', 504])
    assert.deepEqual(texts((await readLog(own, conversationId)).activities), ['echo x'])
  })
}
