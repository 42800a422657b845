/**
 * Two bots of one service: neither reaches the other's conversations, from either side.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { message, post, readLog, say } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, botSays, openTalk, type Talk } from '../../support/talk.ts'

const secrets = ['the-secret-of-the-first-bot-00000000001', 'the-secret-of-the-second-bot-0000000002'] as const

type Pair = AsyncDisposable & { readonly first: Talk; readonly second: Talk }

async function startPair(siteIds: readonly [string, string]): Promise<Pair> {
  const bots = [await startBot(), await startBot()] as const
  const settings = bots.map((bot, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: bot.url,
    sites: [{ ...defaultSite, id: siteIds[at] ?? '', secrets: [secrets[at] ?? ''] }],
  }))
  const app = await startApp({ settings: { bots: settings } })
  const talk = (at: 0 | 1): Promise<Talk> => openTalk({ ...app, secret: secrets[at] } as TestApp, bots[at] as TestBot)
  return {
    first: await talk(0),
    second: await talk(1),
    [Symbol.asyncDispose]: async () => {
      for (const bot of bots) await bot[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
    },
  }
}

test('each hears of its own conversations only', async () => {
  await using pair = await startPair(['one', 'two'])
  await say(pair.first, 'for the first')
  await say(pair.second, 'for the second')
  assert.deepEqual(
    pair.first.bot.of(pair.first.conversation, 'message').map(({ text }) => text),
    ['for the first'],
  )
  assert.deepEqual(pair.first.bot.of(pair.second.conversation), [])
  assert.deepEqual(pair.second.bot.of(pair.first.conversation), [])
  assert.equal(pair.second.join.recipient?.id, 'bot1')
})

test('the holder of one bot’s secret gets 404 for a conversation of the other, as for one that is not there', async () => {
  await using pair = await startPair(['one', 'two'])
  for (const address of [pair.first.address, pair.first.address.replace(pair.first.conversation, 'A'.repeat(22))]) {
    const foreign = { ...pair.first, address, token: secrets[1] }
    assert.equal((await call(`${address}/activities`, { bearer: secrets[1] })).status, 404)
    assert.equal((await call(address, { bearer: secrets[1] })).status, 404)
    assert.equal((await post(foreign, message('hello'))).status, 404)
  }
  assert.deepEqual(await readLog(pair.first), [])
})

test('the holder of one bot’s token gets 403', async () => {
  await using pair = await startPair(['one', 'two'])
  const foreign = { ...pair.first, token: pair.second.token }
  assert.equal((await call(`${foreign.address}/activities`, { bearer: foreign.token })).status, 403)
  assert.equal((await post(foreign, message('hello'))).status, 403)
})

test('one bot cannot write into a conversation of the other', async () => {
  await using pair = await startPair(['one', 'two'])
  const id = await botSays(pair.first, 'genuine')
  const json = { type: 'message', text: 'forged' }
  const base = `${pair.second.serviceUrl}v3/conversations/${pair.first.conversation}/activities`
  assertConnectorRefused(await call(base, { json }), 403, 'Forbidden')
  assertConnectorRefused(await call(`${base}/${id}`, { method: 'PUT', json }), 403, 'Forbidden')
  assertConnectorRefused(await call(`${base}/${id}`, { method: 'DELETE' }), 403, 'Forbidden')
  assert.deepEqual(
    (await readLog(pair.first)).map(({ text }) => text),
    ['genuine'],
  )
})

test('sites of two bots may bear the same name', async () => {
  await using pair = await startPair(['default', 'default'])
  await say(pair.first, 'for the first')
  await say(pair.second, 'for the second')
  assert.deepEqual(
    pair.first.bot.of(pair.first.conversation, 'message').map(({ text }) => text),
    ['for the first'],
  )
  assert.deepEqual(
    pair.second.bot.of(pair.second.conversation, 'message').map(({ text }) => text),
    ['for the second'],
  )
})
