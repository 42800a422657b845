/**
 * An activity sent again is the same activity: its `channelData.clientActivityID`, from the same sender in the same
 * conversation, is its key.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { type BotTurnEnd, startBot, type TestBot } from '../../support/bot.ts'
import { assertRefused, type Chat, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { openSocket } from '../../support/socket.ts'
import { activityPart, filePart, formOf, upload } from './form.ts'

let end: BotTurnEnd | Promise<BotTurnEnd> = 200
const bot = await startBot({ answer: ({ type }) => (type === 'conversationUpdate' ? 200 : end) })
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const keyed = (text: string, key: string, more: Readonly<Record<string, unknown>> = {}) =>
  message(text, 'u1', { channelData: { clientActivityID: key }, ...more })

/** The ids the bot has been posted, updates left out. */
const turns = (chat: Chat, by: TestBot = bot) =>
  by
    .of(chat.conversation)
    .filter(({ type }) => type !== 'conversationUpdate')
    .map(({ id }) => id)

/** Posts, and answers the id of what was accepted. */
async function accepted(chat: Chat, activity: unknown, headers: Readonly<Record<string, string>> = {}) {
  const { status, body, text } = await post(chat, activity, { headers })
  assert.equal(status, 200, text)
  return body.id
}

test('answers an activity sent again with its first id; log, sockets and bot have it once', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const ids = [
    await accepted(chat, keyed('hello', 'k')),
    await accepted(chat, keyed('hello', 'k')),
    await accepted(chat, keyed('hello', 'k')),
  ]
  assert.equal(new Set(ids).size, 1)
  await socket.untilId(await say(chat, 'then'))
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['hello', 'then'],
  )
  assert.equal((await readLog(chat)).length, 2)
  assert.equal(turns(chat).length, 2)
})

test('knows an activity again whatever has changed besides its type, name, text, value and names of attachments', async () => {
  const chat = await startChat(app)
  const first = await accepted(chat, keyed('hello', 'k'))
  for (const more of [
    { timestamp: '2026-01-01T00:00:00Z', localTimestamp: '2026-01-01T00:00:01Z' },
    { channelData: { clientActivityID: 'k', attempt: 2 } },
    { entities: [{ type: 'x' }], locale: 'de', inputHint: 'x' },
    { from: { id: 'u1', name: 'Uma' } },
  ]) {
    assert.equal(await accepted(chat, keyed('hello', 'k', more)), first, JSON.stringify(more))
  }
  assert.equal(turns(chat).length, 1)
})

test('takes other content under the same key for another activity, because clients copy channelData', async () => {
  const chat = await startChat(app)
  const attachment = (name: string) => [{ contentType: 'image/png', contentUrl: 'https://files.example/a', name }]
  const contents = [
    keyed('hello', 'k'),
    keyed('hello again', 'k'),
    keyed('hello', 'k', { type: 'event', name: 'a' }),
    keyed('hello', 'k', { type: 'event', name: 'b' }),
    keyed('hello', 'k', { value: 1 }),
    keyed('hello', 'k', { value: { a: 1 } }),
    keyed('hello', 'k', { attachments: attachment('a.png') }),
    keyed('hello', 'k', { attachments: attachment('b.png') }),
  ]
  const ids = []
  for (const content of contents) ids.push(await accepted(chat, content))
  assert.equal(new Set(ids).size, contents.length)
  const again = []
  for (const content of contents) again.push(await accepted(chat, content))
  assert.deepEqual(again, ids)
  assert.equal(turns(chat).length, contents.length)
})

test('keeps the keys of one person and conversation apart from those of all others', async () => {
  const [one, two] = [await startChat(app), await startChat(app)]
  const mine = await accepted(one, keyed('hello', 'k'))
  const theirs = await accepted(one, { ...keyed('hello', 'k'), from: { id: 'u2' } })
  const elsewhere = await accepted(two, keyed('hello', 'k'))
  assert.equal(new Set([mine, theirs, elsewhere]).size, 3)
  assert.equal(turns(one).length, 2)
  assert.equal((await readLog(one)).length, 2)
  assert.equal((await readLog(two)).length, 1)
})

test('lets nobody swallow what another will say, by guessing their key under another name', async () => {
  const open = await startChat(app)
  await accepted(open, keyed('hello', 'k', { from: { id: 'eve' } }))
  const id = await accepted(open, keyed('hello', 'k'))
  assert.equal((await readLog(open)).find(shown => shown.id === id)?.from?.id, 'u1')
})

test('takes the key of the user a token names, whatever from says', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const ids = [
    await accepted(chat, keyed('hello', 'k')),
    await accepted(chat, keyed('hello', 'k', { from: { id: 'x' } })),
  ]
  assert.equal(ids[0], ids[1])
})

test('takes everything without a key, or with one that is no text, for something new each time', async () => {
  const chat = await startChat(app)
  const contents: readonly unknown[] = [
    message('hello'),
    message('hello', 'u1', { channelData: {} }),
    message('hello', 'u1', { channelData: { clientActivityID: 7 } }),
    message('hello', 'u1', { channelData: { clientActivityID: null } }),
    message('hello', 'u1', { channelData: { clientActivityID: '' } }),
    message('hello', 'u1', { channelData: 'clientActivityID' }),
    message('hello', 'u1', { channelData: [] }),
  ]
  for (const content of contents) {
    assert.notEqual(await accepted(chat, content), await accepted(chat, content), JSON.stringify(content))
  }
})

test('lets a second one wait for the outcome of the first while that is in its turn: one turn, one answer', async () => {
  for (const outcome of [200, 500]) {
    const held = Promise.withResolvers<BotTurnEnd>()
    end = held.promise
    const chat = await startChat(app, { id: 'u1' })
    using socket = await openSocket(chat.streamUrl)
    const all = [post(chat, keyed('hello', 'k')), post(chat, keyed('hello', 'k'))]
    await bot.until('the turn', () => turns(chat).length === 1)
    all.push(post(chat, keyed('hello', 'k')))
    const other = post(chat, keyed('other content', 'k'))
    await socket.untilText('other content')
    held.resolve(outcome)
    const answers = await Promise.all(all)
    await other
    end = 200
    for (const answer of answers) {
      assert.equal(answer.text, answers[0]?.text)
      if (outcome === 500) assertRefused(answer, 502, 'BotError', 500)
      else assert.equal(answer.status, 200)
    }
    assert.deepEqual(
      (await readLog(chat)).map(({ text }) => text),
      ['hello', 'other content'],
    )
    assert.equal(turns(chat).length, 2)
  }
})

test('gives an activity whose turn failed one more turn under the same id, and none once it has been accepted', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const activity = keyed('hello', 'k')
  for (const status of [500, 403, 'drop'] as const) {
    end = status
    assertRefused(await post(chat, activity), 502, 'BotError', status === 'drop' ? 504 : status)
  }
  end = 200
  const id = await accepted(chat, activity)
  assert.deepEqual(turns(chat), [id, id, id, id])
  assert.equal(await accepted(chat, activity), id)
  assert.equal(turns(chat).length, 4)
  assert.equal((await readLog(chat)).length, 1)
  await socket.untilId(await say(chat, 'then'))
  assert.equal(socket.activities.length, 2)
  const [first, ...rest] = bot.of(chat.conversation, 'message').slice(0, 4)
  for (const again of rest) assert.deepEqual(again, first, 'the bot is sent the same again')
})

test('gives events, invokes and every other kept type the same treatment', async () => {
  const chat = await startChat(app)
  for (const type of ['event', 'invoke', 'endOfConversation', 'myOwnType']) {
    const activity = keyed('hello', `key of ${type}`, { type, name: 'a name', value: { x: [1, { y: null }] } })
    assert.equal(await accepted(chat, activity), await accepted(chat, activity), type)
  }
  assert.equal(turns(chat).length, 4)
})

test('knows an upload again', async () => {
  const chat = await startChat(app)
  const form = () =>
    formOf([
      activityPart(keyed('files', 'k', { attachments: [{ name: 'a.txt', contentType: 'text/plain' }] })),
      filePart('a.txt', 'A'),
    ])
  const ids = [(await upload(chat, form())).body.id, (await upload(chat, form())).body.id]
  assert.ok(ids[0])
  assert.equal(ids[1], ids[0])
  assert.equal(turns(chat).length, 1)
  assert.equal((await readLog(chat)).length, 1)
})

test('takes an Idempotency-Key in place of the activity’s own', async () => {
  const chat = await startChat(app)
  const headers = { 'idempotency-key': 'from the header' }
  const id = await accepted(chat, message('hello'), headers)
  assert.equal(await accepted(chat, message('hello'), headers), id)
  assert.equal(await accepted(chat, keyed('hello', 'another'), headers), id)
  assert.notEqual(await accepted(chat, message('hello'), { 'idempotency-key': 'another' }), id)
  assert.notEqual(await accepted(chat, message('hello')), id)
})

test('has every activity exactly once though every sender repeats every post while the bot fails now and then', async () => {
  let count = 0
  const answer = () => {
    count += 1
    return count % 3 === 0 ? 503 : 200
  }
  await using flaky = await startBot({ answer })
  await using own = await startApp({ bot: flaky.url })
  const chat = await startChat(own)
  const send = async (text: string): Promise<string | undefined> => {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const answers = await Promise.all([post(chat, keyed(text, text)), post(chat, keyed(text, text))])
      const good = answers.find(({ status }) => status === 200)
      if (good !== undefined) return good.body.id
    }
    return undefined
  }
  const texts = Array.from({ length: 25 }, (_, at) => `message ${at}`)
  const ids = await Promise.all(texts.map(send))
  const log = await readLog(chat)
  assert.deepEqual(log.map(({ text }) => text).sort(), [...texts].sort())
  assert.deepEqual(new Set(ids), new Set(log.map(({ id }) => id)))
})

/** The chat as it is reached after a restart. */
const moved = (chat: Chat, from: TestApp, to: TestApp): Chat => ({
  ...chat,
  address: chat.address.replace(from.origin, to.origin),
})

test('knows over a restart what was accepted and what was not', async () => {
  await using folder = await makeFolder()
  const first = await startApp({ bot: bot.url, dir: folder.path })
  const chat = await startChat(first)
  const good = await accepted(chat, keyed('good', 'k1'))
  end = 500
  assertRefused(await post(chat, keyed('bad', 'k2')), 502, 'BotError', 500)
  end = 200
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir: folder.path })
  const again = moved(chat, first, second)
  assert.equal(await accepted(again, keyed('good', 'k1')), good)
  assert.equal(turns(chat).length, 2)
  const bad = await accepted(again, keyed('bad', 'k2'))
  assert.deepEqual(turns(chat), [good, bad, bad])
  assert.equal(await accepted(again, keyed('bad', 'k2')), bad)
  assert.equal(turns(chat).length, 3)
  assert.equal((await readLog(again)).length, 2)
})
