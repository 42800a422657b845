/**
 * A store that cannot serve for a moment: clients wait for it rather than hear of it, because many of them take any
 * error here for the end.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { ConversationStore } from '../../../src/domain/ports.ts'
import { startBot } from '../../support/bot.ts'
import { type Chat, getPage, message, post, readLog, reconnect, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { startFaulty } from './faulty.ts'

/** How long the store is away: milliseconds. */
const outageMs = 300

let isAway = false

/** A store that fails whatever it is asked while it is away. */
const failing = (good: ConversationStore): ConversationStore =>
  new Proxy(good, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...parameters: unknown[]) =>
        isAway ? Promise.reject(new Error('the disk is away')) : (Reflect.apply(value, target, parameters) as unknown)
    },
  })

const bot = await startBot()
const service = await startFaulty(bot.url, ({ store }) => ({ store: failing(store) }))
after(async () => {
  await service[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Does something that begins while the store is away and ends when it is back. */
async function throughOutage<Result>(work: () => Promise<Result>): Promise<Result> {
  isAway = true
  const timer = setTimeout(() => {
    isAway = false
  }, outageMs)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
    isAway = false
  }
}

suite('while the store is away for a moment', () => {
  test('a start waits and then starts', async () => {
    const { status, text } = await throughOutage(() =>
      call(`${service.base}/conversations`, { method: 'POST', bearer: service.secret }),
    )
    assert.equal(status, 201, text)
  })

  test('a poll waits and then shows the log; an error would end its polling for good', async () => {
    const chat = await startChat(service)
    await say(chat, 'hello')
    const { status, body, text } = await throughOutage(() => getPage(chat, '0'))
    assert.equal(status, 200, text)
    assert.ok(body.activities?.length === 1 || body.watermark === '0', text)
  })

  test('a post waits and is then taken once', async () => {
    const chat: Chat = await startChat(service)
    await say(chat, 'hello')
    const { status, text } = await throughOutage(() => post(chat, message('during')))
    assert.equal(status, 200, text)
    assert.deepEqual(
      (await readLog(chat)).map(each => each.text),
      ['hello', 'during'],
    )
  })

  test('a reconnect waits and then gives a stream', async () => {
    const chat = await startChat(service)
    const { status, text } = await throughOutage(() => reconnect(chat))
    assert.equal(status, 200, text)
  })

  test('a refresh needs no store', async () => {
    const chat = await startChat(service)
    const refresh = () => call(`${service.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })
    assert.equal((await throughOutage(refresh)).status, 200)
  })

  test('a socket that is open goes on when the store is back', async () => {
    const chat = await startChat(service)
    using socket = await openSocket(chat.streamUrl)
    await say(chat, 'before')
    await throughOutage(async () => post(chat, message('during')))
    await say(chat, 'after')
    await socket.untilText('after')
    assert.equal(socket.activities[0]?.text, 'before')
    assert.equal(socket.activities.at(-1)?.text, 'after')
  })
})
