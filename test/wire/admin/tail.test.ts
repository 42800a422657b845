/**
 * The tail of the admin API: what happens, as lines of JSON.
 */
import assert from 'node:assert/strict'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { after, test } from 'node:test'
import type { TailLine } from '../../../src/protocol/admin-live.ts'
import { ask, assertAdminRefused } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { message, post, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { Changes, inTime } from '../../support/until.ts'

/** Lets the bot go on with what it has been told to wait for. */
let release: (end: number) => void = () => undefined
const bot = await startBot({
  answer: ({ text }) => {
    if (text === 'wait') return new Promise<number>(resolve => (release = resolve))
    return text === 'crash' ? { status: 500, body: 'it broke' } : 200
  },
})
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

type Tail = Disposable & {
  readonly answer: IncomingMessage
  readonly lines: readonly TailLine[]
  until<Found>(what: string, look: (lines: readonly TailLine[]) => Found | undefined | false): Promise<Found>
  readonly ended: Promise<void>
}

/** Reads a tail. Resolves when its headers, and with them the first empty line, have come. */
async function tail(query = '', service: Pick<typeof app, 'origin' | 'adminKey'> = app): Promise<Tail> {
  const headers = { authorization: `Bearer ${service.adminKey}` }
  const sent: ClientRequest = request(`${service.origin}/admin/v1/tail${query}`, { headers })
  sent.on('error', () => undefined).end()
  const answer = await inTime('the tail', new Promise<IncomingMessage>(resolve => sent.once('response', resolve)))
  const lines: TailLine[] = []
  const changes = new Changes(() => JSON.stringify(lines))
  let rest = ''
  const ended = new Promise<void>(resolve => answer.once('close', resolve))
  answer.setEncoding('utf8').on('error', () => undefined)
  answer.on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') lines.push(JSON.parse(part) as TailLine)
    changes.tell()
  })
  return {
    answer,
    lines,
    ended,
    until: (what, look) => changes.until(what, () => look(lines)),
    [Symbol.dispose]: () => void sent.destroy(),
  }
}

const turnsIn = (lines: readonly TailLine[]) => lines.flatMap(line => (line.kind === 'turn' ? [line.turn] : []))
const textsIn = (lines: readonly TailLine[]) =>
  lines.flatMap(line => (line.kind === 'record' ? [line.record.activity['text']] : []))

test('the tail is a line for each record, and one for each turn when it is over', async () => {
  using own = await tail()
  assert.equal(own.answer.statusCode, 200)
  assert.equal(own.answer.headers['content-type'], 'application/x-ndjson; charset=utf-8')
  const chat = await startChat(app, { id: 'u1' })
  for (const text of ['one', 'two']) await say(chat, text)
  await own.until('two turns', lines => turnsIn(lines).filter(({ type }) => type === 'message').length === 2)
  assert.deepEqual(textsIn(own.lines), ['one', 'two'])
  const [line] = own.lines.filter(({ kind }) => kind === 'record')
  assert.deepEqual(line?.kind === 'record' && [line.conversation, line.bot, line.record.seq], [
    chat.conversation,
    'bot',
    1,
  ])
  const turns = turnsIn(own.lines).filter(({ type }) => type === 'message')
  assert.deepEqual(
    turns.map(({ cause, outcome, exchange }) => [cause, outcome, exchange]),
    [
      [1, 'ok', undefined],
      [2, 'ok', undefined],
    ],
  )
})

test('a turn has no line before it is over', async () => {
  using own = await tail()
  const chat = await startChat(app, { id: 'u1' })
  const other = await startChat(app, { id: 'u1' })
  const waited = say(chat, 'wait')
  await own.until('the record', lines => textsIn(lines).includes('wait'))
  await say(other, 'meanwhile')
  const turnsOf = ({ conversation }: { conversation: string }) =>
    turnsIn(own.lines).filter(turn => turn.conversation === conversation && turn.type === 'message')
  await own.until('the other turn', () => turnsOf(other).length > 0)
  assert.deepEqual(turnsOf(chat), [])
  release(200)
  await waited
  await own.until('the turn', () => turnsOf(chat).length > 0)
  assert.deepEqual(
    turnsOf(chat).map(({ outcome }) => outcome),
    ['ok'],
  )
})

test('the tail is of one conversation or one bot, if that is asked for', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using one = await tail(`?conversation=${chat.conversation}`)
  using ours = await tail('?bot=bot')
  const other = await startChat(app, { id: 'u1' })
  await say(other, 'elsewhere')
  await say(chat, 'here')
  await one.until('the message', lines => textsIn(lines).length > 0)
  await ours.until('both', lines => textsIn(lines).length === 2)
  assert.deepEqual(textsIn(one.lines), ['here'])
  assert.ok(turnsIn(one.lines).every(({ conversation }) => conversation === chat.conversation))
  assertAdminRefused(await ask(app, 'GET', '/tail?bot=another'), 404, 'UnknownBot')
  assertAdminRefused(await ask(app, 'GET', '/tail?conversation=nothing'), 404, 'BadArgument')
})

test('with `failed` it is only turns that failed, with `bodies` it is what was exchanged too', async () => {
  using failed = await tail('?failed=true')
  using whole = await tail('?bodies=true')
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'good')
  await post(chat, message('crash'))
  const isCrash = ({ status }: { status?: number | undefined }) => status === 500
  await failed.until('the turn', lines => turnsIn(lines).length > 0)
  assert.deepEqual(
    failed.lines.map(line => [line.kind, line.kind === 'turn' && line.turn.outcome]),
    [['turn', 'botError']],
  )
  const turn = await whole.until('the turn', lines => turnsIn(lines).find(isCrash))
  assert.equal(turn.exchange?.status, 500)
})

test('a tail ends after the seconds that are asked for, and when the service stops', async () => {
  const { status, text } = await call(`${app.origin}/admin/v1/tail?seconds=0`, { bearer: app.adminKey })
  assert.deepEqual([status, text], [200, '\n'])
  assertAdminRefused(await ask(app, 'GET', '/tail?seconds=x'), 400, 'BadArgument')
  const other = await startApp({ bot: bot.url })
  using own = await tail('', other)
  await other.stop()
  await inTime('the end', own.ended)
  await other[Symbol.asyncDispose]()
})

test('whoever has had enough leaves nothing behind', async () => {
  await using other = await startApp({ bot: bot.url })
  for (let at = 0; at < 100; at += 1) {
    using own = await tail('', other)
    assert.equal(own.answer.statusCode, 200, `the tail ${at}`)
    own.answer.destroy()
  }
})
