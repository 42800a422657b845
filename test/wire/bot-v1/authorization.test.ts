/**
 * Who may call as a v1 bot: by its app id and password, in either of the two headers of the time.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp } from '../../support/app.ts'
import { readLog } from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { basic, callAsOldBot, oldApp, oldHeaders, speakingV1, startOldBot } from '../../support/old-bot.ts'
import { assertOldRefused, type OldChat, startOldChat } from '../../support/old-direct-line.ts'

const bot = await startOldBot()
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const key = (password: string) => ({ 'ocp-apim-subscription-key': password })
const authorization = (value: string) => ({ authorization: value })

/** Every operation that bots call, on one conversation. */
const operations = (conversation: string, id = 'bot', user = 'u1') =>
  [
    ['POST', '/messages', { conversationId: conversation, text: 'forged' }],
    ['GET', `/bots/${id}/users/${user}`, undefined],
    ['POST', `/bots/${id}/users/${user}`, { data: { forged: true } }],
    ['GET', `/bots/${id}/conversations/${conversation}`, undefined],
    ['POST', `/bots/${id}/conversations/${conversation}`, { data: { forged: true } }],
    ['GET', `/bots/${id}/conversations/${conversation}/users/${user}`, undefined],
    ['POST', `/bots/${id}/conversations/${conversation}/users/${user}`, { data: { forged: true } }],
  ] as const

/** Holds that nothing forged is kept of a conversation and a user. */
async function assertUntouched(chat: OldChat, user: string): Promise<void> {
  assert.deepEqual(await readLog(chat), [])
  for (const [method, path] of operations(chat.conversation, 'bot', user))
    if (method === 'GET') assert.equal((await callAsOldBot(app.origin, path)).body['data'], null, path)
}

/** Holds an answer against a 401 as the SDK of the time expects it: no body, and a word on what is missing. */
function assertUnauthorized({ status, text, headers }: Answer): void {
  assert.equal(status, 401, text)
  assert.equal(text, '')
  assert.match(String(headers['www-authenticate']), /^Basic realm="[^"]+"/)
  assert.equal(headers['content-type'], undefined)
}

test('takes Basic, the subscription key, or both where they agree', async () => {
  const { conversation } = await startOldChat(app)
  for (const headers of [
    oldHeaders(),
    authorization(basic(oldApp.id, oldApp.password)),
    authorization(basic(oldApp.id, oldApp.password).replace('Basic', 'bAsIc')),
    key(oldApp.password),
  ]) {
    for (const [method, path, json] of operations(conversation)) {
      const { status, text } = await callAsOldBot(app.origin, path, { method, headers, ...(json && { json }) })
      assert.equal(status, 200, `${method} ${path}: ${text}`)
    }
  }
})

test('answers 401 without a body where nothing is shown, and before it looks at anything else', async () => {
  const chat = await startOldChat(app)
  for (const headers of [
    {},
    authorization('Bearer x'),
    authorization(`Bearer ${app.secret}`),
    authorization('Basic'),
    authorization('Basic ***'),
    authorization(''),
  ]) {
    for (const [method, path, json] of operations(chat.conversation, 'bot', 'nobody')) {
      assertUnauthorized(await callAsOldBot(app.origin, path, { method, headers, ...(json && { json }) }))
      assertUnauthorized(await callAsOldBot(app.origin, path, { method, headers }))
    }
  }
  await assertUntouched(chat, 'nobody')
})

test('answers 403 where what is shown is wrong, or the two do not agree', async () => {
  const chat = await startOldChat(app)
  const { id, password } = oldApp
  for (const headers of [
    authorization(basic(id, 'wrong')),
    authorization(basic('wrong', password)),
    authorization(basic(id, '')),
    authorization(basic('', password)),
    authorization(basic(id.toUpperCase(), password)),
    authorization(basic(id, `${password} `)),
    authorization(basic(app.secret, '')),
    key('wrong'),
    key(id),
    key(app.secret),
    { ...authorization(basic(id, password)), ...key('wrong') },
    { ...authorization(basic(id, 'wrong')), ...key(password) },
  ]) {
    for (const [method, path, json] of operations(chat.conversation, 'bot', 'victim'))
      assertOldRefused(
        await callAsOldBot(app.origin, path, { method, headers, ...(json && { json }) }),
        403,
        'NotAllowed',
      )
  }
  await assertUntouched(chat, 'victim')
})

test('opens nothing to a bot that has no app id, or that speaks v3', async () => {
  for (const botSettings of [
    { schema: 'v1', app: undefined },
    { schema: 'v3', app: oldApp },
  ] as const) {
    await using own = await startApp({ bot: bot.url, botSettings })
    const chat = await startOldChat(own)
    for (const [method, path, json] of operations(chat.conversation)) {
      const what = { method, ...(json && { json }) }
      assertOldRefused(await callAsOldBot(own.origin, path, what), 403, 'NotAllowed')
      assertUnauthorized(await callAsOldBot(own.origin, path, { ...what, headers: {} }))
      const empty = { ...what, headers: authorization(basic('', '')) }
      assertOldRefused(await callAsOldBot(own.origin, path, empty), 403, 'NotAllowed')
    }
    assert.deepEqual(await readLog(chat), [])
  }
})

test('tells two bots apart: neither reaches the conversations or the data of the other', async () => {
  const apps = [
    { id: 'first-app', password: 'password-one' },
    { id: 'second-app', password: 'password-two' },
  ] as const
  const secrets = ['secret-of-the-first-bot-000000000000', 'secret-of-the-second-bot-00000000000']
  const bots = apps.map((own, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: bot.url,
    schema: 'v1' as const,
    app: own,
    sites: [{ ...defaultSite, secrets: [secrets[at] ?? ''] }],
  }))
  await using pair = await startApp({ settings: { bots } })
  const chat = await startOldChat({ origin: pair.origin, secret: secrets[0] ?? '' })
  const [own, foreign] = apps.map(each => ({ headers: oldHeaders(each) }))
  const user = '/bots/bot0/users/u1'
  const ofConversation = `/bots/bot0/conversations/${chat.conversation}`
  for (const path of [user, ofConversation, `${ofConversation}/users/u1`])
    assert.equal((await callAsOldBot(pair.origin, path, { ...own, json: { data: { mine: path } } })).status, 200)
  for (const [method, path, json] of operations(chat.conversation, 'bot0').slice(1))
    assertOldRefused(
      await callAsOldBot(pair.origin, path, { method, ...foreign, ...(json && { json }) }),
      403,
      'NotAllowed',
    )
  const message = { conversationId: chat.conversation, text: 'forged' }
  assertOldRefused(await callAsOldBot(pair.origin, '/messages', { ...foreign, json: message }), 404, 'NotFound')
  for (const path of [user, ofConversation, `${ofConversation}/users/u1`])
    assert.deepEqual((await callAsOldBot(pair.origin, path, own)).body['data'], { mine: path })
  const asItself = await callAsOldBot(pair.origin, `/bots/bot1/conversations/${chat.conversation}`, foreign)
  assert.equal(JSON.stringify(asItself.body).includes('mine'), false)
  assert.deepEqual((await callAsOldBot(pair.origin, '/bots/bot1/users/u1', foreign)).body['data'], null)
  assert.deepEqual(await readLog(chat), [])
  const crossed = { authorization: oldHeaders(apps[0]).authorization, ...key(apps[1].password) }
  assertOldRefused(await callAsOldBot(pair.origin, user, { headers: crossed }), 403, 'NotAllowed')
})

test('is no way into the client API, nor its secrets and tokens into this one', async () => {
  const chat = await startOldChat(app)
  for (const headers of [oldHeaders(), authorization(`Bearer ${oldApp.password}`)]) {
    const { status } = await call(`${chat.old}/messages`, { headers })
    assert.ok(status === 401 || status === 403, `${status}`)
  }
  for (const credential of [app.secret, chat.token]) {
    const headers = authorization(`BotConnector ${credential}`)
    assertUnauthorized(await callAsOldBot(app.origin, '/bots/bot/users/u1', { headers }))
  }
})
