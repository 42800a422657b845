/**
 * Stopping: what has begun ends in order, nothing new is begun, everybody is told, and nothing is lost.
 */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { startProcess } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, getPage, message, post, readLog, reconnect, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { assertTaken } from '../../support/talk.ts'
import { inTime } from '../../support/until.ts'
import { holding } from '../delivery/holding-bot.ts'
import { takePort, untilStopping } from './run.ts'

/**
 * How long a stop may take where no turn runs: milliseconds. Five times what is promised: a busy machine may stand still
 * meanwhile. A stop that waited for something would take longer: until `shutdown.seconds` are over.
 */
const quickMs = 10_000

suite('a stop', { concurrency: 2 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends running turns after ${signal}, takes their replies, begins nothing, and exits with 0`, async () => {
      await using folder = await makeFolder()
      const held = holding()
      await using bot = await startBot(held)
      const args = ['--port', '0', '--dir', 'store', '--bot', bot.url]
      await using service = await startProcess({ args, cwd: folder.path })
      const chat = await startChat(service, { id: 'u1' })
      using socket = await openSocket(chat.streamUrl)
      const posted = post(chat, message('a last question'))
      const turn = await bot.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
      const { streamUrl } = (await reconnect(chat)).body

      const exited = service.stop(signal)
      await untilStopping(service.origin)
      assert.equal((await call(`${service.origin}/health`)).status, 200)

      for (const refused of [
        await post(chat, message('one more')),
        await post({ ...chat, token: service.secret }, message('one more')),
        await call(`${service.base}/conversations`, { method: 'POST', bearer: service.secret }),
        await call(`${service.base}/tokens/generate`, { method: 'POST', bearer: service.secret }),
        await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, raw: 'a file' }),
        await refusedHandshake(streamUrl),
      ]) {
        assertRefused(refused, 503, 'ServiceError')
        assert.match(refused.headers['retry-after'] ?? '', /^([1-9]|[12]\d|30)$/)
      }
      const poll = await getPage(chat)
      assert.equal(poll.status, 200)
      assert.deepEqual(
        poll.body.activities?.map(({ text }) => text),
        ['a last question'],
      )
      assert.equal(poll.headers.connection, 'close')
      // What a client does that is not understood is told apart from what can't be served now.
      assert.equal((await call(`${chat.address}/activities`, { bearer: 'wrong' })).status, 403)

      const reply = assertTaken(await bot.reply(turn, { type: 'message', text: 'a last answer' }))
      assert.equal((await socket.untilId(reply)).replyToId, turn.id)
      const releasedMs = performance.now()
      held.release(turn.id)
      const answer = await posted
      assert.equal(answer.status, 200)
      assert.equal(answer.body.id, turn.id)
      const { code } = await inTime('the socket to be closed', socket.closed)
      assert.equal(code, 1001)
      assert.equal(await inTime('the exit', exited), 0)
      assert.ok(performance.now() - releasedMs < quickMs)
      assert.equal(bot.of(chat.conversation, 'message').length, 1, 'nothing twice at the bot')

      await using again = await startProcess({ args, cwd: folder.path })
      const texts = (await readLog({ ...chat, address: `${again.base}/conversations/${chat.conversation}` })).map(
        ({ text }) => text,
      )
      assert.deepEqual(texts, ['a last question', 'a last answer'])
    })
  }

  test('refuses nothing a bot says while its turn ends: updates, uploads, members, more replies', async () => {
    await using folder = await makeFolder()
    const held = holding()
    await using bot = await startBot(held)
    await using service = await startProcess({ args: ['--port', '0', '--memory', '--bot', bot.url], cwd: folder.path })
    const chat = await startChat(service, { id: 'u1' })
    const posted = post(chat, message('a last question'))
    const turn = await bot.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
    const exited = service.stop()
    await untilStopping(service.origin)
    const base = `${turn.serviceUrl}v3/conversations/${chat.conversation}`
    const id = assertTaken(await bot.say(turn, { type: 'message', text: 'wait' }))
    const json = { type: 'message', text: 'there' }
    assertTaken(await call(`${base}/activities/${id}`, { method: 'PUT', json }))
    assertTaken(await call(`${base}/attachments`, { json: { type: 'text/plain', originalBase64: 'YQ==' } }))
    assert.equal((await call(`${base}/members`)).status, 200)
    assertTaken(await bot.reply(turn, { type: 'typing' }))
    assert.equal((await call(`${base}/activities/${id}`, { method: 'DELETE' })).status, 200)
    held.release(turn.id)
    assert.equal((await posted).status, 200)
    assert.equal(await inTime('the exit', exited), 0)
  })

  test('is quick where no turn runs, whatever hangs on the line', async () => {
    await using folder = await makeFolder()
    await using bot = await startBot()
    await using service = await startProcess({
      args: ['--port', '0', '--dir', 'store', '--bot', bot.url],
      cwd: folder.path,
    })
    const chat = await startChat(service, { id: 'u1' })
    using polite = await openSocket(chat.streamUrl)
    using deaf = await openSocket((await reconnect(chat)).body.streamUrl)
    await say(chat, 'hello')
    await polite.untilText('hello')
    // It takes nothing any more, not even the close; it must not keep the service.
    deaf.ws.pause()
    const agent = new Agent({ keepAlive: true })
    await new Promise<void>((resolve, reject) => {
      request(`${service.origin}/health`, { agent }, response => response.resume().on('end', resolve))
        .on('error', reject)
        .end()
    })
    const startedMs = performance.now()
    assert.equal(await inTime('the exit', service.stop()), 0)
    assert.ok(performance.now() - startedMs < quickMs, `${performance.now() - startedMs} ms`)
    assert.equal((await polite.closed).code, 1001)
    await using taken = await takePort(service.port)
    assert.equal(taken?.port, service.port, 'its port is free again')
    agent.destroy()
  })

  test('flushes to every socket before it closes it', async () => {
    await using folder = await makeFolder()
    const held = holding(({ text }) => text === 'the last')
    await using bot = await startBot(held)
    await using service = await startProcess({ args: ['--port', '0', '--memory', '--bot', bot.url], cwd: folder.path })
    const chat = await startChat(service, { id: 'u1' })
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => openSocket((await reconnect(chat, '0')).body.streamUrl)),
    )
    const posted = post(chat, message('the last'))
    const turn = await bot.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
    const exited = service.stop()
    await untilStopping(service.origin)
    const large = 'x'.repeat(20_000)
    for (let n = 0; n < 20; n += 1) assertTaken(await bot.say(turn, { type: 'message', text: `${n} ${large}` }))
    held.release(turn.id)
    assert.equal((await posted).status, 200)
    assert.equal(await inTime('the exit', exited), 0)
    for (const socket of sockets) {
      assert.equal((await inTime('a close', socket.closed)).code, 1001)
      assert.equal(socket.activities.length, 21)
    }
  })

  test('ends at once at the second signal', async () => {
    await using folder = await makeFolder()
    const held = holding()
    await using bot = await startBot(held)
    const args = ['--port', '0', '--dir', 'store', '--bot', bot.url]
    await using service = await startProcess({ args, cwd: folder.path })
    const chat = await startChat(service, { id: 'u1' })
    const posted = post(chat, message('hello')).then(
      ({ status }) => status,
      () => 'broken off',
    )
    await bot.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
    const exited = service.stop()
    await untilStopping(service.origin)
    const startedMs = performance.now()
    process.kill(service.pid, 'SIGTERM')
    assert.equal(await inTime('the exit', exited), 130)
    assert.ok(performance.now() - startedMs < quickMs)
    assert.equal(await posted, 'broken off')
    await using again = await startProcess({ args, cwd: folder.path })
    const address = `${again.base}/conversations/${chat.conversation}`
    assert.deepEqual(
      (await readLog({ ...chat, address })).map(({ text }) => text),
      ['hello'],
    )
  })
})
