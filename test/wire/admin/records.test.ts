/**
 * The log and the turns of a conversation in the admin API.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RecordsBody, TurnBody } from '../../../src/protocol/admin-conversations.ts'
import { ask, assertAdminRefused, done, recordsOf } from '../../support/admin.ts'
import { message, post, say } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { botSays, openTalk, startTalk, type Talk } from '../../support/talk.ts'

const talk = await startTalk({
  bot: {
    onActivity: async (activity, bot) => {
      if (activity.text === 'answer me') await bot.reply(activity, { type: 'message', text: 'here you are' })
    },
    answer: ({ text }) => (text === 'crash' ? { status: 500, body: 'TypeError: nothing is there' } : 200),
  },
})
after(() => talk[Symbol.asyncDispose]())
const { app, bot } = talk

const records = (of: Talk, query?: string) => recordsOf(app, of, query)
const textsOf = ({ records }: RecordsBody) => records.map(({ activity }) => activity['text'])
const seqsOf = ({ records }: RecordsBody) => records.map(({ seq }) => seq)

test('a record is an entry of the log with its way, its size and its turn', async () => {
  const own = await openTalk(app, bot)
  await say(own, 'answer me')
  const { records: all, turns, next, previous } = await records(own)
  assert.deepEqual(
    all.map(({ seq, dir, cut, activity }) => [seq, dir, cut, activity['text']]),
    [
      [1, 'toBot', false, 'answer me'],
      [2, 'fromBot', false, 'here you are'],
    ],
  )
  assert.deepEqual([next, previous], [undefined, undefined])
  const [turn] = turns
  assert.deepEqual(
    turns.map(({ cause, replies, outcome, status }) => [cause, replies, outcome, status]),
    [[1, [2], 'ok', 200]],
  )
  assert.deepEqual(
    all.map(record => record.turn),
    [turn?.id, turn?.id],
  )
  for (const { activity, bytes, at } of all) {
    assert.equal(bytes, Buffer.byteLength(JSON.stringify(activity)))
    assert.equal(at, activity['timestamp'])
  }
})

test('bytes are those of UTF-8, and numbers come as they were said', async () => {
  const own = await openTalk(app, bot)
  const said = '{"type":"message","text":"ä€😀\\ud800","from":{"id":"u1"},"value":{"n":12345678901234567890.10}}'
  const headers = { 'content-type': 'application/json' }
  assert.equal((await call(`${own.address}/activities`, { bearer: own.token, raw: said, headers })).status, 200)
  const { text, body } = await ask(app, 'GET', `/conversations/${own.conversation}/records`)
  const [record] = (body as unknown as RecordsBody).records
  const stored = /"activity":(\{.*\}),"turn"/.exec(text)?.[1] ?? assert.fail(text)
  assert.ok(stored.includes('12345678901234567890.10'), stored)
  assert.equal(record?.bytes, Buffer.byteLength(stored))
})

test('a log is read forwards and backwards, from any place, and says where it goes on', async () => {
  const own = await openTalk(app, bot)
  for (let at = 1; at <= 7; at += 1) await say(own, `t${at}`)
  const read = async (query: string) => {
    const body = await records(own, query)
    return [seqsOf(body), body.previous, body.next]
  }
  assert.deepEqual(await read(''), [[1, 2, 3, 4, 5, 6, 7], undefined, undefined])
  assert.deepEqual(await read('?limit=3'), [[5, 6, 7], 5, undefined])
  assert.deepEqual(await read('?before=5&limit=3'), [[2, 3, 4], 2, 4])
  assert.deepEqual(await read('?before=2&limit=3'), [[1], undefined, 1])
  assert.deepEqual(await read('?after=0&limit=3'), [[1, 2, 3], undefined, 3])
  assert.deepEqual(await read('?after=3&limit=3'), [[4, 5, 6], 4, 6])
  assert.deepEqual(await read('?after=6'), [[7], 7, undefined])
  assert.deepEqual(await read('?after=7'), [[], undefined, undefined])
  for (const query of ['?after=1&before=3', '?after=-1', '?before=x', '?limit=0'])
    assertAdminRefused(await ask(app, 'GET', `/conversations/${own.conversation}/records${query}`), 400, 'BadArgument')
})

test('what has given way stays in sight, what has been deleted keeps its place but not its content', async () => {
  const own = await openTalk(app, bot)
  const first = await botSays(own, 'one')
  const second = await botSays(own, 'two')
  const change = (id: string, method: string, json?: unknown) =>
    call(`${own.connector}/activities/${encodeURIComponent(id)}`, { method, ...(json === undefined ? {} : { json }) })
  assert.equal((await change(first, 'PUT', { type: 'message', text: 'one, better' })).status, 200)
  assert.equal((await change(second, 'DELETE')).status, 200)
  const body = await records(own)
  assert.deepEqual(textsOf(body), ['one', undefined, 'one, better', undefined])
  assert.deepEqual(
    body.records.map(({ seq, state, of }) => [seq, state, of]),
    [
      [1, 'replaced', undefined],
      [2, 'erased', undefined],
      [3, undefined, 1],
      [4, undefined, 2],
    ],
  )
  assert.deepEqual(body.records[1]?.activity, {})
  assert.equal(body.records[3]?.activity['type'], 'messageDelete')
})

test('a turn is shown with what went to the bot and came back, and only in its own conversation', async () => {
  const own = await openTalk(app, bot)
  assert.equal((await post(own, message('crash'))).status, 502)
  const [turn] = (await records(own)).turns
  const path = (conversation: string) => `/conversations/${conversation}/turns/${turn?.id}`
  const whole = (await done(app, 'GET', path(own.conversation))) as unknown as TurnBody
  assert.deepEqual([whole.outcome, whole.status, whole.problem, whole.cause], ['botError', 500, 'BotThrew', 1])
  assert.equal(whole.exchange?.status, 500)
  const other = await openTalk(app, bot)
  assertAdminRefused(await ask(app, 'GET', path(other.conversation)), 404, 'UnknownTurn')
  assertAdminRefused(await ask(app, 'GET', `/conversations/${own.conversation}/turns/none`), 404, 'UnknownTurn')
})

test('one answer holds no more than it may, however long what was said is', async () => {
  const own = await openTalk(app, bot)
  const long = 'x'.repeat(200_000)
  for (let at = 1; at <= 25; at += 1) await say(own, `${at} ${long}`)
  const body = await records(own, '?after=0&limit=500')
  assert.ok(body.records.length < 25 && body.records.length > 10, String(body.records.length))
  assert.equal(body.next, body.records.length)
  assert.deepEqual(seqsOf(await records(own, `?after=${body.next}`)).at(-1), 25)
})
