/**
 * `POST /admin/v1/bots/{bot}/check` with `send`: what a bot is sent, and what is said of its answer.
 */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertFound, check, checkAt, serve, stepOf } from '../../support/check.ts'
import { brokenBotBody, startBrokenBot, startEchoBot, startSecuredBot } from '../../support/three-bots.ts'

const app = { id: '11111111-2222-3333-4444-555555555555', password: 'the-password-of-the-checked-bot-0001' }

/** Checks a web server that answers as it is told. */
async function checkAnswer(answer: (response: ServerResponse) => void, path = '/api/messages') {
  await using server = await serve((_request, response) => answer(response))
  return await checkAt(`http://127.0.0.1:${server.port}${path}`)
}

describe('a bot', () => {
  it('is sent one complete event, and is well if it takes it', async () => {
    await using bot = await startEchoBot()
    await using service = await startApp({ bot: bot.url })
    const report = await check(service, true)
    assert.equal(report.ok, true)
    assert.equal(report.problem, undefined)
    assert.deepEqual([stepOf(report, 'post').ok, stepOf(report, 'answers').ok], [true, null])
    assert.match(stepOf(report, 'post').note, /200/)
    assert.equal(bot.requests.length, 1)
    const [request] = bot.requests
    const { id, timestamp, serviceUrl, conversation, ...event } = request?.activity ?? {}
    assert.deepEqual(event, {
      type: 'event',
      name: 'landline.check',
      channelId: 'directline',
      from: { id: 'landline-check', name: 'Landline', role: 'user' },
      recipient: { id: 'bot', name: 'Bot' },
    })
    assert.match(conversation?.id ?? '', /^check-\w{22}$/)
    assert.equal(id, `${conversation?.id}|0000001`)
    assert.ok(Math.abs(Date.parse(timestamp ?? '') - Date.now()) < 60_000, timestamp)
    assert.ok(serviceUrl?.startsWith(`${service.origin}/connector/${conversation?.id}/`), serviceUrl)
    assert.equal(request?.headers.authorization, undefined)
  })

  it('may answer the event: then it is known that its answers arrive, and the conversation is forgotten', async () => {
    await using bot = await startBot({
      onActivity: async (activity, itself) => {
        const { status } = await itself.say(activity, { type: 'message', text: 'I do not know this event.' })
        assert.equal(status, 200)
      },
    })
    await using service = await startApp({ bot: bot.url })
    const report = await check(service, true)
    assert.equal(report.ok, true, JSON.stringify(report))
    assert.equal(stepOf(report, 'answers').ok, true)
    const id = bot.activities[0]?.conversation?.id ?? ''
    assert.notEqual(await service.store.find(id as never), undefined)
    await service.stop()
    assert.equal(await service.store.find(id as never), undefined)
  })

  it('is sent the event once, however many check it at once', async () => {
    await using bot = await startEchoBot()
    await using service = await startApp({ bot: bot.url })
    const reports = await Promise.all([check(service, true), check(service, true), check(service, true)])
    assert.ok(reports.every(({ ok }) => ok))
    assert.equal(bot.requests.length, 1)
  })

  it('with an app id is shown a token', async () => {
    await using bot = await startSecuredBot()
    const report = await checkAt(bot.url, { app })
    assert.equal(report.ok, true, JSON.stringify(report))
    assert.match(bot.requests[0]?.headers.authorization ?? '', /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
  })

  it('of the first schema is sent a ping', async () => {
    await using bot = await startBot({ answer: () => ({ status: 200, body: '{"type":"Ping"}' }) })
    const report = await checkAt(bot.url, { schema: 'v1' })
    assert.equal(report.ok, true, JSON.stringify(report))
    const [ping] = bot.activities
    assert.equal(ping?.type, 'Ping')
    assert.equal(ping?.['conversationId'], ping?.['channelConversationId'])
    assert.match(String(ping?.['conversationId']), /^check-/)
    assert.deepEqual(ping?.['to'], { id: 'bot', address: 'bot', name: 'Bot', channelId: 'directline', isBot: true })
  })
})

describe('an answer', () => {
  it('401 to what is not signed says that the bot wants credentials, and what it is made with', async () => {
    await using bot = await startSecuredBot()
    const report = await checkAt(bot.url)
    assertFound(report, 'BotWantsCredentials', 'post', /401.*botbuilder/)
    assert.match(report.problem?.fix?.href ?? '', /^\/console\/bots\/bot/)
    assert.equal(stepOf(report, 'answers').ok, null)
  })

  it('401 or 403 to what is signed says that credentials are refused, and how the clocks differ', async () => {
    for (const status of [401, 403]) {
      await using bot = await serve((_request, response) => response.writeHead(status).end())
      const report = await checkAt(`http://127.0.0.1:${bot.port}/api/messages`, { app })
      assertFound(report, 'BotRejectsCredentials', 'post', new RegExp(`${status}`))
      assert.doesNotMatch(report.problem?.text ?? '', /clock/)
    }
    const date = new Date(Date.now() - 300_000).toUTCString()
    await using late = await serve((_request, response) => response.writeHead(401, { date }).end())
    const report = await checkAt(`http://127.0.0.1:${late.port}/api/messages`, { app })
    assertFound(report, 'BotRejectsCredentials', 'post', /clock is (?:29|30)\d s behind ours/)
  })

  it('404 or 405 names the path at which somebody takes posts, however a framework says so', async () => {
    for (const [refusal, right, status, headers] of [
      [404, '/api/messages', 200, { allow: 'POST' }],
      [405, '/messages', 405, { allow: 'post' }],
      [404, '/', 204, {}],
    ] as const) {
      await using bot = await serve(({ url, method }, response) => {
        if (url === right && method === 'OPTIONS') response.writeHead(status, headers).end()
        else response.writeHead(refusal).end()
      })
      const report = await checkAt(`http://127.0.0.1:${bot.port}/wrong`)
      assertFound(report, 'WrongPath', 'post', new RegExp(`${refusal}.*/wrong`))
      assert.deepEqual(report.problem?.fix?.patch, { endpoint: `http://127.0.0.1:${bot.port}${right}` })
    }
    const nowhere = await checkAnswer(response => response.writeHead(404).end())
    assertFound(nowhere, 'WrongPath', 'post', /404/)
    assert.equal(nowhere.problem?.fix, undefined)
  })

  it('that is a web page or leads elsewhere is not a bot’s', async () => {
    const page = await checkAnswer(response => response.end('<!doctype html><title>Welcome</title>'))
    assertFound(page, 'NotABot', 'post', /web page/)
    const moved = await checkAnswer(response => response.writeHead(302, { location: '/login' }).end())
    assertFound(moved, 'NotABot', 'post', /redirect/)
  })

  it('500 is shown with what the bot says, until it is repaired', async () => {
    await using bot = await startBrokenBot()
    await using service = await startApp({ bot: bot.url })
    assertFound(await check(service, true), 'BotThrew', 'post', /500: TypeError/)
    assert.ok((await check(service, true)).problem?.text.endsWith(brokenBotBody))
    bot.repair()
    assert.equal((await check(service, true)).ok, true)
  })

  it('that is broken off is the bot’s fault', async () => {
    await using bot = await startBot({ answer: () => 'drop' })
    assertFound(await checkAt(bot.url), 'BotThrew', 'post', /broke off/)
  })

  it('502, 503 or 504 is of something before the bot', async () => {
    for (const status of [502, 503, 504])
      assertFound(await checkAnswer(response => response.writeHead(status).end()), 'Gateway', 'post', /before the bot/)
  })

  it('that does not come in time is a timeout', async () => {
    await using bot = await startBot({ answer: () => new Promise<number>(() => undefined) })
    assertFound(await checkAt(bot.url, { timeoutMs: 900 }), 'Timeout', 'post', /900 ms/)
  })

  it('that comes after five seconds is slow, and good', async () => {
    await using bot = await startBot({
      answer: () => new Promise<number>(resolve => setTimeout(() => resolve(200), 5_050)),
    })
    const report = await checkAt(bot.url)
    assert.deepEqual([report.problem?.code, report.ok, stepOf(report, 'post').ok], ['Slow', true, true])
    assert.match(report.problem?.text ?? '', /\d+\.\d s/)
  })
})
