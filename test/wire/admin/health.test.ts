/**
 * The health of bots, as the admin API shows it while they come and go.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { BotBody, BotHealth } from '../../../src/protocol/admin.ts'
import { done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { message, post, startChat } from '../../support/direct-line.ts'
import { startEchoBot } from '../../support/three-bots.ts'
import { patienceMs } from '../../support/until.ts'

/** Asks for the bot's health until it is so, for at most so long. */
async function untilHealth(app: TestApp, isSo: (health: BotHealth) => boolean, timeoutMs: number): Promise<BotHealth> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const { health } = (await done(app, 'GET', '/bots/bot')) as unknown as BotBody
    if (isSo(health)) return health
    assert.ok(performance.now() < endMs, `after ${timeoutMs} ms the bot is still ${JSON.stringify(health)}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

it('a bot that is stopped is down within two seconds of a message, and up again when it is back', async () => {
  await using running = new AsyncDisposableStack()
  const bot = running.use(await startEchoBot())
  await using app = await startApp({ bot: bot.url })
  const found = await untilHealth(app, ({ state }) => state === 'up', patienceMs)
  assert.ok(Math.abs(Date.parse(found.at ?? '') - Date.now()) < 60_000, found.at)
  const chat = await startChat(app, { id: 'u1' })
  await running.disposeAsync()
  const { status } = await post(chat, message('Is anybody there?'))
  assert.equal(status, 502)
  // Five times what is promised: a busy machine may stand still meanwhile.
  const down = await untilHealth(app, ({ state }) => state === 'down', 10_000)
  assert.equal(down.problem, 'NobodyListens')
  await using _again = await startEchoBot({ port: bot.port })
  const up = await untilHealth(app, ({ state }) => state === 'up', patienceMs)
  assert.equal(up.problem, undefined)
})
