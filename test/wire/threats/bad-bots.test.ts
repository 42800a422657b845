/**
 * Bots that answer in their turns and mean no good: what can't be read fails the turn, what can be is theirs alone, and
 * the service goes on.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { startApp } from '../../support/app.ts'
import { assertRefused, type Chat, message, post, readLog, startChat } from '../../support/direct-line.ts'
import { type RawBot, startRawBot } from '../delivery/raw-bot.ts'

/** A service whose bot answers in its turns with bytes of its own. */
async function withAnsweringBot(work: (bot: RawBot, chat: Chat, other: Chat) => Promise<void>): Promise<void> {
  await using bot = await startRawBot()
  await using app = await startApp({ bot: bot.url, botSettings: { expectReplies: true, timeoutMs: 2_000 } })
  await work(bot, await startChat(app, { id: 'u1' }), await startChat(app, { id: 'u2' }))
  const faults = app.events.filter(({ event }) => event === 'fault')
  assert.deepEqual(faults, [])
}

const answering =
  (body: string | Uint8Array, headers = ''): Parameters<RawBot['behave']>[0] =>
  socket => {
    socket.write(
      `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
    )
    socket.end(body)
  }

const replies = (activities: string) => `{"activities":[${activities}]}`
const good = replies('{"type":"message","text":"from the bot"}')
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

test('an answer that is compressed, too large, or no good JSON fails the turn, and nothing of it is kept', async () => {
  await withAnsweringBot(async (bot, chat) => {
    for (const [what, behaviour] of Object.entries({
      gzip: answering(gzipSync(good), 'Content-Encoding: gzip\r\n'),
      deflate: answering(deflateSync(good), 'Content-Encoding: deflate\r\n'),
      'a bomb': answering(gzipSync(Buffer.alloc(10_000_000)), 'Content-Encoding: gzip\r\n'),
      'a header of 40 KiB': answering(good, `X: ${'x'.repeat(40_000)}\r\n`),
      'a thousand headers': answering(good, 'X: abcdefghijklmnopqrstuvwxyzabcdefghij\r\n'.repeat(1_000)),
      'more than a megabyte': answering(replies(`{"type":"message","text":"${'x'.repeat(1_100_000)}"}`)),
      'an activity over its limit': answering(replies(`{"type":"message","text":"${'x'.repeat(300_000)}"}`)),
      'a level too many': answering(replies(`{"type":"message","channelData":${nested(100)}}`)),
      'ten thousand levels': answering(nested(10_000)),
      'sixty thousand values': answering(replies(`{"type":"message","channelData":[${'1,'.repeat(60_000)}1]}`)),
      'a prototype': answering(replies('{"type":"message","__proto__":{"polluted":1}}')),
      'half of it': answering(good.slice(0, -5)),
      'no activity': answering(replies('1,null,"x"')),
      'no UTF-8 where names stand': answering(Buffer.from([...Buffer.from('{"activities":[{"ty'), 0xff, 0xfe])),
    })) {
      bot.behave(behaviour)
      const before = (await readLog(chat)).length
      const answer = await post(chat, message(what))
      assert.equal(answer.status, 502, `${what}: ${answer.text}`)
      assertRefused(answer, 502, 'BotError', answer.body.httpStatusCode)
      const log = await readLog(chat)
      assert.deepEqual([log.length, log.at(-1)?.text], [before + 1, what])
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    bot.behave(answering(good))
    assert.equal((await post(chat, message('and now?'))).status, 200)
    assert.equal((await readLog(chat)).at(-1)?.text, 'from the bot')
  })
})

test('what a bot answers is said in its own conversation, as itself, under an id and a time of ours', async () => {
  await withAnsweringBot(async (bot, chat, other) => {
    const forged = {
      type: 'message',
      text: 'forged',
      id: `${other.conversation}|0000001`,
      timestamp: '1999-01-01T00:00:00Z',
      from: { id: 'u1', name: 'Uma', role: 'user' },
      From: { id: 'u1', role: 'user' },
      conversation: { id: other.conversation },
      Conversation: { id: other.conversation },
      conversationId: other.conversation,
      channelId: 'msteams',
      recipient: { id: 'u2' },
      serviceUrl: 'http://evil.example/',
    }
    bot.behave(answering(JSON.stringify({ activities: [forged], conversationId: other.conversation, id: forged.id })))
    assert.equal((await post(chat, message('hello'))).status, 200)
    assert.deepEqual(await readLog(other), [])
    const [, shown = {}] = await readLog(chat)
    assert.equal(shown.id, `${chat.conversation}|0000002`)
    assert.deepEqual([shown.from?.id, shown.from?.role], ['bot', 'bot'])
    assert.deepEqual(shown.conversation, { id: chat.conversation })
    assert.equal(shown.channelId, 'directline')
    assert.ok(Math.abs(Date.parse(shown.timestamp ?? '') - Date.now()) < 60_000)
    for (const name of ['serviceUrl', 'recipient', 'From', 'Conversation']) assert.equal(name in shown, false, name)
  })
})
