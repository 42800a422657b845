/**
 * On a disk that fills up, uploads are refused first: what is left is for the log.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openDiskFiles } from '../../../src/adapters/files/files.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertOldRefused, startOldChat } from '../../support/old-direct-line.ts'
import { assertConnectorRefused, botSays, openTalk } from '../../support/talk.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'
import { startLimited } from './limited.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

/** More than there is of any disk. */
const diskReserve = { bytes: Number.MAX_SAFE_INTEGER, share: 2 }

const upload = ({ address, token }: Pick<Chat, 'address' | 'token'>) =>
  call(`${address}/upload?userId=u1`, { bearer: token, raw: 'x', headers: { 'content-type': 'text/plain' } })

test('uploads are refused with 503 while the disk is nearly full, by whichever door, and messages go on', async () => {
  await using folder = await makeFolder()
  await using app = await startLimited({ diskReserve }, { bot: bot.url, dir: folder.path })
  const talk = await openTalk(app, bot)
  const refused = await upload(talk)
  assertRefused(refused, 503, 'ServiceError')
  assert.equal(refused.headers['retry-after'], '1')
  const old = await startOldChat(app)
  const body = { raw: 'x', headers: { 'content-type': 'text/plain' } }
  assertOldRefused(await call(`${old.old}/upload`, { bearer: old.token, ...body }), 503, 'ServiceError')
  const originalBase64 = Buffer.from('x').toString('base64')
  const data = { type: 'text/plain', name: 'a.txt', originalBase64 }
  assertConnectorRefused(await call(`${talk.connector}/attachments`, { json: data }), 503, 'ServiceError')
  const attachments = [{ contentType: 'text/plain', contentUrl: `data:text/plain;base64,${originalBase64}` }]
  assertConnectorRefused(await bot.say(talk.join, { type: 'message', attachments }), 503, 'ServiceError')
  await say(talk, 'hello')
  await botSays(talk, 'without a file')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hello', 'without a file'],
  )
  assert.equal((await call(`${app.origin}/ready`)).status, 200)
  assert.ok(
    app.events.some(event => event.event === 'fault'),
    'whoever runs the service is told',
  )
})

test('a disk with room beyond the reserve takes uploads: the reserve is the lesser of its two numbers', async () => {
  for (const diskReserve of [
    { bytes: 0, share: 2 },
    { bytes: Number.MAX_SAFE_INTEGER, share: 0 },
  ]) {
    await using folder = await makeFolder()
    await using app = await startLimited({ diskReserve }, { bot: bot.url, dir: folder.path })
    assert.equal((await upload(await startChat(app))).status, 200)
  }
})

test('what is let in counts at once, before the disk is asked again', async () => {
  await using folder = await makeFolder()
  const files = await openDiskFiles({ dir: folder.path })
  const fits = (bytes: number) => files.hasRoomFor(bytes)
  assert.equal(await fits(0), true)
  let most = 1
  while (most < Number.MAX_SAFE_INTEGER && (await fits(most))) most *= 2
  assert.equal(await fits(most / 2), false, 'half of it was let in just before')
  assert.equal(await fits(0), true)
})

test('files that can’t be stored are a 503 that tells nothing, and not a fault of the caller', async () => {
  await using service = await startFaulty(bot.url, ({ files }) => ({
    files: Object.assign(Object.create(files) as typeof files, {
      bytesOf: async () => 0,
      hasRoomFor: async () => true,
      put: () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on /secret/place'), { code: 'ENOSPC' })),
    }),
  }))
  const chat = await startChat(service)
  const answer = await upload(chat)
  assertRefused(answer, 503, 'ServiceError')
  assert.doesNotMatch(answer.text, /ENOSPC|secret/)
  await say(chat, 'hello')
})
