/**
 * The live socket of the admin API.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationRow, LogRecord, RecordsBody } from '../../../src/protocol/admin-conversations.ts'
import type { LiveEvents, LiveMessage, LiveTopic } from '../../../src/protocol/admin-live.ts'
import type { Problem } from '../../../src/protocol/admin-problems.ts'
import { assertAdminRefused, done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { message, post, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake, type TestSocket } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot({
  onActivity: async (activity, own) => {
    if (activity.text === 'answer me') await own.reply(activity, { type: 'message', text: 'here you are' })
  },
  answer: ({ text }) => (text === 'crash' ? 500 : 200),
})
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const addressOf = ({ origin }: Pick<TestApp, 'origin'>) => `${origin.replace('http', 'ws')}/admin/v1/live`
const byKey = ({ adminKey }: Pick<TestApp, 'adminKey'>) => ({ headers: { authorization: `Bearer ${adminKey}` } })
const look = (service = app) => openSocket(addressOf(service), byKey(service))
const follow = (socket: TestSocket, id: string, topic: LiveTopic, more: object = {}) =>
  socket.send(JSON.stringify({ op: 'sub', id, topic, ...more }))

const messagesOf = (socket: TestSocket, id: string): readonly LiveMessage[] =>
  socket.frames.map(({ text }) => JSON.parse(text) as LiveMessage).filter(message => message.id === id)
const eventsOf = <Topic extends LiveTopic>(socket: TestSocket, id: string, _topic: Topic) =>
  messagesOf(socket, id).flatMap(({ events }) => events) as LiveEvents[Topic][]
const recordsOf = (socket: TestSocket, id: string): readonly LogRecord[] =>
  eventsOf(socket, id, 'records').map(({ record }) => record)
const seqsOf = (socket: TestSocket, id: string) => recordsOf(socket, id).map(({ seq }) => seq)

/** Resolves when so many records have come. */
const untilRecords = (socket: TestSocket, id: string, count: number) =>
  socket.until(`${count} records of ${id}`, () => recordsOf(socket, id).length >= count && recordsOf(socket, id))

/** Whatever was asked for before is in effect when this has been answered. */
async function settled(socket: TestSocket): Promise<void> {
  const id = `settled ${Math.random()}`
  follow(socket, id, 'problems')
  await socket.until('the list of problems', () => messagesOf(socket, id)[0])
  socket.send(JSON.stringify({ op: 'unsub', id }))
}

test('what is sent as the channel is a record too, for those who follow one log and for those who follow all', async () => {
  using socket = await look()
  const chat = await startChat(app, { id: 'u1' })
  follow(socket, 'all', 'records')
  follow(socket, 'one', 'records', { conversation: chat.conversation, after: 0 })
  await settled(socket)
  const json = { activity: { type: 'event', name: 'knock' }, as: 'channel' }
  await done(app, 'POST', `/conversations/${chat.conversation}/send`, json)
  for (const id of ['all', 'one']) {
    const [record] = await untilRecords(socket, id, 1)
    assert.deepEqual([record?.seq, record?.dir, record?.activity['name']], [1, 'channel', 'knock'])
  }
})

test('records of every conversation come as they are said, or of one bot’s', async () => {
  using socket = await look()
  follow(socket, 'all', 'records')
  follow(socket, 'ours', 'records', { bot: 'bot' })
  follow(socket, 'theirs', 'records', { bot: 'another' })
  await settled(socket)
  const chat = await startChat(app, { id: 'u1' })
  const other = await startChat(app, { id: 'u2' })
  await say(chat, 'answer me')
  await say(other, 'hello', 'u2')
  await untilRecords(socket, 'ours', 3)
  assert.deepEqual(
    eventsOf(socket, 'all', 'records').map(({ conversation, bot: of, record }) => [
      conversation,
      of,
      record.seq,
      record.dir,
      record.activity['text'],
    ]),
    [
      [chat.conversation, 'bot', 1, 'toBot', 'answer me'],
      [chat.conversation, 'bot', 2, 'fromBot', 'here you are'],
      [other.conversation, 'bot', 1, 'toBot', 'hello'],
    ],
  )
  assert.deepEqual(messagesOf(socket, 'theirs'), [])
  const { records } = (await done(app, 'GET', `/conversations/${other.conversation}/records`)) as unknown as RecordsBody
  const { turn: _, ...first } = records[0] ?? assert.fail('no record')
  assert.deepEqual(recordsOf(socket, 'all').at(-1), first)
})

test('after a cut nothing of a conversation is missing: what was said meanwhile comes first', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const seen: number[] = []
  {
    using first = await look()
    follow(first, 'log', 'records', { conversation: chat.conversation, after: 0 })
    for (let at = 1; at <= 5; at += 1) await say(chat, `t${at}`)
    await untilRecords(first, 'log', 5)
    seen.push(...seqsOf(first, 'log'))
  }
  for (let at = 6; at <= 30; at += 1) await say(chat, `t${at}`)
  using second = await look()
  follow(second, 'log', 'records', { conversation: chat.conversation, after: seen.at(-1) })
  for (let at = 31; at <= 40; at += 1) await say(chat, `t${at}`)
  await untilRecords(second, 'log', 35)
  seen.push(...seqsOf(second, 'log'))
  assert.deepEqual(
    seen,
    Array.from({ length: 40 }, (_, at) => at + 1),
  )
  assert.ok([...messagesOf(second, 'log')].every(({ dropped }) => dropped === 0))
})

test('a long log comes whole, in bounded messages, and without `after` only what is new', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await Promise.all(Array.from({ length: 1_200 }, (_, at) => say(chat, `t${at}`)))
  using socket = await look()
  follow(socket, 'new', 'records', { conversation: chat.conversation })
  follow(socket, 'log', 'records', { conversation: chat.conversation, after: 0 })
  await untilRecords(socket, 'log', 1_200)
  await say(chat, 'the newest')
  await untilRecords(socket, 'log', 1_201)
  assert.deepEqual(
    seqsOf(socket, 'log'),
    Array.from({ length: 1_201 }, (_, at) => at + 1),
  )
  await untilRecords(socket, 'new', 1)
  assert.deepEqual(seqsOf(socket, 'new'), [1_201])
  assert.ok(messagesOf(socket, 'log').every(({ events }) => events.length <= 1_000))
})

test('what comes faster than it may be told is counted, and nothing is said more often than every 100 ms', async () => {
  using socket = await look()
  follow(socket, 'all', 'records')
  await settled(socket)
  const chats = await Promise.all(Array.from({ length: 20 }, () => startChat(app, { id: 'u1' })))
  // Long ones: a message holds only so much.
  const text = 'x'.repeat(60_000)
  await Promise.all(chats.flatMap(chat => Array.from({ length: 5 }, () => say(chat, text))))
  const told = () => messagesOf(socket, 'all').reduce((sum, { events, dropped }) => sum + events.length + dropped, 0)
  await socket.until('all to be told or counted', () => told() >= 100)
  assert.equal(told(), 100)
  const messages = messagesOf(socket, 'all')
  assert.ok(messages.every(({ events }) => JSON.stringify(events).length < 2_000_000))
})

test('whoever reads nothing for a while holds up nobody, is told what is missing, and misses nothing of one log', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using slow = await look()
  follow(slow, 'log', 'records', { conversation: chat.conversation, after: 0 })
  follow(slow, 'all', 'records')
  await settled(slow)
  slow.ws.pause()
  const count = 400
  const text = 'x'.repeat(40_000)
  for (let at = 0; at < count; at += 20) await Promise.all(Array.from({ length: 20 }, () => say(chat, text)))
  slow.ws.resume()
  await untilRecords(slow, 'log', count)
  assert.deepEqual(
    seqsOf(slow, 'log'),
    Array.from({ length: count }, (_, at) => at + 1),
  )
  const told = () => messagesOf(slow, 'all').reduce((sum, { events, dropped }) => sum + events.length + dropped, 0)
  await slow.until('the rest to be counted', () => told() === count)
  assert.ok(messagesOf(slow, 'all').some(({ dropped }) => dropped > 0))
})

test('an activity that is too long is shortened, and says so', async () => {
  using socket = await look()
  const chat = await startChat(app, { id: 'u1' })
  follow(socket, 'log', 'records', { conversation: chat.conversation, after: 0 })
  await say(chat, 'long '.repeat(20_000))
  const [record] = await untilRecords(socket, 'log', 1)
  assert.ok(record !== undefined)
  assert.deepEqual([record.cut, String(record.activity['text']).length], [true, 1_000])
  assert.ok(record.bytes > 100_000)
})

test('turns come when they begin and when they end, seconds as they pass', async () => {
  using socket = await look()
  const chat = await startChat(app, { id: 'u1' })
  follow(socket, 'turns', 'turns', { conversation: chat.conversation })
  follow(socket, 'stats', 'stats')
  await settled(socket)
  await post(chat, message('crash'))
  const turn = await socket.until('the end of the turn', () =>
    eventsOf(socket, 'turns', 'turns').find(({ outcome, type }) => outcome !== 'running' && type === 'message'),
  )
  assert.deepEqual([turn.conversation, turn.cause, turn.outcome, turn.status], [chat.conversation, 1, 'botError', 500])
  assert.ok(eventsOf(socket, 'turns', 'turns').every(({ conversation }) => conversation === chat.conversation))
  const point = await socket.until('a second', () =>
    eventsOf(socket, 'stats', 'stats').find(({ failed }) => failed > 0),
  )
  assert.ok(point.in >= 1)
})

test('the list of problems comes at once, and again when it changes', async () => {
  await using broken = await startApp()
  using socket = await look(broken)
  follow(socket, 'problems', 'problems')
  const listed = () => eventsOf(socket, 'problems', 'problems') as readonly (readonly Problem[])[]
  await socket.until('the list', () => listed().length > 0)
  await startChat(broken, { id: 'u1' })
  const problems = await socket.until('a problem', () => listed().find(problems => problems.length > 0))
  assert.equal(problems[0]?.code, 'NobodyListens')
})

test('the row of a conversation comes when it starts, when something is said, and when somebody joins or leaves', async () => {
  using socket = await look()
  follow(socket, 'rows', 'conversations')
  await settled(socket)
  const chat = await startChat(app, { id: 'dl_ann' })
  const row = (fits: (row: ConversationRow) => boolean) =>
    socket.until('the row', () =>
      eventsOf(socket, 'rows', 'conversations').findLast(one => one.id === chat.conversation && fits(one)),
    )
  assert.equal((await row(() => true)).count, 0)
  const member = await openSocket(chat.streamUrl)
  await row(({ sockets, state }) => sockets === 1 && state === 'live')
  await member.close()
  await row(({ sockets, state }) => sockets === 0 && state === 'idle')
  await post(chat, message('crash', 'dl_ann'))
  assert.equal((await row(({ failed }) => failed === 1)).preview, 'crash')
})

test('a subscription ends when that is said, and another of its name takes its place', async () => {
  using socket = await look()
  const first = await startChat(app, { id: 'u1' })
  const second = await startChat(app, { id: 'u1' })
  follow(socket, 'log', 'records', { conversation: first.conversation, after: 0 })
  follow(socket, 'log', 'records', { conversation: second.conversation, after: 0 })
  follow(socket, 'gone', 'records')
  socket.send(JSON.stringify({ op: 'unsub', id: 'gone' }))
  socket.send(JSON.stringify({ op: 'unsub', id: 'never there' }))
  await settled(socket)
  await say(first, 'one')
  await say(second, 'two')
  await untilRecords(socket, 'log', 1)
  assert.deepEqual(
    recordsOf(socket, 'log').map(({ activity }) => activity['text']),
    ['two'],
  )
  assert.deepEqual(messagesOf(socket, 'gone'), [])
})

test('to follow a conversation that is not there is told, and the socket goes on', async () => {
  using socket = await look()
  for (const conversation of ['nothing-of-this-name', '../x']) {
    follow(socket, conversation, 'records', { conversation })
    const refused = await socket.until('the refusal', () => messagesOf(socket, conversation)[0])
    assert.deepEqual([refused.events, refused.error?.code], [[], 'BadArgument'])
  }
  await settled(socket)
})

test('what nobody can understand ends the socket', async () => {
  for (const frame of [
    'x',
    '[]',
    '{"op":"sub"}',
    '{"op":"sub","id":"a","topic":"secrets"}',
    '{"op":"drop","id":"a"}',
    '{"op":"sub","id":"a","topic":"records","after":-1}',
    '{"op":"sub","id":"a","topic":"records","conversation":{}}',
    `{"op":"sub","id":"${'a'.repeat(300)}","topic":"stats"}`,
  ]) {
    using socket = await look()
    socket.send(frame)
    assert.equal((await inTime('the close', socket.closed)).code, 1008, frame)
  }
  using greedy = await look()
  for (let at = 0; at < 40; at += 1) follow(greedy, `s${at}`, 'stats')
  assert.equal((await inTime('the close', greedy.closed)).code, 1008)
  using long = await look()
  long.send('x'.repeat(10_000))
  assert.equal((await inTime('the close', long.closed)).code, 1009)
})

test('the socket opens to the key, and to a cookie only for pages of our own', async () => {
  const login = await call(`${app.origin}/admin/v1/login`, { json: { key: app.adminKey } })
  const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
  using own = await openSocket(addressOf(app), { headers: { cookie, origin: app.origin } })
  await settled(own)
  const refused = (headers: Record<string, string>) => refusedHandshake(addressOf(app), { headers })
  assertAdminRefused(await refused({}), 401, 'AdminKeyNeeded')
  assertAdminRefused(await refused({ authorization: 'Bearer wrong' }), 401, 'AdminKeyNeeded')
  assertAdminRefused(await refused({ cookie, origin: 'https://evil.example' }), 403, 'ForeignOrigin')
  assertAdminRefused(await refused({ cookie }), 403, 'ForeignOrigin')
  const key = { authorization: `Bearer ${app.adminKey}` }
  assertAdminRefused(await refused({ ...key, host: 'evil.example' }), 421, 'Misdirected')
  assertAdminRefused(await call(`${app.origin}/admin/v1/live`, { bearer: app.adminKey }), 400, 'BadArgument')
  const elsewhere = await refusedHandshake(`${addressOf(app)}/x`, byKey(app))
  assert.equal(elsewhere.status, 404)
})

test('the sockets of people who chat are not disturbed by those of people who look in', async () => {
  using socket = await look()
  follow(socket, 'all', 'records')
  const chat = await startChat(app, { id: 'u1' })
  using member = await openSocket(chat.streamUrl)
  await say(chat, 'answer me')
  await member.untilText('here you are')
  await socket.until('the answer', () =>
    recordsOf(socket, 'all').some(({ activity }) => activity['text'] === 'here you are'),
  )
})

test('a stop closes the sockets of those who look in', async () => {
  const own = await startApp({ bot: bot.url })
  using socket = await look(own)
  follow(socket, 'all', 'records')
  await settled(socket)
  await own.stop()
  assert.deepEqual(await inTime('the close', socket.closed), { code: 1001, reason: 'the service is stopping' })
  await own[Symbol.asyncDispose]()
})
