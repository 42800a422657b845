/**
 * Invokes: the bot's status is the outcome, its body goes nowhere, and what carries a user's token is not kept.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertRefused, post, readLog } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { startTalk, watch } from '../../support/talk.ts'

const userToken = 'eyJ-the-token-of-a-person-77f1'
const exchange = {
  type: 'invoke',
  name: 'signin/tokenExchange',
  value: { id: 'x', connectionName: 'c', token: userToken },
}

test('answers 200 with the id and nothing else, whatever body the bot answers', async () => {
  await using talk = await startTalk({
    bot: {
      answer: ({ type }) =>
        type === 'invoke'
          ? { status: 200, headers: { 'content-type': 'application/json' }, body: '{"secret":1}' }
          : 200,
    },
  })
  const { status, body } = await post(talk, { type: 'invoke', name: 'adaptiveCard/action', value: { a: 1 } })
  assert.equal(status, 200)
  assert.deepEqual(body, { id: `${talk.conversation}|0000001` })
  assert.deepEqual((await readLog(talk))[0]?.value, { a: 1 }, 'only sign-in values are hidden')
})

test('answers 502 BotError with the bot’s own status if that is not 2xx: sign-in pages go by it', async () => {
  for (const status of [412, 409, 501, 400]) {
    await using talk = await startTalk({ bot: { answer: ({ type }) => (type === 'invoke' ? status : 200) } })
    assertRefused(await post(talk, exchange), 502, 'BotError', status)
  }
})

test('gives the bot the whole value of a sign-in, and clients the activity without it', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  for (const name of ['signin/tokenExchange', 'signin/verifyState', 'SignIn/TokenExchange', 'signin/failure']) {
    const { body } = await post(talk, { ...exchange, name })
    assert.deepEqual(talk.bot.activities.at(-1)?.value, exchange.value)
    const shown = await socket.untilId(body.id)
    assert.equal('value' in shown, false)
    assert.equal(shown.name, name)
  }
  const log = JSON.stringify(await readLog(talk))
  assert.equal(log.includes(userToken), false)
  assert.equal(JSON.stringify(socket.frames).includes(userToken), false)
})

test('leaves no trace of a user’s token on disk or among what is logged, even if the bot fails', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  {
    await using talk = await startTalk({
      app: { dir },
      bot: { answer: ({ type }) => (type === 'invoke' ? { status: 500, body: userToken } : 200) },
    })
    assertRefused(await post(talk, exchange), 502, 'BotError', 500)
    assert.equal(JSON.stringify(talk.app.events).includes(userToken), false)
  }
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(name => join(dir, name))
  for (const file of files.filter(name => statSync(name).isFile())) {
    assert.equal(readFileSync(file).includes(userToken), false, file)
  }
})

test('never asks a bot for replies in the body of an invoke', async () => {
  await using talk = await startTalk({
    app: { botSettings: { expectReplies: true } },
    bot: { answer: () => ({ status: 200, body: '{"activities":[{"type":"message","text":"not a reply"}]}' }) },
  })
  const before = (await readLog(talk)).length
  const { status } = await post(talk, { ...exchange, deliveryMode: 'expectReplies' })
  assert.equal(status, 200)
  const received = talk.bot.of(talk.conversation, 'invoke')[0]
  assert.equal(received === undefined || 'deliveryMode' in received, false)
  assert.equal((await readLog(talk)).length, before + 1)
})
