/**
 * What the published DirectLineJS makes of a token that is revoked under it: it knows that it needs another one, and
 * goes on with it where it was.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { done } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { startBot, type TestBot } from '../support/bot.ts'
import { Chat } from './support/chat.ts'
import { call, generateToken, readLog } from './support/rest.ts'

/** Shortens DirectLineJS's pause before it reconnects, 3 to 15 s, to less than a second. */
const fast = { clockSpeed: 20 }

let bot: TestBot
let app: TestApp

before(async () => {
  bot = await startBot()
  app = await startApp({ bot: bot.url })
})

after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

for (const [way, webSocket] of [
  ['over a WebSocket', true],
  ['by polling', false],
] as const) {
  suite(`DirectLineJS ${way}`, () => {
    test('is told that its token is over when its conversation is revoked, and goes on with a fresh one', async () => {
      const { token } = await generateToken(app, { id: 'dl_uma' })
      using chat = new Chat({ domain: app.base, token, webSocket, pollingInterval: 200 }, fast)
      await chat.say('before')
      const { conversationId } = chat.connection
      await chat.until('its own message', () => chat.seen.some(({ text }) => text === 'before'))
      await done(app, 'POST', `/conversations/${conversationId}/revoke`)
      await chat.until('the refusal', () => chat.statuses.includes('ExpiredToken'))
      assert.equal(await chat.say('meanwhile', 'meanwhile'), 'retry')

      const fresh = await call(app.base, app.secret, 'POST', '/tokens/generate', {
        conversationId,
        user: { id: 'dl_uma' },
      })
      const { watermark } = chat.connection
      const opened = await call(
        app.base,
        String(fresh.body['token']),
        'GET',
        `/conversations/${conversationId}?watermark=${watermark}`,
      )
      chat.directLine.reconnect(opened.body as unknown as Parameters<typeof chat.directLine.reconnect>[0])
      assert.notEqual(await chat.say('meanwhile', 'meanwhile'), 'retry')
      await chat.until('its message', () => chat.seen.some(({ text }) => text === 'meanwhile'))
      const { activities } = await readLog(app, conversationId)
      assert.deepEqual(
        activities.map(({ text }) => text),
        ['before', 'meanwhile'],
      )
      assert.equal(chat.statuses.includes('Ended'), false)
    })
  })
}
