/**
 * A fresh token for an old conversation: the secret names it when it generates one.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  claimsOf,
  generateToken,
  getPage,
  message,
  post,
  readLog,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertOldRefused } from '../../support/old-direct-line.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const generate = (json: unknown, bearer = app.secret, { base } = app) =>
  call(`${base}/tokens/generate`, { bearer, json })

test('the token is for that conversation, with the user and the origins that are given now', async () => {
  const chat = await startChat(app, { id: 'u1' })
  await say(chat, 'yesterday')
  const trusted = 'https://page.example'
  const json = { conversationId: chat.conversation, user: { id: 'u2', name: 'Ulla' }, trustedOrigins: [trusted] }
  const { status, body, text } = await generate(json)
  assert.equal(status, 200, text)
  assert.deepEqual(Object.keys(body).sort(), ['conversationId', 'expires_in', 'token'])
  assert.equal(body.conversationId, chat.conversation)
  const fresh = { ...chat, token: body.token ?? '' }
  assert.notEqual(claimsOf(fresh.token)['fam'], claimsOf(chat.token)['fam'])
  await post(fresh, message('today', 'eve'))
  assert.deepEqual(
    (await readLog(fresh)).map(({ text, from }) => [text, from?.id]),
    [
      ['yesterday', 'u1'],
      ['today', 'u2'],
    ],
  )
  const session = await call(`${app.base}/session/getsessionid`, { bearer: fresh.token, headers: { origin: trusted } })
  assert.equal(session.status, 200)
})

test('starting with it enters the conversation, and starts nothing', async () => {
  const chat = await startChat(app)
  const { body } = await generate({ ConversationId: chat.conversation })
  const entered = await call(`${app.base}/conversations`, { method: 'POST', bearer: body.token })
  assert.equal(entered.status, 200)
  assert.equal(entered.body.conversationId, chat.conversation)
})

test('a conversation that is not there, was never started, or cannot be, is unknown', async () => {
  const unstarted = await generateToken(app)
  for (const conversationId of [unstarted.conversation, 'nothing-of-this-name', '../../x', 'x'.repeat(256)])
    assertRefused(await generate({ conversationId }), 404, 'BadArgument')
  assertRefused(await generate({ conversationId: 7 }), 400, 'BadArgument')
  assertRefused(await generate({ conversationId: 'x'.repeat(257) }), 400, 'BadArgument')
})

test('no conversation named, or an empty name, is a new conversation', async () => {
  for (const json of [{}, { conversationId: null }, { conversationId: '' }]) {
    const { body } = await generate(json)
    assertRefused(
      await getPage({ address: `${app.base}/conversations/${body.conversationId}`, token: body.token ?? '' }),
      404,
      'BadArgument',
    )
  }
})

test('it is for secrets only, and for conversations of their own site', async () => {
  const chat = await startChat(app)
  assertRefused(await generate({ conversationId: chat.conversation }, chat.token), 403, 'BadArgument')
  const secretOf = (name: string) => `secret-of-${name}`.padEnd(36, '0')
  const sites = ['one', 'two'].map(id => ({ ...defaultSite, id, secrets: [secretOf(id)] }))
  const bots = [
    { ...defaultBot, endpoint: bot.url, sites },
    {
      ...defaultBot,
      id: 'other',
      endpoint: bot.url,
      sites: [{ ...defaultSite, id: 'one', secrets: [secretOf('other')] }],
    },
  ]
  await using own = await startApp({ settings: { bots } })
  const { conversation: conversationId } = await startChat({ base: own.base, secret: secretOf('one') })
  for (const name of ['two', 'other'])
    assertRefused(await generate({ conversationId }, secretOf(name), own), 404, 'BadArgument')
  assert.equal((await generate({ conversationId }, secretOf('one'), own)).status, 200)
})

test('the rules for users hold as for any token', async () => {
  await using own = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const { token } = await generateToken(own, { user: { id: 'dl_uma' } })
  const { body } = await call(`${own.base}/conversations`, { method: 'POST', bearer: token })
  const conversationId = body.conversationId ?? ''
  assertRefused(await generate({ conversationId, user: { id: 'uma' } }, own.secret, own), 400, 'BadArgument')
  assertRefused(await generate({ conversationId, user: { id: 'bot' } }, own.secret, own), 400, 'BadArgument')
  assert.equal((await generate({ conversationId, user: { id: 'dl_ulla' } }, own.secret, own)).status, 200)
})

test('Direct Line 1.1 generates it as well', async () => {
  const chat = await startChat(app)
  const ask = (conversationId: string) =>
    call(`${app.origin}/api/tokens/conversation`, { bearer: app.secret, json: { conversationId } })
  const { text } = await ask(chat.conversation)
  await say({ ...chat, token: JSON.parse(text) as string }, 'hello')
  assertOldRefused(await ask('nothing-of-this-name'), 404, 'NotFound')
})
