/**
 * GET /conversations/{id}/activities: the log page by page.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  getPage,
  message,
  numberOf,
  post,
  readLog,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Lets the bot say things to a conversation in which something has been said. */
async function botSays(chat: Chat, activities: readonly unknown[]): Promise<void> {
  const told = await bot.until('a message', ({ of }) => of(chat.conversation, 'message')[0])
  for (const activity of activities) assert.equal((await bot.say(told, activity)).status, 200)
}

const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, at) => at + from)

test('answers an empty list and a watermark for an empty log', async () => {
  const { status, headers, text } = await getPage(await startChat(app))
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(JSON.parse(text), { activities: [], watermark: '0' })
})

test('answers what follows the watermark, ascending, and the number of the last activity as text', async () => {
  const chat = await startChat(app)
  for (const text of ['one', 'two', 'three']) await say(chat, text)
  for (const [watermark, expected] of [
    [undefined, [1, 2, 3]],
    ['0', [1, 2, 3]],
    ['1', [2, 3]],
    ['2', [3]],
    ['3', []],
  ] as const) {
    const { status, body } = await getPage(chat, watermark)
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body).sort(), ['activities', 'watermark'])
    assert.deepEqual(
      body.activities?.map(({ id }) => numberOf(id)),
      expected,
    )
    assert.equal(body.watermark, '3')
  }
})

test('shows activities as a client needs them: id, time, channel, conversation and sender on each', async () => {
  const chat = await startChat(app)
  const id = await say(chat, 'hello')
  await botSays(chat, [{ type: 'message', text: 'hi' }])
  const [user, reply] = (await getPage(chat)).body.activities ?? []
  assert.equal(user?.id, id)
  for (const shown of [user, reply]) {
    assert.match(shown?.timestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z$/)
    assert.equal(shown?.channelId, 'directline')
    assert.deepEqual(shown?.conversation, { id: chat.conversation })
    assert.equal(typeof shown?.from?.id, 'string')
  }
})

test('gives pages of 500 that meet without a seam', async () => {
  const chat = await startChat(app)
  await say(chat, 'first')
  await botSays(
    chat,
    upTo(700).map(count => ({ type: 'message', text: `${count}` })),
  )
  const first = await getPage(chat)
  assert.equal(first.body.activities?.length, 500)
  assert.equal(first.body.watermark, '500')
  const second = await getPage(chat, first.body.watermark)
  assert.equal(second.body.activities?.length, 201)
  assert.equal(second.body.watermark, '701')
  const third = await getPage(chat, second.body.watermark)
  assert.deepEqual(third.body, { activities: [], watermark: '701' })
  const log = await readLog(chat)
  assert.deepEqual(
    log.map(({ id }) => numberOf(id)),
    upTo(701),
  )
})

test('ends a page at about 1 MiB, and still gives an activity however large it is', async () => {
  const chat = await startChat(app)
  await say(chat, 'first')
  const text = 'x'.repeat(240_000)
  await botSays(
    chat,
    upTo(6).map(() => ({ type: 'message', text })),
  )
  const { body, text: page } = await getPage(chat)
  assert.ok(page.length <= 1024 * 1024 + 1_000, `${page.length} characters`)
  assert.equal(body.watermark, String(body.activities?.length))
  assert.deepEqual(
    (await readLog(chat)).map(({ id }) => numberOf(id)),
    upTo(7),
  )
})

test('shows one log to every reader: secret and token read the same', async () => {
  const chat = await startChat(app)
  await say(chat, 'hello')
  const [byToken, bySecret] = [await getPage(chat), await getPage(chat, undefined, { bearer: app.secret })]
  assert.equal(bySecret.text, byToken.text)
})

test('passes over what is meant for somebody else, and still moves the watermark on', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'hello')
  await botSays(chat, [{ type: 'suggestion', text: 'for another', recipient: { id: 'u2' }, textHighlights: [] }])
  const { body } = await getPage(chat, '1')
  assert.deepEqual(body, { activities: [], watermark: '2' })
  await botSays(chat, [{ type: 'message', text: 'for all' }])
  const next = await getPage(chat, '1')
  assert.deepEqual(
    next.body.activities?.map(({ text }) => text),
    ['for all'],
  )
})

test('never shows an empty page while something newer is there to see, however much is hidden', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'hello')
  await botSays(chat, [
    ...upTo(520).map(() => ({ type: 'suggestion', text: 'hidden', recipient: { id: 'u2' } })),
    { type: 'message', text: 'at last' },
  ])
  const { body } = await getPage(chat, '1')
  assert.deepEqual(
    body.activities?.map(({ text }) => text),
    ['at last'],
  )
  assert.equal(body.watermark, '522')
})

test('never holds typing or what only bots see', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'hello')
  assert.equal((await post(chat, { type: 'typing' })).status, 200)
  await botSays(chat, [{ type: 'typing' }, { type: 'typing', text: 'a stream' }, { type: 'trace', name: 'x' }])
  const { body } = await getPage(chat)
  assert.deepEqual(
    body.activities?.map(({ type }) => type),
    ['message'],
  )
  assert.equal(body.watermark, '1')
})

test('answers at once although nothing is there: polls are not held', async () => {
  const chat = await startChat(app)
  await say(chat, 'hello')
  const startedMs = performance.now()
  for (let times = 0; times < 10; times += 1) await getPage(chat, '1')
  assert.ok(performance.now() - startedMs < 10_000)
})

test('goes on while the bot hangs', async () => {
  const hanging = Promise.withResolvers<number>()
  await using slow = await startBot({ answer: ({ type }) => (type === 'message' ? hanging.promise : 200) })
  await using own = await startApp({ bot: slow.url })
  const chat = await startChat(own, { id: 'u1' })
  const posted = post(chat, message('hello'))
  await slow.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
  assert.equal((await getPage(chat)).body.activities?.length, 1)
  hanging.resolve(200)
  assert.equal((await posted).status, 200)
})

test('answers 404 for a conversation that does not exist, or was never started', async () => {
  const unknown = { address: `${app.base}/conversations/doesNotExist0000000001`, token: app.secret }
  assertRefused(await getPage(unknown), 404, 'BadArgument')
  assertRefused(await getPage({ ...unknown, address: `${app.base}/conversations/no%2Fid` }), 404, 'BadArgument')
  assertRefused(await getPage(await generateToken(app)), 404, 'BadArgument')
})

test('answers a token of another conversation alike, whether the one it names exists or not', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const answers = [
    await getPage({ address: other.address, token: chat.token }),
    await getPage({ address: `${app.base}/conversations/doesNotExist0000000001`, token: chat.token }),
  ]
  for (const answer of answers) assertRefused(answer, 403, 'BadArgument')
  assert.equal(answers[0]?.text, answers[1]?.text)
})

test('compares conversation ids with regard to case', async () => {
  const chat = await startChat(app)
  const swapped = chat.conversation.replace(/[a-z]/gi, at =>
    at === at.toLowerCase() ? at.toUpperCase() : at.toLowerCase(),
  )
  const address = `${app.base}/conversations/${swapped}`
  assertRefused(await getPage({ address, token: app.secret }), 404, 'BadArgument')
  assertRefused(await getPage({ address, token: chat.token }), 403, 'BadArgument')
})

test('reads watermarks as clients send them: what says nothing or cannot be read is as if not given', async () => {
  const chat = await startChat(app)
  for (const text of ['one', 'two', 'three']) await say(chat, text)
  const all = [1, 2, 3]
  for (const [watermark, expected] of [
    ['', all],
    ['-', all],
    ['0', all],
    ['0000000', all],
    ['null', all],
    ['undefined', all],
    ['garbage', all],
    ['0000a-42', all],
    ['1.5', all],
    ['-1', all],
    ['1e0', all],
    ['0x1', all],
    ['१', all],
    ['{}', all],
    ['\u0000', all],
    ['9'.repeat(400), all],
    ["1' OR '1'='1", all],
    ['1', [2, 3]],
    ['0000001', [2, 3]],
    ['3', []],
    ['4', []],
    ['4711', []],
    ['999999999999999', []],
  ] as const) {
    const { status, body } = await getPage(chat, watermark)
    assert.equal(status, 200, watermark)
    assert.deepEqual(
      body.activities?.map(({ id }) => numberOf(id)),
      expected,
      `watermark=${watermark}`,
    )
    assert.equal(body.watermark, '3', `watermark=${watermark}`)
  }
  const without = await call(`${chat.address}/activities?watermark`, { bearer: chat.token })
  assert.equal(without.body.activities?.length, 3)
  const twice = await call(`${chat.address}/activities?watermark=2&watermark=1`, { bearer: chat.token })
  assert.equal(twice.status, 200)
})

test('lets a client whose watermark is above the newest number fall back to it and miss nothing from then on', async () => {
  const chat = await startChat(app)
  await say(chat, 'one')
  const { body } = await getPage(chat, '50')
  assert.deepEqual(body, { activities: [], watermark: '1' })
  await say(chat, 'two')
  assert.deepEqual(
    (await getPage(chat, body.watermark)).body.activities?.map(({ text }) => text),
    ['two'],
  )
})
