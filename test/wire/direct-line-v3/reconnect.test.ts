/**
 * GET /conversations/{id}: a new stream for a started conversation.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  claimsOf,
  generateToken,
  getPage,
  reconnect,
  say,
  startChat,
} from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const watermarkOf = (url: string | undefined) => new URL(url ?? '').searchParams.get('watermark')

/** A conversation in which three things have been said. */
async function startedChat(): Promise<Chat & { readonly ids: readonly string[] }> {
  const chat = await startChat(app)
  return { ...chat, ids: [await say(chat, 'one'), await say(chat, 'two'), await say(chat, 'three')] }
}

/** The ids a stream brings up to and including something said after it was opened. */
async function idsOn(streamUrl: string | undefined, chat: Chat): Promise<readonly (string | undefined)[]> {
  using socket = await openSocket(streamUrl)
  await socket.untilId(await say(chat, 'live'))
  return socket.activities.map(({ id }) => id).slice(0, -1)
}

test('answers 200 with conversation, token, its life, a stream URL and the id of a grammar, and nothing else', async () => {
  const chat = await startedChat()
  for (const bearer of [chat.token, app.secret]) {
    const { status, headers, body } = await reconnect(chat, undefined, { bearer })
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(Object.keys(body).sort(), [
      'conversationId',
      'expires_in',
      'referenceGrammarId',
      'streamUrl',
      'token',
    ])
    assert.equal(body.conversationId, chat.conversation)
    assert.equal(body.expires_in, 1800)
    assert.equal(claimsOf(body.token)['conv'], chat.conversation)
    assert.notEqual(body.token, chat.token)
    assert.equal((await getPage({ ...chat, token: body.token ?? '' })).status, 200)
  }
})

test('answers a new stream URL with the watermark it was given, from where the stream goes on', async () => {
  const chat = await startedChat()
  const { body } = await reconnect(chat, '1')
  assert.ok(body.streamUrl?.startsWith('ws://'), body.streamUrl)
  assert.notEqual(body.streamUrl, chat.streamUrl)
  assert.equal(watermarkOf(body.streamUrl), '1')
  assert.deepEqual(await idsOn(body.streamUrl, chat), chat.ids.slice(1))
})

test('goes on from now where no watermark is given, however clients write that', async () => {
  const chat = await startedChat()
  for (const watermark of [undefined, '', 'null', 'undefined', 'garbage', '1.5', '-1']) {
    const { status, body } = await reconnect(chat, watermark)
    assert.equal(status, 200)
    const newest = String((await getPage(chat, '999')).body.watermark)
    assert.equal(watermarkOf(body.streamUrl), newest, `watermark=${watermark}`)
    assert.deepEqual(await idsOn(body.streamUrl, chat), [], `watermark=${watermark}`)
  }
})

test('goes on from the newest number where the watermark is above it', async () => {
  const chat = await startedChat()
  const { body } = await reconnect(chat, '4711')
  assert.equal(watermarkOf(body.streamUrl), '3')
  assert.deepEqual(await idsOn(body.streamUrl, chat), [])
})

test('brings the whole log for the watermarks that stand before it', async () => {
  const chat = await startedChat()
  const expected = [...chat.ids]
  for (const watermark of ['-', '0', '000']) {
    const { body } = await reconnect(chat, watermark)
    const ids = await idsOn(body.streamUrl, chat)
    assert.deepEqual(ids.slice(0, 3), expected, `watermark=${watermark}`)
  }
})

test('works while nothing has been said yet', async () => {
  const chat = await startChat(app)
  const { status, body } = await reconnect(chat)
  assert.equal(status, 200)
  assert.deepEqual(await idsOn(body.streamUrl, chat), [])
})

test('keeps user and origins of the token it was called with', async () => {
  const trusted = 'https://page.example'
  const { token, address } = await generateToken(app, {
    user: { id: 'dl_uma', name: 'Uma' },
    trustedOrigins: [trusted],
  })
  await call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  const { body } = await reconnect({ address, token })
  assert.equal(claimsOf(body.token)['user'], 'dl_uma')
  const session = await call(`${app.base}/session/getsessionid`, { bearer: body.token, headers: { origin: trusted } })
  assert.equal(session.status, 200)
})

test('is noticed neither by the bot nor by other sockets', async () => {
  const chat = await startedChat()
  using other = await openSocket(chat.streamUrl)
  await other.untilId(chat.ids[2])
  const [told, frames] = [bot.of(chat.conversation).length, other.frames.length]
  for (let times = 0; times < 3; times += 1) {
    const socket = await openSocket((await reconnect(chat)).body.streamUrl)
    await socket.close()
  }
  const id = await say(chat, 'a turn later')
  await other.untilId(id)
  assert.equal(other.frames.length, frames + 1)
  assert.equal(bot.of(chat.conversation).length, told + 1)
})

test('leaves stream URLs given before as they were', async () => {
  const chat = await startedChat()
  await reconnect(chat)
  assert.deepEqual(await idsOn(chat.streamUrl, chat), chat.ids)
})

test('answers 404 for a conversation that does not exist, or was never started', async () => {
  const unknown = { address: `${app.base}/conversations/doesNotExist0000000001`, token: app.secret }
  assertRefused(await reconnect(unknown), 404, 'BadArgument')
  const generated = await generateToken(app)
  assertRefused(await reconnect(generated), 404, 'BadArgument')
  assertRefused(await reconnect({ ...generated, token: app.secret }), 404, 'BadArgument')
})

test('answers a token of another conversation alike, whether the one it names exists or not', async () => {
  const [chat, other] = [await startChat(app), await startChat(app)]
  const answers = [
    await reconnect({ address: other.address, token: chat.token }),
    await reconnect({ address: `${app.base}/conversations/doesNotExist0000000001`, token: chat.token }),
    await reconnect({ address: `${app.base}/conversations/not%20an%20id`, token: chat.token }),
  ]
  for (const answer of answers) {
    assertRefused(answer, 403, 'BadArgument')
    assert.equal(answer.text, answers[0]?.text)
  }
})

test('demands with enhanced authentication a user', async () => {
  await using own = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const { token, address } = await generateToken(own, { user: { id: 'dl_uma' } })
  await call(`${own.base}/conversations`, { method: 'POST', bearer: token })
  assertRefused(await reconnect({ address, token: own.secret }), 400, 'MissingProperty')
  assert.equal((await reconnect({ address, token })).status, 200)
})
