/**
 * The real process, killed over and over while unmodified clients and a real bot talk through it: what was
 * acknowledged is there, once and in order, and every client has seen it by itself.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProcess } from '../support/app.ts'
import { type RealBot, startBotbuilderBot } from './bots/start.ts'
import type { SomeActivity } from './bots/wire.ts'
import { Chat } from './support/chat.ts'
import { eventually } from './support/eventually.ts'
import { call, generateToken, readLog, type Service, startConversation } from './support/rest.ts'

const kills = 6
const pages = 3
const senders = 3
/** How many more messages are acknowledged before the next kill: enough that some are under way when it comes. */
const acknowledgedBetweenKills = 12

const resendAfterMs = 100
const triesMax = 200

/** What one sender was promised: text → id. */
type Promised = { readonly conversation: () => string; readonly ids: Map<string, string> }

test('keeps every acknowledged activity once and in order through kills, and every client catches up by itself', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-kill-'))
  await using bot = await startBotbuilderBot()
  const start = (port: number) => startProcess({ args: ['--port', String(port), '--bot', bot.url, '--dir', dir] })
  let service = await start(0)
  const chats: Chat[] = []
  try {
    const { base } = service
    const stop = new AbortController()
    const promised: Promised[] = []
    const talks: Promise<void>[] = []

    for (let page = 1; page <= pages; page += 1) {
      const user = `dl_page${page}`
      const { token } = await generateToken(service, { id: user })
      const chat = new Chat({ domain: base, token, timeout: 5_000 }, { user, clockSpeed: 20 })
      chats.push(chat)
      await chat.reply(`Hello, ${user}.`)
      const ids = new Map<string, string>()
      promised.push({ conversation: () => chat.connection.conversationId, ids })
      talks.push(talk(stop.signal, text => sayInPage(chat, text), ids))
    }
    for (let sender = 1; sender <= senders; sender += 1) {
      const { conversationId, token } = await startConversation(service)
      const ids = new Map<string, string>()
      promised.push({ conversation: () => conversationId, ids })
      talks.push(talk(stop.signal, text => sayByFetch(base, token, conversationId, text), ids))
    }

    const acknowledged = () => promised.reduce((sum, { ids }) => sum + ids.size, 0)
    for (let kill = 1; kill <= kills; kill += 1) {
      const goal = acknowledged() + acknowledgedBetweenKills
      await eventually(`acknowledgement ${goal}`, () => acknowledged() >= goal)
      await service.kill()
      service = await start(service.port)
    }
    stop.abort()
    await Promise.all(talks)
    const turns = (await bot.received()).map(({ id }) => id)
    const repeated = turns.length - new Set(turns).size
    t.diagnostic(`${kills} kills, ${acknowledged()} messages acknowledged, ${repeated} turns taken again`)
    assert.ok(repeated > 0, 'the kills came when nothing was under way')

    for (const { conversation, ids } of promised) await checkLog(service, conversation(), ids, bot)
    for (const chat of chats) await checkSeen(service, chat)
  } finally {
    for (const chat of chats) chat.close()
    await service.kill()
    await rm(dir, { recursive: true, force: true })
  }
})

/** Says one thing after another, each until it is acknowledged. */
async function talk(
  signal: AbortSignal,
  say: (text: string) => Promise<string>,
  ids: Map<string, string>,
): Promise<void> {
  for (let number = 1; !signal.aborted; number += 1) {
    const text = `echo ${number}`
    ids.set(text, await say(text))
  }
}

/** As a page does that shows "send failed, retry": the same message again, under the same id of its own. */
function sayInPage(chat: Chat, text: string): Promise<string> {
  const clientActivityID = chat.newClientActivityId()
  return untilAcknowledged(async () => {
    const id = await chat.say(text, clientActivityID)
    return id === 'retry' ? undefined : id
  })
}

function sayByFetch(base: string, token: string, conversation: string, text: string): Promise<string> {
  const activity: SomeActivity = {
    type: 'message',
    text,
    from: { id: 'sender' },
    channelData: { clientActivityID: text },
  }
  return untilAcknowledged(async () => {
    try {
      const { status, body } = await call(base, token, 'POST', `/conversations/${conversation}/activities`, activity)
      return status === 200 ? String(body['id']) : undefined
    } catch {
      // The process is down or has just gone down: the same message again, until it is answered.
      return undefined
    }
  })
}

async function untilAcknowledged(send: () => Promise<string | undefined>): Promise<string> {
  for (let tries = 1; tries <= triesMax; tries += 1) {
    const id = await send()
    if (id !== undefined) return id
    await new Promise(resolve => setTimeout(resolve, resendAfterMs))
  }
  throw new Error(`No acknowledgement after ${triesMax} tries.`)
}

async function checkLog(
  service: Service,
  conversation: string,
  ids: ReadonlyMap<string, string>,
  bot: RealBot,
): Promise<void> {
  const { activities } = await readLog(service, conversation)
  const said = activities.filter(({ text, from }) => from?.role === 'user' && ids.has(text ?? ''))
  assert.deepEqual(
    said.map(({ text, id }) => [text, id]),
    [...ids],
  )
  assert.equal(new Set(activities.map(({ id }) => id)).size, activities.length)

  const timestamps = activities.map(({ timestamp }) => timestamp ?? '')
  assert.deepEqual(timestamps, [...new Set(timestamps)].toSorted())

  for (const message of said) {
    const replies = activities.filter(({ replyToId }) => replyToId === message.id)
    assert.ok(replies.length > 0, `no reply to ${message.id}`)
    for (const reply of replies) assert.ok(activities.indexOf(reply) > activities.indexOf(message))
  }
  const promisedToBot = (await bot.acknowledged()).filter(sent => sent.conversation === conversation)
  const kept = new Set(activities.map(({ id }) => id))
  assert.deepEqual(
    promisedToBot.filter(({ id }) => !kept.has(id)),
    [],
  )
  assert.equal(new Set(promisedToBot.map(({ id }) => id)).size, promisedToBot.length)
}

async function checkSeen(service: Service, chat: Chat): Promise<void> {
  const { activities } = await readLog(service, chat.connection.conversationId)
  const log = activities.map(({ id }) => id)
  await chat.until('all of the log', () => log.every(id => chat.seen.some(activity => activity.id === id)))
  assert.deepEqual(chat.pushed, log)
  assert.deepEqual(chat.seen.map(({ id }) => id).toSorted(), log)
}
