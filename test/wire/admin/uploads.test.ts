/**
 * A site that takes no files: clients of both APIs are told so, and say everything else as before.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { done } from '../../support/admin.ts'
import { message, post } from '../../support/direct-line.ts'
import { type Answer, call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { startTalk } from '../../support/talk.ts'

const attachments = [{ contentType: 'image/png', contentUrl: 'https://files.example/a.png' }]
const headers = { 'content-type': 'text/plain', 'content-disposition': 'attachment; filename="note.txt"' }

test('files and attachments are refused where uploads are off, in both APIs and on sockets, and taken again', async () => {
  await using talk = await startTalk()
  const { app, address, token, conversation, bot } = talk
  const old = `${app.origin}/api/conversations/${conversation}`
  const withFiles = (): Promise<readonly Answer[]> =>
    Promise.all([
      post(talk, message('a picture', 'u1', { attachments })),
      call(`${address}/upload?userId=u1`, { bearer: token, raw: 'a note', headers }),
      call(`${old}/messages`, { bearer: token, json: { text: 'a picture', images: ['https://files.example/a.png'] } }),
      call(`${old}/upload`, { bearer: token, raw: 'a note', headers }),
    ])
  await done(app, 'PATCH', '/sites/default', { uploads: false })
  const [activity, upload, oldMessage, oldUpload] = await withFiles()
  for (const answer of [activity, upload])
    assert.deepEqual([answer?.status, answer?.body.error?.code], [400, 'UploadsOff'], answer?.text)
  for (const answer of [oldMessage, oldUpload])
    assert.deepEqual([answer?.status, answer?.body.error?.code], [400, 'NotSupported'], answer?.text)
  assert.equal((await post(talk, message('only words', 'u1', { attachments: [] }))).status, 200)
  assert.equal((await call(`${old}/messages`, { bearer: token, json: { text: 'only words' } })).status, 204)
  using socket = await openSocket(talk.streamUrl.replace('/stream?', '/stream/multimodal?'))
  socket.send(JSON.stringify(message('a picture', 'u1', { attachments })))
  socket.send(JSON.stringify(message('after it')))
  await bot.until('what follows', ({ of }) => of(conversation, 'message').some(({ text }) => text === 'after it'))
  assert.ok(bot.of(conversation, 'message').every(({ text }) => text !== 'a picture'))

  await done(app, 'PATCH', '/sites/default', { uploads: true })
  for (const { status, text } of await withFiles()) assert.ok(status === 200 || status === 204, text)
})
