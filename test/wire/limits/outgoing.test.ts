/**
 * Bots at addresses where none should be: the client is told that the bot can't be reached, and nothing is called.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, message, post, say, startChat } from '../../support/direct-line.ts'

test('a bot at a link-local or metadata address is not called, and its users are told', async () => {
  for (const bot of [
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
  ]) {
    await using app = await startApp({ bot })
    const answer = await post(await startChat(app), message('hello'))
    assertRefused(answer, 502, 'BotError', 504)
    assert.match(answer.body.error?.message ?? '', /\(EADDRREFUSED\)/)
  }
})

test('unless its settings allow it', async () => {
  await using bot = await startBot()
  const anywhere = bot.url.replace('127.0.0.1', '0.0.0.0')
  await using refusing = await startApp({ bot: anywhere })
  assertRefused(await post(await startChat(refusing), message('hello')), 502, 'BotError', 504)
  assert.equal(bot.requests.length, 0)
  await using allowing = await startApp({ bot: anywhere, botSettings: { allowLinkLocal: true } })
  await say(await startChat(allowing), 'hello')
})
