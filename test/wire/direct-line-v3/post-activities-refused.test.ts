/**
 * POST /conversations/{id}/activities: what is refused, and that nothing of it is kept.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, generateToken, message, post, readLog, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('refuses an activity that nobody has sent as MissingProperty', async () => {
  const chat = await startChat(app)
  for (const activity of [
    { type: 'message', text: 'x' },
    { type: 'message', from: null },
    { type: 'message', from: {} },
    { type: 'message', from: { id: '' } },
    { type: 'message', from: { id: null } },
    { type: 'message', from: { name: 'Uma' } },
  ]) {
    assertRefused(await post(chat, activity), 400, 'MissingProperty')
  }
  assert.deepEqual(await readLog(chat), [])
})

test('refuses a body that is missing or unreadable, or has no type, as MissingProperty', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const raw of [
    '',
    '   ',
    'null',
    '{"type":"message"',
    'type=message',
    '<activity/>',
    '{}',
    '{"type":""}',
    '{"type":null}',
  ]) {
    assertRefused(await post(chat, undefined, { raw, method: 'POST' }), 400, 'MissingProperty')
  }
  assert.deepEqual(await readLog(chat), [])
})

test('refuses a field of the wrong type as BadArgument, and keeps nothing', async () => {
  const chat = await startChat(app, { id: 'u1' })
  for (const activity of [
    [],
    [message('one of a list')],
    'text',
    7,
    { type: 7 },
    { type: {} },
    { type: 'message', text: 7 },
    { type: 'message', text: {} },
    { type: 'message', from: 'u1' },
    { type: 'message', from: [] },
    { type: 'message', from: { id: 7 } },
    { type: 'message', from: { id: 'u1', name: {} } },
    { type: 'message', attachments: {} },
    { type: 'message', attachments: ['x'] },
    { type: 'message', attachments: [{ contentUrl: 7 }] },
    { type: 'message', entities: 'x' },
    { type: 'message', suggestedActions: [] },
    { type: 'message', locale: 7 },
    { type: 'message', replyToId: {} },
    { type: 'message', conversation: 'x' },
    { type: 'message', recipient: 5 },
    { type: 'event', name: 7 },
    { type: 'conversationUpdate', membersAdded: {} },
    { type: 'conversationUpdate', membersAdded: [{ id: 7 }] },
  ]) {
    assertRefused(await post(chat, activity), 400, 'BadArgument')
  }
  assert.deepEqual(await readLog(chat), [])
  assert.equal(bot.of(chat.conversation, 'message').length, 0)
})

test('takes null for every field as if it were absent', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const nothing = {
    text: null,
    from: null,
    attachments: null,
    entities: null,
    locale: null,
    name: null,
    membersAdded: null,
  }
  assert.equal((await post(chat, { type: 'message', ...nothing })).status, 200)
})

test('refuses what is over a limit as BadArgument, and takes what is at it', async () => {
  const chat = await startChat(app)
  const attachment = { contentType: 'image/png', contentUrl: 'https://files.example/a.png' }
  for (const [good, bad] of [
    [{ from: { id: 'u'.repeat(256) } }, { from: { id: 'u'.repeat(257) } }],
    [{ from: { id: 'u1', name: 'n'.repeat(256) } }, { from: { id: 'u1', name: 'n'.repeat(257) } }],
    [{ type: 't'.repeat(64) }, { type: 't'.repeat(65) }],
    [{ locale: 'l'.repeat(64) }, { locale: 'l'.repeat(65) }],
    [{ channelData: { clientActivityID: 'c'.repeat(256) } }, { channelData: { clientActivityID: 'c'.repeat(257) } }],
    [{ attachments: Array(50).fill(attachment) }, { attachments: Array(51).fill(attachment) }],
  ]) {
    assert.equal((await post(chat, { ...message('good'), ...good })).status, 200, JSON.stringify(good))
    assertRefused(await post(chat, { ...message('bad'), ...bad }), 400, 'BadArgument')
  }
  assert.equal((await readLog(chat)).length, 6)
})

test('takes an activity of 256 Ki characters and refuses a longer one as MessageSizeTooBig', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const rest = JSON.stringify({ type: 'message', text: '' }).length
  const activity = (characters: number) => ({ type: 'message', text: 'ü'.repeat(characters - rest) })
  assert.equal((await post(chat, activity(256 * 1024))).status, 200)
  assertRefused(await post(chat, activity(256 * 1024 + 1)), 413, 'MessageSizeTooBig')
  assertRefused(await post(chat, { type: 'message', text: 'x'.repeat(1_100_000) }), 413, 'MessageSizeTooBig')
  assert.equal((await readLog(chat)).length, 1)
  assert.equal((await post(chat, message('still here'))).status, 200)
})

test('answers 404 before anything that is wrong with what was sent', async () => {
  const unknown = { address: `${app.base}/conversations/AAAAAAAAAAAAAAAAAAAAAA`, token: app.secret }
  for (const chat of [unknown, await generateToken(app)]) {
    for (const raw of [
      '',
      '{bad',
      '{}',
      '{"type":"message","text":5}',
      '{"type":"message"}',
      `"${'x'.repeat(300_000)}"`,
    ])
      assertRefused(await post(chat, undefined, { raw, method: 'POST' }), 404, 'BadArgument')
    for (const raw of ['', 'x']) {
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      const upload = await call(`${chat.address}/upload?userId=u`, { method: 'POST', bearer: chat.token, raw, headers })
      assertRefused(upload, 404, 'BadArgument')
    }
  }
})

test('answers 404 for a conversation that does not exist, or was never started', async () => {
  const unknown = { address: `${app.base}/conversations/doesNotExist0000000001`, token: app.secret }
  assertRefused(await post(unknown, message('hello')), 404, 'BadArgument')
  assertRefused(await post(await generateToken(app), message('hello')), 404, 'BadArgument')
})

test('answers a token of another conversation alike, whether the one it names exists or not', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const answers = [
    await post({ address: other.address, token: chat.token }, message('hello')),
    await post({ address: `${app.base}/conversations/doesNotExist0000000001`, token: chat.token }, message('hello')),
  ]
  for (const answer of answers) assertRefused(answer, 403, 'BadArgument')
  assert.equal(answers[0]?.text, answers[1]?.text)
  assert.deepEqual(await readLog(other), [])
})

test("refuses the bot's own id as a sender's", async () => {
  const chat = await startChat(app)
  assertRefused(await post(chat, message('I am the bot', 'bot')), 400, 'BadArgument')
})

test('demands with enhanced authentication that dl_ users come from the token', async () => {
  await using own = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const { token } = await generateToken(own, { user: { id: 'dl_uma' } })
  const chat = await startChat(own, undefined, { bearer: token })
  assertRefused(await post(chat, message('hello', 'dl_eve'), { bearer: own.secret }), 400, 'BadArgument')
  assert.equal((await post(chat, message('hello', 'dl_eve'))).status, 200)
  assert.deepEqual(
    (await readLog(chat)).map(({ from }) => from?.id),
    ['dl_uma'],
  )
})
