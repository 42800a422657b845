/**
 * The last step of a check: whether what a bot answers reaches us, by its last turns.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertFound, check, stepOf } from '../../support/check.ts'
import { message, post, startChat } from '../../support/direct-line.ts'
import { startEchoBot } from '../../support/three-bots.ts'

it('a bot that takes three messages and is never heard is told another address of ours: AnswersDoNotArrive', async () => {
  await using bot = await startBot()
  await using app = await startApp({ bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  for (const text of ['one', 'two', 'three']) {
    assert.equal(stepOf(await check(app, false), 'answers').ok, null)
    assert.equal((await post(chat, message(text))).status, 200)
  }
  // What is answered a little later is no silence, so that only becomes known in a while.
  const endMs = performance.now() + 10_000
  let report = await check(app, false)
  while (stepOf(report, 'answers').ok === null && performance.now() < endMs) {
    await new Promise(resolve => setTimeout(resolve, 100))
    report = await check(app, false)
  }
  assertFound(report, 'AnswersDoNotArrive', 'answers', new RegExp(`told to answer at ${app.origin}\\.`))
  assert.deepEqual(report.problem?.fix?.patch, { serviceUrl: `http://host.docker.internal:${app.port}` })
})

it('a bot that has answered is heard', async () => {
  await using bot = await startEchoBot()
  await using app = await startApp({ bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  assert.equal((await post(chat, message('hi'))).status, 200)
  const report = await check(app, false)
  assert.deepEqual([report.ok, stepOf(report, 'answers').ok], [true, true])
})

it('a bot that answers in the turn itself needs no address of ours', async () => {
  await using bot = await startBot()
  await using app = await startApp({ bot: bot.url, botSettings: { expectReplies: true } })
  const answers = stepOf(await check(app, false), 'answers')
  assert.deepEqual([answers.ok, /in the turn/.test(answers.note)], [true, true])
})
