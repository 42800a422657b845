/**
 * A restart on the same folder: clients and bots go on as if nothing had been.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startProcess, type TestProcess } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  generateToken,
  getPage,
  message,
  numberOf,
  post,
  readLog,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { freePort } from '../../support/ports.ts'
import { openSocket } from '../../support/socket.ts'
import { botSays } from '../../support/talk.ts'

const ends: Readonly<Record<string, (service: TestProcess) => Promise<unknown>>> = {
  'a stop in order': service => service.stop(),
  'a kill': service => service.kill(),
}

suite('a restart', { concurrency: 2 }, () => {
  for (const [end, stop] of Object.entries(ends)) {
    test(`keeps history, ids, watermarks, files, tokens, the secret and the bot’s address over ${end}`, async () => {
      await using folder = await makeFolder()
      await using bot = await startBot()
      const args = ['--dir', 'store', '--bot', bot.url]
      const first = await startProcess({ args: ['--port', String(await freePort()), ...args], cwd: folder.path })
      const chat = await startChat(first, { id: 'u1', name: 'Uma' })
      const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
      using socket = await openSocket(chat.streamUrl)
      for (let n = 1; n <= 3; n += 1) await say(chat, `message ${n}`)
      const raw = Buffer.from([0, 1, 2, 255])
      const upload = await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, raw })
      assert.equal(upload.status, 200)
      await botSays({ bot, join }, 'an answer')
      const retried = message('once', 'u1', { channelData: { clientActivityID: 'c-1' } })
      const once = await post(chat, retried)
      assert.equal(once.status, 200)
      const unstarted = await generateToken(first)
      await socket.untilId(String(once.body.id))
      const before = await readLog(chat)
      const { watermark } = (await getPage(chat)).body
      await stop(first)
      await socket.closed

      await using second = await startProcess({ args: ['--port', String(first.port), ...args], cwd: folder.path })
      assert.equal(second.secret, first.secret)
      assert.deepEqual(await readLog(chat), before, 'the same, by the old token')
      assert.deepEqual(await readLog({ ...chat, token: second.secret }), before)
      assert.deepEqual((await getPage(chat, watermark)).body, { activities: [], watermark })
      assert.equal((await call(`${second.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })).status, 200)

      using back = await openSocket((await reconnect(chat, socket.sets.at(-1)?.watermark)).body.streamUrl)
      const next = await say(chat, 'message 4')
      const proactive = await botSays({ bot, join }, 'of my own accord')
      assert.deepEqual([numberOf(next), numberOf(proactive)], [7, 8])
      await back.untilId(proactive)
      assert.deepEqual(
        back.activities.map(({ id }) => id),
        [next, proactive],
        'exactly what followed',
      )
      assert.deepEqual((await getPage(chat, watermark)).body.activities, back.activities)
      assert.equal((await getPage(chat)).body.watermark, '8')
      assert.equal(bot.of(chat.conversation, 'conversationUpdate').length, 1, 'nobody joins again')
      assert.equal(bot.of(chat.conversation).at(-1)?.serviceUrl, join.serviceUrl)
      assert.deepEqual((await call(before[3]?.attachments?.[0]?.contentUrl ?? '')).bytes, raw)
      const again = await post(chat, retried)
      assert.equal(again.status, 200)
      assert.equal(again.body.id, once.body.id, 'a message sent again is the same message')
      const turns = bot.activities.filter(({ id }) => id === once.body.id).length
      // Only a power cut may lose the note that the bot has had its turn.
      assert.ok(turns === 1 || (stop === ends['a kill'] && turns === 2), `${turns} turns`)
      const started = await call(`${second.base}/conversations`, { method: 'POST', bearer: unstarted.token })
      assert.equal(started.status, 201, 'a token made before is good for its start')
      assert.equal(started.body.conversationId, unstarted.conversation)
    })
  }

  test('tells the bot again of a join it may not have heard of', async () => {
    await using folder = await makeFolder()
    await using bot = await startBot({
      answer: ({ type }) => (type === 'conversationUpdate' ? new Promise(() => undefined) : 200),
    })
    const args = ['--dir', 'store', '--bot', bot.url]
    const first = await startProcess({ args: ['--port', String(await freePort()), ...args], cwd: folder.path })
    const chat = await startChat(first, { id: 'u1' })
    await bot.until('the start', ({ of }) => of(chat.conversation)[0])
    await first.kill()
    await bot[Symbol.asyncDispose]()

    await using well = await startBot({ port: bot.port })
    await using second = await startProcess({ args: ['--port', String(first.port), ...args], cwd: folder.path })
    assert.equal((await post(chat, message('hello'))).status, 200)
    assert.equal(second.port, first.port)
    const told = well.of(chat.conversation).map(({ type }) => type)
    assert.deepEqual(told, ['conversationUpdate', 'message'])
    assert.deepEqual(
      well.activities[0]?.membersAdded?.map(({ id }) => id),
      ['bot', 'u1'],
    )
  })
})
