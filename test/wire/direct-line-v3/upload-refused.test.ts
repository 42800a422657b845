/**
 * POST /conversations/{id}/upload: what is refused, and that nothing of it is kept.
 */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, generateToken, getPage, message, readLog, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { activityPart, type FormPart, filePart, formOf, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

test('refuses an upload of nobody, of nothing, or for a conversation that is not, and keeps nothing', async () => {
  const chat = await startChat(app)
  const form = formOf([filePart('a.txt', 'A')])
  assertRefused(await upload(chat, form, ''), 400, 'MissingProperty')
  assertRefused(await upload(chat, form, '?userId='), 400, 'MissingProperty')
  assertRefused(await upload(chat, { raw: '', headers: { 'content-type': 'image/png' } }), 400, 'MissingProperty')
  assertRefused(await upload(chat, {}), 400, 'MissingProperty')
  const headers = { 'content-type': 'multipart/form-data; boundary=k' }
  assertRefused(await upload(chat, { headers }), 400, 'MissingProperty')
  assertRefused(await upload(chat, { headers, raw: '' }), 400, 'MissingProperty')
  assertRefused(await upload(chat, formOf([])), 400, 'MissingProperty')
  assertRefused(
    await upload(chat, formOf([{ headers: ['Content-Disposition: form-data; name="file"'], bytes: '' }])),
    400,
    'MissingProperty',
  )
  const unknown = { address: `${app.base}/conversations/doesNotExist0000000001`, token: app.secret }
  assertRefused(await upload(unknown, form), 404, 'BadArgument')
  assertRefused(await upload(await generateToken(app), form), 404, 'BadArgument')
  const other = await startChat(app)
  assertRefused(await upload({ address: other.address, token: chat.token }, form), 403, 'BadArgument')
  for (const each of [chat, other]) assert.deepEqual(await readLog(each), [])
})

test('refuses an activity part that is no activity, and a second one', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const raw = (bytes: string): FormPart => ({ ...activityPart({}), bytes })
  assertRefused(await upload(chat, formOf([raw('{"type":'), filePart('a', 'A')])), 400, 'MissingProperty')
  assertRefused(await upload(chat, formOf([raw('{}'), filePart('a', 'A')])), 400, 'MissingProperty')
  assertRefused(await upload(chat, formOf([raw('[]'), filePart('a', 'A')])), 400, 'BadArgument')
  assertRefused(await upload(chat, formOf([activityPart({ type: 'message', attachments: {} })])), 400, 'BadArgument')
  const two = [activityPart(message('one')), activityPart(message('two'))]
  assertRefused(await upload(chat, formOf(two)), 400, 'BadArgument')
  const reserved = activityPart({ type: 'contactRelationUpdate' })
  assertRefused(await upload(chat, formOf([reserved, filePart('a', 'A')])), 400, 'BadArgument')
  assert.deepEqual(await readLog(chat), [])
})

test('takes 4 MiB and 32 parts, and refuses more as MessageSizeTooBig', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const size = 4 * 1024 * 1024
  assert.equal((await upload(chat, { raw: new Uint8Array(size) })).status, 200)
  assertRefused(await upload(chat, { raw: new Uint8Array(size + 1) }), 413, 'MessageSizeTooBig')
  const parts = (count: number) => formOf(Array.from({ length: count }, (_, at) => filePart(`${at}.txt`, `${at}`)))
  assert.equal((await upload(chat, parts(32))).status, 200)
  assertRefused(await upload(chat, parts(33)), 413, 'MessageSizeTooBig')
  assert.equal((await getPage(chat)).body.activities?.length, 2)
})

test('refuses a part whose headers are over 8 KiB, and more attachments than an activity may have', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const long: FormPart = { headers: [`X-Long: ${'x'.repeat(8 * 1024)}`], bytes: 'x' }
  assertRefused(await upload(chat, formOf([long])), 400, 'BadArgument')
  const attachments = Array.from({ length: 50 }, (_, at) => ({
    contentType: 'text/plain',
    contentUrl: `https://files.example/${at}`,
  }))
  const full = activityPart({ ...message('full'), attachments })
  assert.equal((await upload(chat, formOf([full]))).status, 200)
  assertRefused(await upload(chat, formOf([full, filePart('one-more.txt', 'x')])), 400, 'BadArgument')
  assert.equal((await readLog(chat)).length, 1)
})

test("is acknowledged after the bot's turn, and refused with it", async () => {
  await using bad = await startBot({ answer: ({ type }) => (type === 'message' ? 500 : 200) })
  await using own = await startApp({ bot: bad.url })
  const chat = await startChat(own, { id: 'u1' })
  assertRefused(await upload(chat, formOf([filePart('a.txt', 'A')])), 502, 'BotError', 500)
  assert.equal((await readLog(chat)).length, 1)
})

test('leaves no file behind of an upload that is refused', async () => {
  await using folder = await makeFolder()
  await using own = await startApp({ bot: bot.url, dir: folder.path })
  const chat = await startChat(own)
  const files = async () => (await readdir(join(folder.path, 'files'), { recursive: true })).length
  const before = await files()
  const form = formOf([filePart('a.txt', 'A')])
  assertRefused(await upload(chat, form, ''), 400, 'MissingProperty')
  assertRefused(await upload(chat, form, '?userId=bot'), 400, 'BadArgument')
  const refused = formOf([activityPart({ type: 'contactRelationUpdate', from: { id: 'u1' } }), filePart('a.txt', 'A')])
  assertRefused(await upload(chat, refused), 400, 'BadArgument')
  assertRefused(await upload({ ...chat, address: `${chat.address}x`, token: own.secret }, form), 404, 'BadArgument')
  assert.equal(await files(), before)
  assert.equal((await upload(chat, form)).status, 200)
  assert.ok((await files()) > before)
})
