/**
 * Type by type: who gets to see what a bot says, and what is kept of it.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { type Chat, getPage, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Where an activity has been seen, after a message that follows it has been seen everywhere. */
type Seen = {
  readonly id: string | undefined
  readonly onSocket: WireActivity | undefined
  readonly inLog: WireActivity | undefined
}

/** A conversation with something for the bot to answer to. */
async function told(service: TestApp = app, user = 'u1'): Promise<{ readonly chat: Chat; readonly to: WireActivity }> {
  const chat = await startChat(service, { id: user })
  await say(chat, 'hello')
  return { chat, to: await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0]) }
}

/** Where an activity of the bot is seen. */
async function said(activity: WireActivity, service: TestApp = app): Promise<Seen> {
  const { chat, to } = await told(service)
  using socket = await openSocket(chat.streamUrl)
  await socket.untilText('hello')
  const { status, body, text } = await bot.say(to, activity)
  assert.ok(status === 200 || status === 201, `${activity.type}: ${text}`)
  await bot.say(to, { type: 'message', text: 'that was it' })
  await socket.untilText('that was it')
  const own = (shown: WireActivity) =>
    shown.type === activity.type && shown.text !== 'that was it' && shown.text !== 'hello'
  return { id: body.id, onSocket: socket.activities.find(own), inLog: (await readLog(chat)).find(own) }
}

test('shows and keeps what bots say, of whatever type', async () => {
  for (const type of [
    'event',
    'endOfConversation',
    'messageReaction',
    'messageUpdate',
    'messageDelete',
    'installationUpdate',
    'command',
    'commandResult',
    'handoff',
    'myOwnType',
    'Typing',
  ]) {
    const { id, onSocket, inLog } = await said({ type, name: 'a name', value: { x: 1 } })
    assert.equal(onSocket?.type, type, `${type} on sockets`)
    assert.equal(onSocket.id, id)
    assert.deepEqual(inLog, onSocket, `${type} in the log`)
  }
})

test('shows the answer of a token service, which clients may not send', async () => {
  const { onSocket } = await said({ type: 'event', name: 'tokens/response', value: { token: 'x' } })
  assert.equal(onSocket?.name, 'tokens/response')
})

test('shows the chunks of a streamed answer in order and keeps only the message that closes it', async () => {
  const { chat, to } = await told()
  using socket = await openSocket(chat.streamUrl)
  await socket.untilText('hello')
  const chunk = (sequence: number, streamType: string, streamId?: string) => ({
    type: 'typing',
    text: `chunk ${sequence}`,
    channelData: { streamType, streamSequence: sequence, ...(streamId === undefined ? {} : { streamId }) },
    entities: [
      { type: 'streaminfo', streamType, streamSequence: sequence, ...(streamId === undefined ? {} : { streamId }) },
    ],
  })
  const first = await bot.reply(to, chunk(1, 'informative'))
  const streamId = first.body.id
  assert.ok(streamId, 'the bot needs the id of the first chunk')
  for (let sequence = 2; sequence < 8; sequence += 1) await bot.reply(to, chunk(sequence, 'streaming', streamId))
  await bot.reply(to, { type: 'message', text: 'the whole', channelData: { streamType: 'final', streamId } })
  await socket.untilText('the whole')
  assert.deepEqual(
    socket.activities.slice(1).map(({ text }) => text),
    [...Array.from({ length: 7 }, (_, at) => `chunk ${at + 1}`), 'the whole'],
  )
  assert.equal(socket.activities[1]?.id, streamId)
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['hello', 'the whole'],
  )
})

test('goes on after an endOfConversation from either side', async () => {
  const { chat, to } = await told()
  assert.equal((await post(chat, { type: 'endOfConversation', code: 'userCancelled' })).status, 200)
  assert.equal((await bot.say(to, { type: 'endOfConversation', code: 'completedSuccessfully' })).status, 200)
  await say(chat, 'still here')
  using socket = await openSocket(chat.streamUrl)
  await socket.untilText('still here')
  assert.deepEqual(
    socket.activities.map(({ type }) => type),
    ['message', 'endOfConversation', 'endOfConversation', 'message'],
  )
})

test('takes no invoke from a bot', async () => {
  const { chat, to } = await told()
  assert.equal((await bot.say(to, { type: 'invoke', name: 'x' })).status, 400)
  assert.equal((await readLog(chat)).length, 1)
})

test('takes what a bot may not show and drops it with a good answer', async () => {
  for (const type of ['conversationUpdate', 'contactRelationUpdate', 'delay', 'invokeResponse', 'trace']) {
    const { onSocket, inLog } = await said({ type, value: 1 })
    assert.equal(onSocket, undefined, type)
    assert.equal(inLog, undefined, type)
  }
})

test("shows a bot's trace where the site is set so", async () => {
  await using own = await startApp({ bot: bot.url, site: { debug: true } })
  const { onSocket } = await said({ type: 'trace', name: 'x', value: 1 }, own)
  assert.equal(onSocket?.name, 'x')
})

test('shows a suggestion to its recipient and to nobody else', async () => {
  const { chat, to } = await told()
  using theirs = await openSocket(chat.streamUrl)
  const suggestion = { type: 'suggestion', text: 'only for u1', recipient: { id: 'u1', name: 'Uma' }, replyToId: to.id }
  assert.equal((await bot.say(to, suggestion)).status, 200)
  const shown = await theirs.untilText('only for u1')
  assert.deepEqual(shown.recipient, { id: 'u1', name: 'Uma' })
  assert.equal((await readLog(chat)).at(-1)?.text, 'only for u1')
  // Whoever holds the secret is nobody in particular.
  const bySecret = await getPage(chat, undefined, { bearer: app.secret })
  assert.equal(bySecret.text.includes('only for u1'), false)
  const open = await call(chat.address, { bearer: app.secret })
  using nobody = await openSocket(open.body.streamUrl?.replace(/watermark=\d+/, 'watermark=-'))
  await say(chat, 'after')
  await nobody.untilText('after')
  assert.deepEqual(
    nobody.activities.map(({ text }) => text),
    ['hello', 'after'],
  )
})

test('shows no suggestion for another person, and lets the watermark pass it', async () => {
  const { chat, to } = await told()
  using socket = await openSocket(chat.streamUrl)
  await bot.say(to, { type: 'suggestion', text: 'for u9', recipient: { id: 'u9' } })
  await say(chat, 'after')
  await socket.untilText('after')
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['hello', 'after'],
  )
  assert.equal(socket.sets.at(-1)?.watermark, '3')
})

test('shows a suggestion for nobody to nobody', async () => {
  for (const recipient of [undefined, {}, { id: '' }]) {
    const { onSocket, inLog } = await said({ type: 'suggestion', ...(recipient === undefined ? {} : { recipient }) })
    assert.equal(onSocket, undefined, JSON.stringify(recipient))
    assert.equal(inLog, undefined, JSON.stringify(recipient))
  }
})

test('shows every window what a bot has updated: whole, under its old id and time, at a later watermark', async () => {
  const { chat, to } = await told()
  using socket = await openSocket(chat.streamUrl)
  const { body } = await bot.reply(to, { type: 'message', text: 'first' })
  const first = await socket.untilId(body.id)
  const url = `${to.serviceUrl}v3/conversations/${chat.conversation}/activities/${encodeURIComponent(body.id ?? '')}`
  assert.equal((await call(url, { method: 'PUT', json: { type: 'message', text: 'second' } })).status, 200)
  const second = await socket.untilText('second')
  assert.equal(second.id, first.id)
  assert.equal(second.timestamp, first.timestamp)
  assert.equal(socket.sets.at(-1)?.watermark, '3')
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['hello', 'second'],
  )
  const since = await getPage(chat, '2')
  assert.deepEqual(since.body, { activities: [second], watermark: '3' })
})

test('tells every window what a bot has deleted, and shows its text to nobody again', async () => {
  const { chat, to } = await told()
  using socket = await openSocket(chat.streamUrl)
  const { body } = await bot.reply(to, { type: 'message', text: 'forget this' })
  const url = `${to.serviceUrl}v3/conversations/${chat.conversation}/activities/${encodeURIComponent(body.id ?? '')}`
  assert.equal((await call(url, { method: 'DELETE' })).status, 200)
  const deletion = await socket.until('the deletion', ({ activities }) =>
    activities.find(({ type }) => type === 'messageDelete'),
  )
  assert.equal(deletion.id, body.id)
  assert.equal(typeof deletion.from?.id, 'string')
  assert.equal((await getPage(chat)).text.includes('forget this'), false)
})
