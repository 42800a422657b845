/**
 * GET /conversations/{id}/stream/multimodal: a stream on which clients send activities as frames instead of posting
 * them. Nobody answers those frames.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, getPage, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const multimodalUrl = ({ streamUrl }: Pick<Chat, 'streamUrl'>) => streamUrl.replace('/stream?', '/stream/multimodal?')
const frame = (activity: unknown) => JSON.stringify(activity)

test('shows what the stream shows', async () => {
  const chat = await startChat(app)
  await say(chat, 'one')
  using socket = await openSocket(multimodalUrl(chat))
  await socket.untilText('one')
  await say(chat, 'two')
  await socket.untilText('two')
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['one', 'two'],
  )
  for (const { activities } of socket.sets) assert.ok(Array.isArray(activities))
})

test('takes each text frame as an activity: into the log, to other sockets and to the bot, by the rules of a post', async () => {
  const chat = await startChat(app, { id: 'u1', name: 'Uma' })
  using socket = await openSocket(multimodalUrl(chat))
  using other = await openSocket(chat.streamUrl)
  socket.send(
    frame({
      type: 'message',
      text: 'spoken',
      from: { id: 'eve', role: 'bot' },
      channelData: { clientActivityID: 'c' },
    }),
  )
  const shown = await other.untilText('spoken')
  assert.deepEqual(shown.from, { id: 'u1', name: 'Uma', role: 'user' })
  assert.deepEqual(shown.channelData, { clientActivityID: 'c' })
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  assert.equal(told.id, shown.id)
  assert.deepEqual(await readLog(chat), [shown])
})

test('keeps the order of the frames', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(multimodalUrl(chat))
  using other = await openSocket(chat.streamUrl)
  const texts = Array.from({ length: 30 }, (_, at) => `frame ${at}`)
  for (const text of texts) socket.send(frame({ type: 'message', text }))
  await other.untilText('frame 29')
  assert.deepEqual(
    other.activities.map(({ text }) => text),
    texts,
  )
})

test('joins the sender before their first frame reaches the bot', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(multimodalUrl(chat))
  socket.send(frame(message('hello', 'newcomer')))
  await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, membersAdded }) => [type, membersAdded?.map(({ id }) => id)]),
    [
      ['conversationUpdate', ['bot']],
      ['conversationUpdate', ['newcomer']],
      ['message', undefined],
    ],
  )
})

test('takes an activity sent twice once', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(multimodalUrl(chat))
  const activity = { type: 'message', text: 'once', channelData: { clientActivityID: 'same' } }
  const { body } = await post(chat, activity)
  socket.send(frame(activity))
  socket.send(frame({ type: 'message', text: 'then' }))
  await socket.untilText('then')
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['once', 'then'],
  )
  assert.ok(body.id)
})

test('ignores frames that are no activity, and stays open', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(multimodalUrl(chat))
  const withoutSender = { type: 'message', text: 'nobody' }
  const badFrames = ['', ' ', '{"type":', '[]', '"text"', 'null', '{}', frame({ type: 7 }), frame(withoutSender)]
  for (const data of badFrames) socket.send(data)
  socket.send(new TextEncoder().encode(frame(message('binary'))))
  socket.send(frame({ type: 'contactRelationUpdate', from: { id: 'u1' } }))
  socket.send(frame(message('good')))
  await socket.untilText('good')
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['good'],
  )
})

test('says nothing when the bot fails', async () => {
  await using bad = await startBot({ answer: () => 500 })
  await using own = await startApp({ bot: bad.url })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(multimodalUrl(chat))
  socket.send(frame({ type: 'message', text: 'one' }))
  await bad.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
  socket.send(frame({ type: 'message', text: 'two' }))
  await socket.untilText('two')
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    ['one', 'two'],
  )
})

test('takes frames of up to 256 KiB and closes with 1009 beyond', async () => {
  const chat = await startChat(app, { id: 'u1' })
  using socket = await openSocket(multimodalUrl(chat))
  const text = 'x'.repeat(256 * 1024 - 100)
  socket.send(frame({ type: 'message', text }))
  await socket.untilText(text)
  socket.send(frame({ type: 'message', text: 'x'.repeat(256 * 1024) }))
  assert.equal((await inTime('a close', socket.closed)).code, 1009)
  assert.equal((await getPage(chat)).body.activities?.length, 1)
})

test('is opened by the ticket alone, and only as a WebSocket', async () => {
  const chat = await startChat(app)
  const url = multimodalUrl(chat)
  assertRefused(await refusedHandshake(url.replace(/t=.*/, 't=garbage')), 403, 'BadArgument')
  assertRefused(await refusedHandshake(url.replace(/t=.*/, `t=${chat.token}`)), 403, 'BadArgument')
  assertRefused(await call(url.replace(/^ws/, 'http')), 400, 'BadArgument')
})
