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
import { freePort } from '../support/ports.ts'
import { type RealBot, startBotbuilderBot } from './bots/start.ts'
import type { SomeActivity } from './bots/wire.ts'
import { Chat } from './support/chat.ts'
import { call, generateToken, readLog, type Service, startConversation } from './support/rest.ts'

const kills = 6
const pages = 3
const senders = 3
/** How many more messages are acknowledged before the next kill: enough that some are under way when it comes. */
const acknowledgedBetweenKills = 12

const resendAfterMs = 100
const triesMax = 200

/** One who talks, and what they were promised. */
type Talker = {
  readonly conversation: () => string
  /** Says a thing once, and answers its id if it was acknowledged. */
  readonly say: (text: string, clientActivityID: string) => Promise<string | undefined>
  /** Text → id, in the order in which things were said. */
  readonly promised: Map<string, string>
}

test('keeps every acknowledged activity once and in order through kills, and every client catches up by itself', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-kill-'))
  await using bot = await startBotbuilderBot()
  const start = (port: number) => startProcess({ args: ['--port', String(port), '--bot', bot.url, '--dir', dir] })
  let service = await start(await freePort())
  const chats: Chat[] = []
  try {
    const talkers: Talker[] = []
    for (let page = 1; page <= pages; page += 1) talkers.push(await talkerInPage(service, `dl_page${page}`, chats))
    for (let sender = 1; sender <= senders; sender += 1) talkers.push(await talkerByFetch(service))

    const count = new Countdown()
    const stop = new AbortController()
    const talks = Promise.all(talkers.map(talker => talk(talker, stop.signal, count)))
    for (let kill = 1; kill <= kills; kill += 1) {
      await Promise.race([count.from(acknowledgedBetweenKills), talks])
      await service.kill()
      service = await start(service.port)
    }
    stop.abort()
    await talks

    const turns = (await bot.received()).map(({ id }) => id)
    const repeated = turns.length - new Set(turns).size
    const acknowledged = talkers.reduce((sum, { promised }) => sum + promised.size, 0)
    t.diagnostic(`${kills} kills, ${acknowledged} messages acknowledged, ${repeated} turns taken again`)
    assert.ok(repeated > 0, 'the kills came when nothing was under way')

    for (const talker of talkers) await checkLog(service, talker, bot)
    for (const chat of chats) await checkSeen(service, chat)
  } finally {
    for (const chat of chats) chat.close()
    await service.kill()
    await rm(dir, { recursive: true, force: true })
  }
})

/** Counts acknowledgements, so that a kill can come in the very moment in which one arrives. */
class Countdown {
  #left = 0
  #reached: (() => void) | undefined

  /** Resolves with the `acknowledgements`-th from now. */
  from(acknowledgements: number): Promise<void> {
    this.#left = acknowledgements
    return new Promise(resolve => {
      this.#reached = resolve
    })
  }

  down(): void {
    this.#left -= 1
    if (this.#left === 0) this.#reached?.()
  }
}

/** Says one thing after another, each again and again under the same id of its own until it is acknowledged. */
async function talk({ say, promised }: Talker, signal: AbortSignal, count: Countdown): Promise<void> {
  for (let number = 1; !signal.aborted; number += 1) {
    const text = `echo ${number}`
    const clientActivityID = `own id of ${text}`
    for (let tries = 1; !promised.has(text); tries += 1) {
      assert.ok(tries <= triesMax, `${text} was never acknowledged`)
      const id = await say(text, clientActivityID)
      if (id === undefined) await new Promise(resolve => setTimeout(resolve, resendAfterMs))
      else promised.set(text, id)
    }
    count.down()
  }
}

async function talkerInPage(service: Service, user: string, chats: Chat[]): Promise<Talker> {
  const { token } = await generateToken(service, { id: user })
  const chat = new Chat({ domain: service.base, token, timeout: 5_000 }, { user, clockSpeed: 20 })
  chats.push(chat)
  await chat.reply(`Hello, ${user}.`)
  return {
    conversation: () => chat.connection.conversationId,
    say: async (text, clientActivityID) => {
      const id = await chat.say(text, clientActivityID)
      return id === 'retry' ? undefined : id
    },
    promised: new Map(),
  }
}

async function talkerByFetch(service: Service): Promise<Talker> {
  const { conversationId, token } = await startConversation(service)
  const { base } = service
  return {
    conversation: () => conversationId,
    say: async (text, clientActivityID) => {
      const activity: SomeActivity = {
        type: 'message',
        text,
        from: { id: 'sender' },
        channelData: { clientActivityID },
      }
      try {
        const { status, body } = await call(
          base,
          token,
          'POST',
          `/conversations/${conversationId}/activities`,
          activity,
        )
        return status === 200 ? String(body['id']) : undefined
      } catch {
        // The process is down or has just gone down: whoever talks says it again.
        return undefined
      }
    },
    promised: new Map(),
  }
}

async function checkLog(service: Service, { conversation, promised }: Talker, bot: RealBot): Promise<void> {
  // Asked before the log is read: a reply that the bot sends again may be taken in between.
  const promisedToBot = (await bot.acknowledged()).filter(sent => sent.conversation === conversation())
  const { activities } = await readLog(service, conversation())
  const said = activities.filter(({ text, from }) => from?.role === 'user' && promised.has(text ?? ''))
  assert.deepEqual(
    said.map(({ text, id }) => [text, id]),
    [...promised],
  )
  assert.equal(new Set(activities.map(({ id }) => id)).size, activities.length)

  const timestamps = activities.map(({ timestamp }) => timestamp ?? '')
  assert.deepEqual(timestamps, [...new Set(timestamps)].toSorted())

  for (const message of said) {
    const replies = activities.filter(({ replyToId }) => replyToId === message.id)
    assert.ok(replies.length > 0, `no reply to ${message.id}`)
    for (const reply of replies) assert.ok(activities.indexOf(reply) > activities.indexOf(message))
  }
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
