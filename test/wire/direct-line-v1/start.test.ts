/**
 * POST /api/conversations: a conversation begins, or is entered again.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { claimsOf, generateToken, message, post, startChat } from '../../support/direct-line.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { assertOldRefused, oldChatOf, readMessages, sayOld } from '../../support/old-direct-line.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const start = (bearer: string, what: Call = {}) =>
  call(`${app.origin}/api/conversations`, { method: 'POST', bearer, ...what })

/** Holds an answer against what a start answers, and nothing more. */
function opened({ status, headers, body, text }: Answer) {
  assert.equal(status, 200, text)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'expires_in', 'token'])
  const { conversationId: conversation = '', token = '', expires_in: expiresIn } = body
  assert.match(conversation, /^[A-Za-z0-9_-]{1,55}$/)
  assert.equal(claimsOf(token)['conv'], conversation)
  assert.equal(expiresIn, 1800)
  return oldChatOf(app, conversation, token)
}

const told = (conversation: string) => bot.of(conversation, 'conversationUpdate')

test('answers 200, never 201, with the conversation, a token for it and how long that lives', async () => {
  const chat = opened(await start(app.secret))
  await sayOld(chat, 'hello')
  assert.deepEqual(
    (await readMessages(chat)).map(({ text }) => text),
    ['hello'],
  )
})

test('begins a new conversation with each start of a secret', async () => {
  const ids = []
  for (let count = 0; count < 3; count += 1) ids.push(opened(await start(app.secret)).conversation)
  assert.equal(new Set(ids).size, 3)
})

test("starts the token's own conversation, and enters it again with a fresh token, telling the bot once", async () => {
  const { token, conversation } = await generateToken(app, { user: { id: 'u1' } })
  const chats = [opened(await start(token)), opened(await start(token)), opened(await start(token))]
  assert.deepEqual(
    chats.map(chat => chat.conversation),
    [conversation, conversation, conversation],
  )
  assert.equal(new Set([token, ...chats.map(chat => chat.token)]).size, 4)
  for (const chat of chats) assert.equal(claimsOf(chat.token)['user'], 'u1')
  await sayOld(chats[2] ?? oldChatOf(app, '', ''), 'hello')
  assert.equal(told(conversation).length, 1)
})

test('makes one conversation of many starts with one token at once', async () => {
  const { token, conversation } = await generateToken(app)
  const answers = await Promise.all(Array.from({ length: 8 }, () => start(token)))
  for (const answer of answers) assert.equal(opened(answer).conversation, conversation)
  await sayOld(oldChatOf(app, conversation, token), 'hello')
  assert.equal(told(conversation).filter(({ membersAdded }) => membersAdded?.[0]?.id === 'bot').length, 1)
})

test('takes no body, an empty one, {} and null, and ignores what it does not know', async () => {
  for (const raw of ['', '{}', 'null', '{"Message":"","conversationId":"mine","eTag":"x"}'])
    opened(await start(app.secret, { raw }))
})

test('takes a user in the body, who speaks by the token that is answered', async () => {
  for (const json of [{ user: { id: 'u5', name: 'Ute' } }, { User: { Id: 'u5', Name: 'Ute' } }]) {
    const chat = opened(await start(app.secret, { json }))
    assert.equal(claimsOf(chat.token)['user'], 'u5')
    await sayOld(chat, 'hello', 'somebody-else')
    assert.deepEqual(
      (await readMessages(chat)).map(({ from }) => from),
      ['u5'],
    )
    assert.deepEqual(
      told(chat.conversation).map(({ membersAdded }) => membersAdded),
      [
        [
          { id: 'bot', name: 'Bot' },
          { id: 'u5', name: 'Ute' },
        ],
      ],
    )
  }
  const { token } = await generateToken(app, { user: { id: 'u6' } })
  assert.equal(claimsOf(opened(await start(token, { json: { user: { id: 'u5' } } })).token)['user'], 'u6')
})

test('takes {"user":{}} for no user', async () => {
  assert.equal(claimsOf(opened(await start(app.secret, { json: { user: {} } })).token)['user'], undefined)
})

test('does not wait for the bot, nor fail with it', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startBot({ answer: () => end.promise })
  await using own = await startApp({ bot: held.url })
  const answer = await call(`${own.origin}/api/conversations`, { method: 'POST', bearer: own.secret })
  opened(answer)
  await held.until('the start', ({ of }) => of(answer.body.conversationId, 'conversationUpdate')[0])
  end.resolve(200)
  await using alone = await startApp()
  opened(await call(`${alone.origin}/api/conversations`, { method: 'POST', bearer: alone.secret }))
})

test('shows clients nothing of the start, and the greeting of the bot as a message', async () => {
  await using greeter = await startBot({
    onActivity: ({ type, ...rest }, self) =>
      type === 'conversationUpdate' ? self.say({ ...rest, type }, { type: 'message', text: 'Welcome!' }) : undefined,
  })
  await using own = await startApp({ bot: greeter.url })
  const { body } = await call(`${own.origin}/api/conversations`, { method: 'POST', bearer: own.secret })
  const chat = oldChatOf(own, body.conversationId ?? '', body.token ?? '')
  // The first message waits for the start to have been told.
  await sayOld(chat, 'hello')
  assert.deepEqual(
    (await readMessages(chat)).map(({ from, text }) => [from, text]),
    [
      ['bot', 'Welcome!'],
      ['bot', 'Welcome!'],
      ['u1', 'hello'],
    ],
    'one greeting for the start, one for the user who joins',
  )
})

test('enters a conversation that was started by 3.0, and the other way round', async () => {
  const { token, conversation } = await startChat(app)
  assert.equal(opened(await start(token)).conversation, conversation)
  const chat = opened(await start(app.secret))
  const again = await call(`${app.base}/conversations`, { method: 'POST', bearer: chat.token })
  assert.deepEqual([again.status, again.body.conversationId], [200, chat.conversation])
  assert.equal((await post(chat, message('from 3.0'))).status, 200)
})

test('demands a user where the site has enhanced authentication', async () => {
  await using strict = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const ask = (bearer: string, what: Call = {}) =>
    call(`${strict.origin}/api/conversations`, { method: 'POST', bearer, ...what })
  assertOldRefused(await ask(strict.secret), 400, 'MissingProperty')
  assertOldRefused(await ask(strict.secret, { json: { user: { id: 'dl_u1' } } }), 400, 'MalformedData')
  const { token } = await generateToken(strict, { user: { id: 'dl_u1' } })
  opened(await ask(token))
})

const bodiesOfNothing = [
  'a=b',
  'garbage',
  '{"user":',
  '<user/>',
  '[]',
  '"s"',
  '5',
  '{"user":"x"}',
  '{"user":["x"]}',
  '{"locale":5,"trustedOrigins":"x"}',
  new Uint8Array([0x7b, 0xff, 0x7d]),
]

test('ignores every other body, for which the call has no use', async () => {
  for (const raw of bodiesOfNothing) {
    const chat = opened(await start(app.secret, { raw }))
    assert.equal(claimsOf(chat.token)['user'], undefined, String(raw))
  }
})

test('refuses users it may not speak for, and a body out of bounds', async () => {
  const deep = `${'['.repeat(1_000)}${']'.repeat(1_000)}`
  for (const raw of ['{"user":{"id":"u1"},"__proto__":{}}', deep])
    assertOldRefused(await start(app.secret, { raw }), 400, 'MalformedData')
  assertOldRefused(await start(app.secret, { raw: 'x'.repeat(64 * 1024 + 1) }), 413, 'InvalidRange')
  for (const json of [{ user: { id: 7 } }, { user: { id: 'bot' } }, { user: { id: 'x'.repeat(65) } }])
    assertOldRefused(await start(app.secret, { json }), 400, 'MalformedData')
})
