/**
 * How much one conversation may keep in files, whoever sends them.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, botSays, openTalk } from '../../support/talk.ts'
import { startLimited } from './limited.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

const kib = 1024
const fileBytesPerConversation = 100 * kib

const upload = (chat: Pick<Chat, 'address' | 'token'>, bytes: number) =>
  call(`${chat.address}/upload?userId=u1`, {
    bearer: chat.token,
    raw: Buffer.alloc(bytes, 'x'),
    headers: { 'content-type': 'text/plain' },
  })

test('what a client uploads beyond it is refused with 413, and nothing of it is kept; other conversations go on', async () => {
  await using app = await startLimited({ fileBytesPerConversation }, { bot: bot.url })
  const [chat, other] = [await startChat(app), await startChat(app)]
  for (let count = 0; count < 3; count += 1) assert.equal((await upload(chat, 30 * kib)).status, 200)
  assertRefused(await upload(chat, 20 * kib), 413, 'MessageSizeTooBig')
  assert.equal((await upload(chat, 5 * kib)).status, 200)
  await say(chat, 'without a file')
  assert.equal((await upload(other, 30 * kib)).status, 200)
  assert.equal((await readLog(chat)).length, 5)
})

test('of a form all files are kept or none', async () => {
  await using app = await startLimited({ fileBytesPerConversation }, { bot: bot.url })
  const chat = await startChat(app)
  const form = new FormData()
  for (const name of ['a', 'b', 'c']) form.append('file', new Blob([Buffer.alloc(40 * kib)]), name)
  const response = await fetch(`${chat.address}/upload?userId=u1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${chat.token}` },
    body: form,
  })
  assert.equal(response.status, 413)
  assert.equal((await upload(chat, 90 * kib)).status, 200, 'the room is still there')
})

test('uploads at once are counted together', async () => {
  await using app = await startLimited({ fileBytesPerConversation }, { bot: bot.url })
  const chat = await startChat(app)
  const answers = await Promise.all(Array.from({ length: 12 }, () => upload(chat, 30 * kib)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 3)
  for (const { status } of answers) assert.ok(status === 200 || status === 413, `${status}`)
})

test('a bot’s attachments count too: those it uploads, and those in its messages', async () => {
  await using app = await startLimited({ fileBytesPerConversation }, { bot: bot.url })
  const talk = await openTalk(app, bot)
  const base64 = Buffer.alloc(60 * kib, 'x').toString('base64')
  const data = { type: 'text/plain', name: 'a.txt', originalBase64: base64 }
  assert.equal((await call(`${talk.connector}/attachments`, { json: data })).status, 200)
  assertConnectorRefused(await call(`${talk.connector}/attachments`, { json: data }), 413, 'MessageSizeTooBig')
  const attachments = [{ contentType: 'text/plain', contentUrl: `data:text/plain;base64,${base64}` }]
  assertConnectorRefused(await bot.say(talk.join, { type: 'message', attachments }), 413, 'MessageSizeTooBig')
  assertRefused(await upload(talk, 60 * kib), 413, 'MessageSizeTooBig')
  await botSays(talk, 'without a file')
})

test('files in what a client posts count too, where the activity is too large to be passed on with them', async () => {
  await using app = await startLimited({ fileBytesPerConversation }, { bot: bot.url })
  const chat = await startChat(app)
  const postFile = (bytes: number, name: string) => {
    const contentUrl = `data:text/plain;base64,${Buffer.alloc(bytes, 'x').toString('base64')}`
    const channelData = { clientActivityID: name }
    return post(
      chat,
      message('', 'u1', { attachments: [{ contentType: 'text/plain', name, contentUrl }], channelData }),
    )
  }
  for (const name of ['a', 'a', 'a', 'b']) assert.equal((await postFile(45 * kib, name)).status, 200)
  assertRefused(await postFile(45 * kib, 'c'), 413, 'MessageSizeTooBig')
  assert.equal((await upload(chat, 8 * kib)).status, 200)
  await say(chat, 'without a file')
  assert.equal((await readLog(chat)).length, 4)
})

test('it is counted after a restart as before', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  const first = await startLimited({ fileBytesPerConversation }, { bot: bot.url, dir })
  const chat = await startChat(first)
  assert.equal((await upload(chat, 80 * kib)).status, 200)
  await first.stop()
  await using second = await startLimited({ fileBytesPerConversation }, { bot: bot.url, dir })
  const again = { ...chat, address: `${second.base}/conversations/${chat.conversation}` }
  assertRefused(await upload(again, 30 * kib), 413, 'MessageSizeTooBig')
  assert.equal((await upload(again, 10 * kib)).status, 200)
})
