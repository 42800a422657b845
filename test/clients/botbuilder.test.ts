/**
 * An unmodified botbuilder bot behind the whole service.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suiteOfBot } from './bot-suite/suite.ts'
import { startBotbuilderBot } from './bots/start.ts'
import { call } from './support/rest.ts'

suiteOfBot('botbuilder', startBotbuilderBot, ({ app, greeted }) => {
  test('may crash in a turn: its sender is told what it answered, and the next message goes through', async () => {
    using chat = await greeted('dl_crash')
    const { conversationId, token } = chat.connection
    const crash = { type: 'message', text: 'crash' }
    const { status, body } = await call(app().base, token, 'POST', `/conversations/${conversationId}/activities`, crash)
    assert.deepEqual([status, (body['error'] as { code: string }).code, body['httpStatusCode']], [502, 'BotError', 500])
    assert.equal(JSON.stringify(body).includes('told to crash'), false)
    assert.equal(await chat.say('crash'), 'retry')
    await chat.say('echo still here')
    await chat.reply('You said: still here')
  })
})
