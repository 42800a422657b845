/**
 * Type by type: who gets to see what a client says, and what is kept of it.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import {
  assertRefused,
  type Chat,
  generateToken,
  message,
  post,
  readLog,
  say,
  startChat,
} from '../../support/direct-line.ts'
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
  readonly toBot: WireActivity | undefined
  readonly onSocket: WireActivity | undefined
  readonly inLog: WireActivity | undefined
}

/** Where an activity of a client is seen. */
async function sent(activity: WireActivity, service: TestApp = app): Promise<Seen> {
  const chat = await startChat(service, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  const { status, body, text } = await post(chat, activity)
  assert.equal(status, 200, `${activity.type}: ${text}`)
  assert.deepEqual(Object.keys(body), ['id'])
  assert.ok(typeof body.id === 'string' && body.id !== '')
  await say(chat, 'that was it')
  await socket.untilText('that was it')
  const own = ({ id }: WireActivity) => id === body.id
  const inLog = (await readLog(chat)).find(own)
  return { id: body.id, toBot: bot.of(chat.conversation).find(own), onSocket: socket.activities.find(own), inLog }
}

test('passes on, shows and keeps what clients say, of whatever type', async () => {
  for (const type of [
    'message',
    'event',
    'endOfConversation',
    'messageReaction',
    'messageUpdate',
    'messageDelete',
    'installationUpdate',
    'command',
    'commandResult',
    'handoff',
    'invoke',
    'myOwnType',
    'application/vnd.example',
    'MESSAGE',
    'Typing',
    'typing ',
  ]) {
    const { toBot, onSocket, inLog } = await sent({ type, name: 'a name', value: { x: 1 } })
    assert.equal(toBot?.type, type, `${type} to the bot`)
    assert.equal(onSocket?.type, type, `${type} on sockets`)
    assert.deepEqual(inLog, onSocket, `${type} in the log`)
  }
})

test("passes a client's typing on and shows it, to its sender too, and keeps nothing", async () => {
  const { id, toBot, onSocket, inLog } = await sent({ type: 'typing', channelData: { clientActivityID: 'c1' } })
  assert.equal(toBot?.type, 'typing')
  assert.equal(onSocket?.id, id)
  assert.deepEqual(onSocket?.channelData, { clientActivityID: 'c1' })
  assert.equal(inLog, undefined)
})

test('answers an invoke with its id alone when the bot accepts it, and with 502 when it does not', async () => {
  let status = 200
  await using invoked = await startBot({
    answer: ({ type }) => (type === 'invoke' ? { status, body: '{"status":200,"body":{"secret":"result"}}' } : 200),
  })
  await using own = await startApp({ bot: invoked.url })
  const chat = await startChat(own, { id: 'u1' })
  const invoke = { type: 'invoke', name: 'adaptiveCard/action', value: { action: { data: 1 } } }
  const accepted = await post(chat, invoke)
  assert.equal(accepted.status, 200)
  assert.deepEqual(Object.keys(accepted.body), ['id'])
  for (status of [409, 412, 501]) assertRefused(await post(chat, invoke), 502, 'BotError', status)
  assert.deepEqual(
    (await readLog(chat)).map(({ value }) => value),
    Array(4).fill(invoke.value),
  )
})

test('gives the tokens of a sign-in to the bot and to nobody else', async () => {
  for (const name of ['signin/tokenExchange', 'signin/verifyState', 'SignIn/Whatever']) {
    const value = { id: 'x', token: 'a-very-secret-token' }
    const { toBot, onSocket, inLog } = await sent({ type: 'invoke', name, value, text: 'kept' })
    assert.deepEqual(toBot?.value, value)
    for (const shown of [onSocket, inLog]) {
      assert.equal(shown?.name, name)
      assert.equal(shown?.text, 'kept')
      assert.equal(JSON.stringify(shown).includes('a-very-secret-token'), false)
    }
  }
})

test("passes a client's conversationUpdate on and shows it to nobody, under an id of the other kind", async () => {
  const { id, toBot, onSocket, inLog } = await sent({
    type: 'conversationUpdate',
    membersAdded: [{ id: 'u1' }],
    channelData: { greet: true },
  })
  assert.equal(toBot?.type, 'conversationUpdate')
  assert.deepEqual(toBot.channelData, { greet: true })
  assert.equal(onSocket, undefined)
  assert.equal(inLog, undefined)
  assert.equal(id?.includes('|'), false)
})

test('lets a client announce nobody but itself', async () => {
  const others = [{ id: 'u1', name: 'Uma' }, { id: 'u2' }, { id: 'bot' }, {}]
  const { toBot } = await sent({ type: 'conversationUpdate', membersAdded: others, membersRemoved: others })
  assert.deepEqual(toBot?.membersAdded, [{ id: 'u1', name: 'Uma' }])
  assert.deepEqual(toBot.membersRemoved, [{ id: 'u1', name: 'Uma' }])
})

test('refuses a contactRelationUpdate from a client', async () => {
  const chat = await startChat(app, { id: 'u1' })
  assertRefused(await post(chat, { type: 'contactRelationUpdate', action: 'add' }), 400, 'BadArgument')
  assert.equal(bot.of(chat.conversation, 'contactRelationUpdate').length, 0)
})

test("passes a client's trace to the bot and shows it to nobody", async () => {
  const { toBot, onSocket, inLog } = await sent({ type: 'trace', name: 'x', value: 1 })
  assert.equal(toBot?.type, 'trace')
  assert.equal(onSocket, undefined)
  assert.equal(inLog, undefined)
})

test('refuses tokens/response from clients unless the site allows it', async () => {
  const event = { type: 'event', name: 'tokens/response', value: { token: 'x' } }
  const chat = await startChat(app, { id: 'u1' })
  assertRefused(await post(chat, event), 400, 'BadArgument')
  assert.equal(bot.of(chat.conversation, 'event').length, 0)
  await using own = await startApp({ bot: bot.url, site: { allowTokenResponse: true } })
  assert.equal((await sent(event, own)).toBot?.name, 'tokens/response')
})

test('lets a conversation have many people: each sees all of it', async () => {
  const { conversation, address, token } = await generateToken(app)
  const started = await call(`${app.base}/conversations`, { method: 'POST', bearer: token })
  const chat: Chat = { conversation, address, token, streamUrl: started.body.streamUrl ?? '', secret: app.secret }
  using socket = await openSocket(chat.streamUrl)
  for (const user of ['u1', 'u2', 'u3']) await post(chat, message(`from ${user}`, user))
  await socket.untilText('from u3')
  assert.deepEqual(
    socket.activities.map(({ from }) => from?.id),
    ['u1', 'u2', 'u3'],
  )
})
