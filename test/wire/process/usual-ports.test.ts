/**
 * The ports things usually have: 3977 for the service, 3978 for the bot. One test at a time, because there is one of each.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProcess } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { assertRefused, message, post, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { takePort } from './run.ts'

test('answers with a built-in bot, and says so, while nothing answers where a bot usually is', async t => {
  await using usual = await takePort(3978)
  if (usual === undefined) {
    t.skip('something answers on port 3978 of this machine')
    return
  }
  await usual[Symbol.asyncDispose]()
  await using folder = await makeFolder()
  await using service = await startProcess({ args: ['--port', '0', '--memory'], cwd: folder.path })
  assert.match(service.output(), /nothing answers at http:\/\/localhost:3978\/api\/messages yet, so .*sample bot/)
  const chat = await startChat(service, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await say(chat, 'hello')
  await socket.until('an answer', ({ activities }) =>
    activities.find(({ from, replyToId }) => from?.id === 'bot' && replyToId),
  )

  // A bot that comes up there is talked to from then on; and once it has been there, its absence is an error.
  let own: TestBot
  try {
    own = await startBot({ port: 3978 })
  } catch {
    t.diagnostic('port 3978 was taken by somebody else meanwhile')
    return
  }
  await say(chat, 'are you there?')
  assert.equal(own.activities.at(-1)?.text, 'are you there?')
  await own[Symbol.asyncDispose]()
  assertRefused(await post(chat, message('and now?')), 502, 'BotError', 504)
})

test('takes the next free port when the usual one is taken and none was asked for, but never the bot’s own', async () => {
  // Undefined where somebody else has the port: it is taken then, too.
  await using usual = await takePort(3977)
  await using folder = await makeFolder()
  await using service = await startProcess({ args: ['--memory'], cwd: folder.path })
  assert.notEqual(service.port, 3977)
  assert.ok(service.port > 3977 && service.port <= 3997, String(service.port))
  assert.notEqual(service.port, 3978, 'where its own bot is expected')
  assert.equal((await call(`${service.origin}/ready`)).status, 200)
  assert.ok(usual === undefined || usual.port === 3977)
})
