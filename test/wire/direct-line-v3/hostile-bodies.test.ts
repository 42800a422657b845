/**
 * JSON that comes from people who mean no good, or from clients gone wrong: kept exactly or refused, never merged into
 * anything, and the service goes on.
 */
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import fc from 'fast-check'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Call, call } from '../../support/http.ts'
import { seedOf } from '../../support/seed.ts'
import { filePart, formOf, newest, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Whatever a test has done: the service takes messages, and nothing has gone wrong inside. */
afterEach(async () => {
  await say(await startChat(app), 'still here')
  const faults = app.events.filter(({ event }) => event === 'fault')
  assert.deepEqual(faults, [])
})

const raw = (chat: Chat, body: string | Uint8Array, more: Call = {}) => post(chat, undefined, { raw: body, ...more })

test('refuses bodies that are not what they should be, and keeps nothing', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const body of [
    '{',
    '[]',
    '"x"',
    '1',
    'true',
    '{"type":"message"}{"type":"message"}',
    "{'type':'message'}",
    '\0',
    '<a/>',
  ]) {
    const { status } = await raw(chat, body)
    assert.equal(status, 400, body)
  }
  for (const body of ['{', '[]', '"x"', '1', 'true', '{}{}', '\0']) {
    for (const path of ['/conversations', '/tokens/generate']) {
      assertRefused(await call(`${app.base}${path}`, { bearer: app.secret, raw: body }), 400, 'BadArgument')
    }
  }
  assert.deepEqual(await readLog(chat), [])
})

test('refuses an activity of 300 KB, and a body of ten megabytes before it has been read', async () => {
  const chat = await startChat(app, { id: 'u1' })
  assertRefused(await post(chat, message('x'.repeat(300_000))), 413, 'MessageSizeTooBig')
  assertRefused(await post(chat, message('x'.repeat(10_000_000))), 413, 'MessageSizeTooBig')
  assertRefused(await upload(chat, { raw: new Uint8Array(10_000_000) }), 413, 'MessageSizeTooBig')
  assert.deepEqual(await readLog(chat), [])
})

test('takes JSON a hundred levels deep and refuses it deeper, wherever it is', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const within = (levels: number) => `{"type":"message","channelData":${nested(levels)}}`
  assert.equal((await raw(chat, within(99))).status, 200)
  assertRefused(await raw(chat, within(100)), 400, 'BadArgument')
  for (const body of [
    within(100_000),
    `{"type":"message","value":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
    nested(50_000),
    '['.repeat(100_000),
    '{"a":'.repeat(50_000),
  ]) {
    assertRefused(await raw(chat, body), 400, 'BadArgument')
  }
  for (const path of ['/conversations', '/tokens/generate']) {
    const answer = await call(`${app.base}${path}`, { bearer: app.secret, raw: `{"user":${nested(30_000)}}` })
    assertRefused(answer, 400, 'BadArgument')
  }
  assert.equal((await readLog(chat)).length, 1)
  assert.deepEqual((await newest(chat)).channelData, JSON.parse(nested(99)))
})

test('takes fifty thousand values and refuses more', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const values = (count: number) => `{"type":"message","channelData":[${Array(count).fill('1').join(',')}]}`
  assert.equal((await raw(chat, values(49_000))).status, 200)
  assertRefused(await raw(chat, values(50_001)), 400, 'BadArgument')
  assertRefused(
    await raw(chat, `{"type":"message","value":[${Array(60_000).fill('{}').join(',')}]}`),
    400,
    'BadArgument',
  )
})

test('refuses what is named __proto__ or carries it exactly, and never merges it into anything', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const body of [
    '{"type":"message","__proto__":{"from":{"id":"eve"},"polluted":1}}',
    '{"__proto__":{"type":"message"}}',
    '{"type":"message","from":{"__proto__":{"id":"eve"}}}',
    '{"type":"message","channelData":{"__proto__":{"polluted":1}}}',
    '{"type":"message","channelData":{"\\u005f_proto__":{"polluted":1}}}',
    '{"type":"message","attachments":[{"__proto__":{"contentUrl":"x"}}]}',
    '{"type":"message","constructor":{"prototype":{"polluted":1}}}',
    '{"type":"message","toString":"x","hasOwnProperty":"y","valueOf":1}',
  ]) {
    const { status, body: answer } = await raw(chat, body)
    assert.ok(status === 200 || status === 400, `${status}: ${body}`)
    if (status === 400) continue
    const shown = (await readLog(chat)).find(({ id }) => id === answer.id)
    for (const [name, value] of Object.entries(JSON.parse(body) as object)) assert.deepEqual(shown?.[name], value, body)
  }
  for (const path of ['/conversations', '/tokens/generate']) {
    const answer = await call(`${app.base}${path}`, { bearer: app.secret, raw: '{"__proto__":{"user":{"id":"eve"}}}' })
    assert.ok(answer.status < 500)
    const { token, ...others } = answer.body
    const told = [JSON.stringify(others), ...(token ? [Buffer.from(token.split('.')[1] ?? '', 'base64url')] : [])]
    for (const text of told) assert.doesNotMatch(String(text), /"eve"/)
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('refuses bodies that are not UTF-8', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
    const body = Buffer.concat([Buffer.from('{"type":"message","text":"'), Buffer.from(bytes), Buffer.from('"}')])
    assertRefused(await raw(chat, body), 400, 'MissingProperty')
    const user = Buffer.concat([Buffer.from('{"user":{"id":"'), Buffer.from(bytes), Buffer.from('"}}')])
    assertRefused(await call(`${app.base}/conversations`, { bearer: app.secret, raw: user }), 400, 'BadArgument')
    const form = formOf([
      filePart('a.txt', 'A'),
      { headers: ['Content-Type: application/vnd.microsoft.activity'], bytes: body },
    ])
    assertRefused(await upload(chat, form), 400, 'MissingProperty')
  }
  assert.deepEqual(await readLog(chat), [])
})

/** Texts that JSON can write and that some stores and bots can't take. */
const oddTexts = [
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udc00x',
  'x\ud83d',
  '\u2028\u2029',
  '\uffff',
  '\ufeff',
  '\u202e',
  '\u007f\u0085',
]

test('keeps NUL, lone surrogates and other odd characters exactly, in memory and in SQLite', async () => {
  await using folder = await makeFolder()
  await using durable = await startApp({ bot: bot.url, dir: folder.path })
  for (const service of [app, durable]) {
    const chat = await startChat(service, { id: 'u1' })
    for (const text of oddTexts) {
      const { status } = await post(chat, { type: 'message', text, channelData: { [text]: text } })
      assert.ok(status === 200 || status === 400, JSON.stringify(text))
      if (status === 400) continue
      const shown = await newest(chat)
      assert.equal(JSON.stringify(shown.text), JSON.stringify(text))
      assert.equal(JSON.stringify(shown.channelData), JSON.stringify({ [text]: text }))
      assert.equal(JSON.stringify(bot.of(chat.conversation, 'message').at(-1)?.text), JSON.stringify(text))
    }
  }
})

test('takes odd user ids and names as they are, or refuses them', async () => {
  for (const id of [
    ...oddTexts,
    '../../x',
    "'; DROP TABLE x; --",
    '<script>',
    '|',
    'a b',
    '__proto__',
    'constructor',
    '{"id":1}',
  ]) {
    const answer = await call(`${app.base}/conversations`, { bearer: app.secret, json: { user: { id, name: id } } })
    assert.ok(answer.status === 201 || answer.status === 400, JSON.stringify(id))
    if (answer.status !== 201) continue
    const { conversationId = '', token = '' } = answer.body
    const chat = { address: `${app.base}/conversations/${conversationId}`, token }
    assert.equal((await post(chat, { type: 'message', text: 'x' })).status, 200)
    assert.equal(JSON.stringify((await newest(chat)).from?.id), JSON.stringify(id))
  }
})

test('keeps numbers exactly, however large or long, or refuses them', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const changed: string[] = []
  for (const number of [
    '1e400',
    '-1e400',
    '1e-400',
    '12345678901234567890',
    '9007199254740993',
    '0.12345678901234567890',
  ]) {
    const { status } = await raw(chat, `{"type":"message","channelData":{"n":${number}}}`)
    assert.ok(status === 200 || status === 400, number)
    if (status === 400) continue
    const shown = /"channelData":\{"n":([^}]*)\}(?!.*"channelData")/.exec((await getPage(chat)).text)?.[1]
    if (shown !== number) changed.push(`${number} became ${shown}`)
  }
  assert.deepEqual(changed, [])
})

test('takes the last of two members of one name nowhere where it would let somebody else speak', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await raw(
    chat,
    '{"type":"message","from":{"id":"eve"},"from":{"id":"mallory"},"From":{"id":"eve"},"text":"x","text":"y"}',
  )
  const shown = await newest(chat)
  assert.equal(shown.from?.id, 'u1')
  const told = bot.requests.find(({ activity }) => activity.id === shown.id)
  assert.equal(told?.text.match(/"from"/gi)?.length, 1)
  assert.equal(told?.text.match(/"text"/gi)?.length, 1)
  assert.doesNotMatch(told?.text ?? '', /eve|mallory/)
})

test('never fails whatever JSON it is given', async t => {
  const seed = seedOf()
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  const chat = await startChat(app, { id: 'u1' })
  const names = [
    'from',
    'From',
    'text',
    'attachments',
    'entities',
    'channelData',
    'membersAdded',
    'value',
    'replyToId',
    'recipient',
    'conversation',
    'suggestedActions',
    'relatesTo',
    'name',
    'locale',
    'deliveryMode',
  ]
  const activity = fc.record({
    type: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('message', 'event', 'typing', 'invoke', 'conversationUpdate', 'trace') },
      fc.jsonValue(),
    ),
    fields: fc.dictionary(fc.constantFrom(...names), fc.jsonValue(), { maxKeys: 5 }),
  })
  await fc.assert(
    fc.asyncProperty(activity, async ({ type, fields }) => {
      const answer = await post(chat, { type, ...fields })
      if (answer.status !== 200) assert.ok(answer.status === 400 && answer.body.error?.code, answer.text)
    }),
    { numRuns: 150, seed },
  )
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async json => {
      const { status } = await call(`${app.base}/tokens/generate`, { bearer: app.secret, json })
      assert.ok(status === 200 || status === 400)
    }),
    { numRuns: 80, seed },
  )
  for (const shown of await readLog(chat)) assert.equal(shown.from?.id, 'u1')
})
