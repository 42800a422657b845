/**
 * One order for everybody: over sockets, polls and the bot; past and present meet without a seam; and what is only
 * shown stands in the same order without ever being kept.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import {
  type Chat,
  chatOf,
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
import type { WireActivity } from '../../support/http.ts'
import { seedOf } from '../../support/seed.ts'
import { openSocket, type TestSocket } from '../../support/socket.ts'

const bot = await startBot({
  onActivity: async (activity, own) => {
    const replies = /^replies (\d+)$/.exec(activity.text ?? '')?.[1]
    for (let count = 0; count < Number(replies ?? 0); count += 1) {
      await own.reply(activity, { type: 'message', text: `reply ${count}` })
    }
  },
})
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Numbers from 0 to below 1 that are the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const numbers = (activities: readonly WireActivity[]) => activities.map(({ id }) => numberOf(id))
const upTo = (last: number, after = 0) => Array.from({ length: last - after }, (_, at) => after + at + 1)

/** Reads page after page, as clients that poll do, until it has been told to stop and has read everything. */
async function poll(chat: Chat, goOn: () => boolean): Promise<readonly WireActivity[]> {
  const read: WireActivity[] = []
  let watermark = ''
  for (;;) {
    const isLast = !goOn()
    const { body } = await getPage(chat, watermark)
    read.push(...(body.activities ?? []))
    watermark = body.watermark ?? watermark
    if (isLast && body.activities?.length === 0) return read
  }
}

/** A burst of posts from several senders and of replies, with sockets and polls that come at random moments. */
async function burst(service: TestApp, own: TestBot, seed: number): Promise<void> {
  const random = seeded(seed)
  const chat = await startChat(service)
  const sockets: { readonly socket: TestSocket; readonly after: number; ids?: number[] }[] = []
  let isOver = false
  const polls = [poll(chat, () => !isOver), poll(chat, () => !isOver)]
  const sent: Promise<unknown>[] = []
  const opened: Promise<unknown>[] = []
  const open = async () => {
    const watermark = random() < 0.5 ? '-' : String(Math.floor(random() * 40))
    const url = new URL((await reconnect(chat, watermark)).body.streamUrl ?? '')
    const socket = await openSocket(url.href)
    sockets.push({ socket, after: Number(url.searchParams.get('watermark')) })
  }
  for (let step = 0; step < 60; step += 1) {
    const dice = random()
    if (dice < 0.2 && opened.length < 14) opened.push(open())
    else sent.push(post(chat, message(dice < 0.4 ? 'replies 2' : `step ${step}`, `u${Math.floor(random() * 4)}`)))
    if (random() < 0.3) await Promise.race([sent.at(-1), opened.at(-1)])
  }
  await Promise.all([...sent, ...opened])
  isOver = true
  const log = await readLog(chat)
  const last = log.length
  const why = `seed ${seed}`
  assert.deepEqual(numbers(log), upTo(last), why)
  for (const read of await Promise.all(polls)) assert.deepEqual(read, log, why)
  for (const { socket, after } of sockets) {
    await socket.until('everything', ({ activities }) => activities.length >= last - after)
    assert.deepEqual(numbers(socket.activities), upTo(last, after), why)
    assert.deepEqual(socket.activities, log.slice(after), why)
    socket[Symbol.dispose]()
  }
  assert.ok(sockets.length > 3, why)
  const ids = new Set(own.of(chat.conversation, 'message').map(({ id }) => id))
  const told = own.of(chat.conversation, 'message').map(({ id }) => id)
  assert.equal(told.length, ids.size, why)
  assert.deepEqual(
    told,
    log.filter(({ from }) => from?.role === 'user').map(({ id }) => id),
    why,
  )
  const timestamps = log.map(({ timestamp }) => Date.parse(timestamp ?? ''))
  assert.ok(
    timestamps.every((each, at) => at === 0 || each > (timestamps[at - 1] ?? 0)),
    why,
  )
  for (const { text, id, replyToId } of log) {
    if (text?.startsWith('reply ')) assert.ok(numberOf(id) > numberOf(replyToId), why)
  }
}

test('shows every socket and every poll one order, each activity exactly once, whenever they come', async t => {
  const first = seedOf()
  t.diagnostic(`LANDLINE_SEED=${first}`)
  for (let seed = first; seed < first + 4; seed += 1) await burst(app, bot, seed)
})

test('does so on SQLite too', async t => {
  await using folder = await makeFolder()
  await using own = await startApp({ bot: bot.url, dir: folder.path })
  const first = seedOf()
  t.diagnostic(`LANDLINE_SEED=${first}`)
  for (let seed = first; seed < first + 2; seed += 1) await burst(own, bot, seed)
})

test('resumes exactly from any watermark it has ever given, on a socket as by polls', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  for (let count = 0; count < 6; count += 1) await say(chat, 'replies 1')
  await socket.until('everything', ({ activities }) => activities.length === 12)
  for (const { watermark } of socket.sets) {
    const expected = upTo(12, Number(watermark))
    const url = new URL(chat.streamUrl)
    url.searchParams.set('watermark', watermark ?? '')
    using resumed = await openSocket(url.href)
    await resumed.until('the rest', ({ activities }) => activities.length >= expected.length)
    assert.deepEqual(numbers(resumed.activities), expected)
    assert.deepEqual(numbers((await getPage(chat, watermark)).body.activities ?? []), expected)
  }
})

test("puts a sender's next activity after the one that was acknowledged, and a reply after what it answers", async () => {
  const chat = await startChat(app)
  const ids = []
  for (let count = 0; count < 10; count += 1) ids.push(await say(chat, count % 2 === 0 ? 'replies 1' : 'no reply'))
  const sorted = [...ids].sort((a, b) => numberOf(a) - numberOf(b))
  assert.deepEqual(ids, sorted)
  for (const { id, replyToId } of await readLog(chat)) {
    if (replyToId !== undefined) assert.ok(numberOf(id) > numberOf(replyToId))
  }
})

test('gives timestamps that strictly increase, even when the clock goes back', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own)
  using socket = await openSocket(chat.streamUrl)
  for (const ms of [0, -5_000, -3_600_000, 0, 1_000, -1]) {
    own.advanceClock(ms)
    await Promise.all([say(chat, 'replies 2'), say(chat, 'at once'), say(chat, 'at once too')])
    await post(chat, { type: 'typing', from: { id: 'u1' } })
  }
  const log = await readLog(chat)
  assert.equal(log.length, 30)
  await socket.until('everything', ({ activities }) => activities.length === 36)
  for (const activities of [log, socket.activities.filter(({ type }) => type === 'message')]) {
    const times = activities.map(({ timestamp }) => Date.parse(timestamp ?? ''))
    assert.ok(
      times.every((each, at) => at === 0 || each > (times[at - 1] ?? 0)),
      JSON.stringify(times),
    )
  }
  const told = bot.of(chat.conversation, 'message')
  for (const { id, timestamp } of told) assert.equal(timestamp, log.find(shown => shown.id === id)?.timestamp)
})

test('gives timestamps that increase over a restart, even when the clock has gone back meanwhile', async () => {
  await using folder = await makeFolder()
  const first = await startApp({ bot: bot.url, dir: folder.path })
  const chat = await startChat(first)
  first.advanceClock(60_000)
  await say(chat, 'before')
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir: folder.path })
  const again = { ...chat, address: chat.address.replace(first.origin, second.origin) }
  await say(again, 'after')
  const [before, later] = await readLog(again)
  assert.deepEqual([numberOf(before?.id), numberOf(later?.id)], [1, 2])
  assert.ok(Date.parse(later?.timestamp ?? '') > Date.parse(before?.timestamp ?? ''))
})

test('shows typing in order with everything else, without a watermark, under ids of its own', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  await say(chat, 'first')
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  const ids: (string | undefined)[] = []
  for (let count = 0; count < 30; count += 1) {
    const activity = count % 3 === 2 ? { type: 'message', text: `${count}` } : { type: 'typing' }
    const by = count % 2 === 0 ? bot.say(told, activity) : post(chat, { ...activity, from: { id: 'u1' } })
    ids.push((await by).body.id)
  }
  await socket.until('everything', ({ activities }) => activities.length === 31)
  assert.deepEqual(
    socket.activities.slice(1).map(({ id }) => id),
    ids,
  )
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual([...ids].sort(), ids, 'ids sort as text in the order they were given')
  for (const { activities, watermark } of socket.sets) {
    if (activities.some(({ type }) => type === 'typing')) assert.ok(watermark === undefined || watermark === null)
    else assert.equal(watermark, String(numberOf(activities.at(-1)?.id)))
  }
  const log = await readLog(chat)
  assert.deepEqual(
    log.map(({ type }) => type),
    Array<string>(11).fill('message'),
  )
  assert.deepEqual(numbers(log), upTo(11))
})

test('shows typing only to sockets that are open at that moment', async () => {
  const chat = await startChat(app)
  using early = await openSocket(chat.streamUrl)
  await say(chat, 'first')
  assert.equal((await post(chat, { type: 'typing', from: { id: 'u1' } })).status, 200)
  await early.until('typing', ({ activities }) => activities.some(({ type }) => type === 'typing'))
  using late = await openSocket(chat.streamUrl)
  await say(chat, 'second')
  await late.untilText('second')
  assert.deepEqual(
    late.activities.map(({ type }) => type),
    ['message', 'message'],
  )
})

test('gives every window of a conversation the same activities, down to the letter', async () => {
  const chat = await startChat(app)
  const other = chatOf(app, await reconnect(chat, undefined, { bearer: app.secret }))
  using one = await openSocket(chat.streamUrl)
  using two = await openSocket(other.streamUrl)
  await say(chat, 'replies 3')
  await Promise.all([one, two].map(socket => socket.untilText('reply 2')))
  const { activities } = (await getPage(other)).body
  assert.deepEqual(one.activities, activities)
  assert.deepEqual(two.activities, activities)
  assert.equal(JSON.stringify(one.activities), JSON.stringify(activities))
})
