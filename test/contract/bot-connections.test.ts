/**
 * What the bot client promises of many calls: connections are kept and used again without a turn ever failing for it,
 * calls of a conversation keep their order, and no bot stands in the way of another.
 */
import assert from 'node:assert/strict'
import type http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import { openBotClient } from '../../src/adapters/bot-http/client.ts'
import type { BotAnswer } from '../../src/domain/bot-port.ts'
import { newConversationId } from '../../src/protocol/ids.ts'
import { defaultLimits } from '../../src/protocol/limits.ts'
import { accepting, answered, call, httpBot, listening, rawBot, timedOut, unreachable, until } from './bot-servers.ts'

describe('the bot client: connections', { concurrency: true }, () => {
  it('keeps connections and uses them again', async () => {
    await using bot = await httpBot(accepting)
    await using client = openBotClient()
    // A turn that begins in the very moment another ends finds that one's connection not free yet: hence twice as many.
    for (let turn = 0; turn < 50; turn += 1) assert.deepEqual(await call(client, bot), answered(200))
    assert.ok(bot.opened() <= 2, `${bot.opened()} connections`)
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 16 }, () => call(client, bot)))
    assert.ok(bot.opened() <= 32, `${bot.opened()} connections`)
  })

  for (const [how, end] of [
    ['closed', (socket: net.Socket) => socket.destroy()],
    ['reset', (socket: net.Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`does not fail for a kept connection that the bot has ${how} and that we have not noticed yet`, async () => {
      let turns = 0
      await using bot = await httpBot((request, response) => {
        turns += 1
        accepting(request, response)
      })
      await using client = openBotClient()
      for (let round = 1; round <= 20; round += 1) {
        assert.deepEqual(await Promise.all([call(client, bot), call(client, bot)]), [answered(200), answered(200)])
        await until(() => bot.open.size === 2)
        for (const socket of bot.open) end(socket)
        // Nothing is awaited before the next turn: the news arrives while this process is busy with something else.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
        assert.deepEqual(await Promise.all([call(client, bot), call(client, bot)]), [answered(200), answered(200)])
        assert.equal(turns, round * 4)
        for (const socket of bot.open) socket.destroy()
      }
    })
  }

  it('gives up an idle connection before the moment the bot has named, so that it never meets its closing', async () => {
    await using bot = await httpBot(accepting, { keepAliveTimeout: 3_000 })
    await using client = openBotClient()
    // A machine that stands still for a moment is late without being wrong: once of three times shows it.
    const tookMs: number[] = []
    while (tookMs.length < 3 && !tookMs.some(ms => ms < 2_900)) {
      await call(client, bot)
      const begun = performance.now()
      await until(() => bot.open.size === 0)
      tookMs.push(performance.now() - begun)
    }
    assert.ok(Math.min(...tookMs) > 500 && Math.min(...tookMs) < 2_900, tookMs.join(', '))
  })

  it('keeps no connection that the bot is about to close', async () => {
    await using bot = await httpBot(accepting, { keepAliveTimeout: 2_000 })
    await using client = openBotClient()
    for (let turn = 1; turn <= 5; turn += 1) {
      assert.deepEqual(await call(client, bot), answered(200))
      assert.equal(bot.opened(), turn)
    }
  })

  it('gives up an idle connection after 1.5 s if the bot names no moment, and after 4 s if it names a late one', async () => {
    const closed: string[] = []
    const answer = (name: string, keepAlive: string) => (socket: net.Socket) => {
      socket.on('close', () => closed.push(name))
      socket.write(`HTTP/1.1 200 OK\r\n${keepAlive}content-length: 0\r\n\r\n`)
    }
    await using silent = await rawBot(answer('silent', ''))
    await using late = await rawBot(answer('late', 'keep-alive: timeout=600\r\n'))
    await using client = openBotClient()
    await Promise.all([call(client, silent), call(client, late)])
    const begun = performance.now()
    await until(() => silent.open.size === 0)
    assert.ok(performance.now() - begun > 1_000)
    await until(() => late.open.size === 0)
    assert.ok(performance.now() - begun > 3_500)
    assert.deepEqual(closed, ['silent', 'late'])
  })

  it('writes the calls of a conversation in the order they were made, whatever the state of its connections', async () => {
    const seen: string[] = []
    await using bot = await httpBot((request, response) => {
      seen.push(request.url?.split('?')[1] ?? '')
      accepting(request, response)
    })
    await using client = openBotClient()
    const conversation = newConversationId('ordered')
    for (let round = 0; round < 20; round += 1) {
      const turns = Array.from({ length: 12 }, (_, turn) => String(round * 12 + turn))
      // Turns of others come and go, so that some of ours find a free connection and some need a new one.
      const others = Array.from({ length: 5 }, () => call(client, bot))
      await Promise.all(
        turns.map(turn => call(client, { url: `${bot.url}?${turn}` }, { conversation, bot: `bot-${round % 2}` })),
      )
      await Promise.all(others)
    }
    const ours = seen.filter(turn => turn !== '').map(Number)
    assert.deepEqual(
      ours,
      [...ours].sort((a, b) => a - b),
    )
  })

  it('lets a call that finds no connection hold up only its own conversation, and only until its deadline', async () => {
    await using bot = await httpBot(accepting)
    await using dead = await listening(net.createServer(), '127.0.0.1', '127.0.0.1')
    await using client = openBotClient()
    const conversation = newConversationId('held-up')
    const settled: string[] = []
    const asked = async (name: string, answer: Promise<BotAnswer>, expected: BotAnswer) => {
      assert.deepEqual(await answer, expected)
      settled.push(name)
    }
    await Promise.all([
      asked(
        'first',
        call(client, { url: dead.url.replace('http:', 'https:') }, { conversation, timeoutMs: 2_500 }),
        timedOut,
      ),
      asked('second', call(client, bot, { conversation, timeoutMs: 1_800 }), timedOut),
      asked('third', call(client, bot, { conversation }), answered(200)),
      asked('of another conversation', call(client, bot), answered(200)),
    ])
    assert.deepEqual(settled, ['of another conversation', 'second', 'first', 'third'])
  })
})

describe('the bot client: many calls', () => {
  it('lets no hanging bot delay another, nor itself, even where both are one server', async () => {
    let hanging = 0
    await using server = await httpBot(async (request, response) => {
      const activity = (await request.toArray()).join('')
      if (activity === '"hang"') hanging += 1
      else response.end()
    })
    await using client = openBotClient()
    const hang = (times: number) =>
      Array.from({ length: times }, () => call(client, server, { bot: 'hung', activity: '"hang"', timeoutMs: 60_000 }))
    const hung = hang(80)
    await until(() => hanging === 80)
    assert.deepEqual(await call(client, server, { bot: 'hung' }), answered(200))
    hung.push(...hang(defaultLimits.turnsPerBot - 80))
    await until(() => hanging === defaultLimits.turnsPerBot)
    for (let turn = 0; turn < 50; turn += 1) {
      assert.deepEqual(await call(client, server, { bot: 'brisk' }), answered(200))
    }
    await client[Symbol.asyncDispose]()
    for (const answer of await Promise.all(hung)) assert.deepEqual(answer, unreachable('ECANCELED'))
  })

  it('has room for every turn a bot may have in flight, and never writes one whose time was over before', async () => {
    const held: http.ServerResponse[] = []
    const seen = new Set<string>()
    await using bot = await httpBot(async (request, response) => {
      seen.add((await request.toArray()).join(''))
      held.push(response)
      if (held.length > defaultLimits.turnsPerBot) response.end()
    })
    await using client = openBotClient()
    const running = Array.from({ length: defaultLimits.turnsPerBot }, () => call(client, bot, { timeoutMs: 20_000 }))
    await until(() => held.length === defaultLimits.turnsPerBot)
    const patient = call(client, bot, { activity: '"patient"', timeoutMs: 20_000 })
    assert.deepEqual(await call(client, bot, { activity: '"impatient"', timeoutMs: 100 }), timedOut)
    for (const response of held) response.end()
    assert.ok((await Promise.all([...running, patient])).every(answer => answer.outcome === 'answered'))
    assert.deepEqual(await call(client, bot, { activity: '"later"' }), answered(200))
    assert.deepEqual([...seen].slice(1), ['"patient"', '"later"'])
  })

  it('keeps a bounded number of connections to bots that are not being called', async () => {
    await using server = await httpBot(accepting)
    await using client = openBotClient()
    for (let bot = 0; bot < 200; bot += 1) await call(client, server, { bot: `bot-${bot}` })
    assert.equal(server.opened(), 200)
    await until(() => server.open.size <= 64)
    // The latest are kept, the earliest are not.
    await call(client, server, { bot: 'bot-199' })
    assert.equal(server.opened(), 200)
    await call(client, server, { bot: 'bot-0' })
    assert.equal(server.opened(), 201)
  })

  it('breaks off what is running when it is disposed, leaves nothing open, and then refuses', async () => {
    await using bot = await rawBot(() => undefined)
    const client = openBotClient()
    const running = Array.from({ length: 5 }, () => call(client, bot))
    await until(() => bot.open.size === 5)
    const begun = performance.now()
    await client[Symbol.asyncDispose]()
    for (const answer of await Promise.all(running)) assert.deepEqual(answer, unreachable('ECANCELED'))
    await until(() => bot.open.size === 0)
    assert.ok(performance.now() - begun < 10_000)
    assert.deepEqual(await call(client, bot), unreachable('ECANCELED'))
  })
})
