/**
 * The bot that stands in: for one bot, until it has answered.
 */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openBotClient } from '../../src/adapters/bot-http/client.ts'
import { StandIn } from '../../src/adapters/bot-http/stand-in.ts'
import { answered, call, httpBot } from './bot-servers.ts'

it('a stand-in answers for its one bot while nobody listens there, and for no other bot', async () => {
  const seen: string[] = []
  await using standIn = await httpBot((request, response) => {
    seen.push(request.url ?? '')
    response.statusCode = 202
    response.end()
  })
  const gone = await httpBot((_request, response) => response.end())
  await gone[Symbol.asyncDispose]()
  const urls = { own: `${gone.url}/own`, other: `${gone.url}/other` }
  await using client = new StandIn(openBotClient(), { url: standIn.url, for: urls.own })
  assert.deepEqual(await call(client, { url: urls.own }), answered(202))
  assert.deepEqual(await call(client, { url: urls.other }), { outcome: 'unreachable', reason: 'ECONNREFUSED' })
  assert.deepEqual(seen, ['/api/messages'])
})

it('a bot that has answered once is stood in for no more', async () => {
  await using standIn = await httpBot((_request, response) => response.writeHead(202).end())
  const bot = await httpBot((_request, response) => response.end())
  await using client = new StandIn(openBotClient(), { url: standIn.url, for: bot.url })
  assert.deepEqual(await call(client, bot), answered(200))
  await bot[Symbol.asyncDispose]()
  const { outcome } = await call(client, bot)
  assert.equal(outcome, 'unreachable')
})
