/**
 * POST /api/conversations/{conversation}/upload: files, with a message beside them or without, become one message.
 */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { generateToken, readLog } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Call, call, callRaw } from '../../support/http.ts'
import {
  assertNothing,
  assertOldRefused,
  type OldChat,
  oldChatOf,
  postOld,
  readMessages,
  startOldChat,
  uploadOld,
} from '../../support/old-direct-line.ts'
import { type FormPart, filePart, formOf, messagePart, messageType } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const png = Buffer.from('89504e470d0a1a0a0000000d49484452000d0a0d0a2d2d2d2d6b3831', 'hex')

/** Uploads to a conversation of its own, and answers that. */
async function uploaded(what: Call, query = '?userId=u1'): Promise<OldChat> {
  const chat = await startOldChat(app)
  assertNothing(await uploadOld(chat, what, query))
  return chat
}

/** Name, type and text of each file that the bot can fetch. */
async function filesAtBot(chat: OldChat) {
  const [told, ...more] = bot.of(chat.conversation, 'message')
  assert.deepEqual(more, [], 'one message with all of them')
  return Promise.all(
    (told?.attachments ?? []).map(async ({ name, contentType, contentUrl }) => {
      const { status, bytes } = await call(contentUrl ?? '')
      assert.equal(status, 200)
      return [name, contentType, bytes.toString('latin1')]
    }),
  )
}

test('takes one file as the whole body: to the bot it comes with name and type, to clients as a picture', async () => {
  const headers = { 'content-type': 'image/png', 'content-disposition': 'name="file"; filename="door.png"' }
  const chat = await uploaded({ raw: png, headers })
  assert.deepEqual(await filesAtBot(chat), [['door.png', 'image/png', png.toString('latin1')]])
  const [shown, ...more] = await readMessages(chat)
  assert.deepEqual(more, [])
  assert.deepEqual([shown?.from, shown?.text, shown?.attachments], ['u1', '', undefined])
  const [link = '', ...others] = shown?.images ?? []
  assert.deepEqual(others, [])
  assert.ok(link.startsWith(`${app.origin}/attachments/`), link)
  assert.deepEqual((await call(link)).bytes, png)
  assert.equal((await readLog(chat))[0]?.attachments?.[0]?.contentUrl, link)
})

test('shows a file that is no picture among the attachments', async () => {
  const headers = { 'content-type': 'application/pdf; charset=binary' }
  const [shown] = await readMessages(await uploaded({ raw: '%PDF', headers }))
  assert.equal(shown?.images, undefined)
  assert.equal(shown?.attachments?.length, 1)
  assert.equal(shown?.attachments?.[0]?.contentType, 'application/pdf')
  assert.equal((await call(shown?.attachments?.[0]?.url ?? '')).text, '%PDF')
})

test('gives a single file without name or type the defaults', async () => {
  assert.deepEqual(await filesAtBot(await uploaded({ raw: 'bytes' })), [['file', 'application/octet-stream', 'bytes']])
  const typed = { 'content-type': 'text/plain', 'content-disposition': 'name="file"' }
  assert.deepEqual(await filesAtBot(await uploaded({ raw: 'b', headers: typed })), [['file', 'text/plain', 'b']])
})

test('reads names with and without a disposition type, quoted or not, and never as a path', async () => {
  for (const [disposition, name] of [
    ['name="file"; filename="cat.jpg"', 'cat.jpg'],
    ['form-data; name="file"; filename="cat.jpg"', 'cat.jpg'],
    ['attachment; filename=cat.jpg', 'cat.jpg'],
    ['filename="cat.jpg"', 'cat.jpg'],
    [String.raw`name="file"; filename="C:\Users\uma\cat.jpg"`, 'cat.jpg'],
    ['name="file"; filename="../../cat.jpg"', 'cat.jpg'],
    ['name="file"; filename*=UTF-8\'\'na%C3%AFve.jpg', 'naïve.jpg'],
  ] as const) {
    const headers = { 'content-type': 'image/jpeg', 'content-disposition': disposition }
    const [[at] = []] = await filesAtBot(await uploaded({ raw: 'x', headers }))
    assert.equal(at, name, disposition)
  }
})

test('reads a name as the UTF-8 it is written in, and as Latin-1 where it is not that', async () => {
  for (const [bytes, name] of [
    [Buffer.from('grün.txt'), 'grün.txt'],
    [Buffer.from('日本 👋.txt'), '日本 👋.txt'],
    [Buffer.from('grün.txt', 'latin1'), 'grün.txt'],
  ] as const) {
    const chat = await startOldChat(app)
    const request = [
      `POST ${new URL(chat.old).pathname}/upload HTTP/1.1`,
      `Host: 127.0.0.1:${app.port}`,
      `Authorization: Bearer ${chat.token}`,
      `Content-Disposition: name="file"; filename="${bytes.toString('latin1')}"`,
      'Content-Length: 1',
      'Connection: close',
      '',
      'x',
    ]
    assert.match(await callRaw(app.port, Buffer.from(request.join('\r\n'), 'latin1')), /^HTTP\/1\.1 204 /)
    assert.equal((await filesAtBot(chat))[0]?.[0], name)
    const head = ['--k\r\nContent-Disposition: form-data; filename="', bytes, '"\r\n\r\nx\r\n--k--']
    const raw = Buffer.concat(head.map(each => Buffer.from(each)))
    const form = { raw, headers: { 'content-type': 'multipart/form-data; boundary=k' } }
    assert.equal((await filesAtBot(await uploaded(form)))[0]?.[0], name)
  }
})

test('takes several files as a form, in order, as one message: pictures and other files apart', async () => {
  const chat = await uploaded(
    formOf([filePart('a.txt', 'A'), filePart('b.png', png, 'image/png'), filePart('c.pdf', 'C', 'application/pdf')]),
  )
  assert.deepEqual(await filesAtBot(chat), [
    ['a.txt', 'text/plain', 'A'],
    ['b.png', 'image/png', png.toString('latin1')],
    ['c.pdf', 'application/pdf', 'C'],
  ])
  const [shown] = await readMessages(chat)
  assert.equal(shown?.images?.length, 1)
  assert.deepEqual(
    shown?.attachments?.map(({ contentType }) => contentType),
    ['text/plain', 'application/pdf'],
  )
})

test('puts the files behind what the message beside them already lists', async () => {
  const chat = await uploaded(
    formOf([
      filePart('new.png', png, 'image/png'),
      messagePart({
        from: 'u2',
        text: 'This is the door I mean.',
        channelData: { screen: 'door' },
        images: ['https://i.example/old.png'],
        attachments: [{ url: 'https://f.example/old.pdf', contentType: 'application/pdf' }],
      }),
      filePart('new.txt', 'N'),
    ]),
  )
  const [told] = bot.of(chat.conversation, 'message')
  assert.deepEqual(
    [told?.from?.id, told?.text, told?.channelData],
    ['u2', 'This is the door I mean.', { screen: 'door' }],
  )
  assert.deepEqual(
    told?.attachments?.map(({ name, contentType, contentUrl }) => name ?? [contentType, contentUrl]),
    [
      ['image/png', 'https://i.example/old.png'],
      ['application/pdf', 'https://f.example/old.pdf'],
      'new.png',
      'new.txt',
    ],
  )
  const [shown] = await readMessages(chat)
  assert.equal(shown?.images?.[0], 'https://i.example/old.png')
  assert.deepEqual([shown?.images?.length, shown?.attachments?.length], [2, 2])
})

test('finds the message by its type or its name, wherever it stands', async () => {
  const bytes = JSON.stringify({ from: 'u2', text: 'found' })
  const part = (...headers: string[]): FormPart => ({ headers, bytes })
  const activity: FormPart = {
    headers: ['Content-Type: application/vnd.microsoft.activity'],
    bytes: JSON.stringify({ type: 'message', from: { id: 'u2' }, text: 'found' }),
  }
  const named = 'Content-Disposition: form-data; name='
  for (const message of [
    part(`Content-Type: ${messageType}`),
    part(`Content-Type: ${messageType}; charset=utf-8`),
    part(`${named}"message"; filename="blob"`, `Content-Type: ${messageType.toUpperCase()}`),
    part(`${named}"message"`),
    part(`${named}message`, 'Content-Type: application/json'),
    activity,
    { ...activity, headers: [`${named}"activity"`, 'Content-Type: application/json'] },
  ]) {
    const file = filePart('a.txt', 'A')
    for (const parts of [
      [message, file],
      [file, message],
    ]) {
      const chat = await uploaded(formOf(parts), '')
      assert.deepEqual(await filesAtBot(chat), [['a.txt', 'text/plain', 'A']], JSON.stringify(message.headers))
      const [shown] = await readMessages(chat)
      assert.deepEqual([shown?.from, shown?.text], ['u2', 'found'])
    }
  }
})

test('reads the message in any spelling, and takes one that says nothing beside a file', async () => {
  const chat = await uploaded(formOf([messagePart({ From: 'u2', Text: 'spelt' }), filePart('a.txt', 'A')]), '')
  assert.deepEqual(
    (await readMessages(chat)).map(({ from, text }) => [from, text]),
    [['u2', 'spelt']],
  )
  for (const message of [{}, { from: 'u2' }]) {
    const silent = await uploaded(formOf([messagePart(message), filePart('a.txt', 'A')]))
    assert.equal((await filesAtBot(silent)).length, 1)
  }
})

test('takes a message alone', async () => {
  const chat = await uploaded(formOf([messagePart({ from: 'u2', text: 'alone' })]))
  assert.deepEqual(
    (await readMessages(chat)).map(({ from, text }) => [from, text]),
    [['u2', 'alone']],
  )
})

test('reads forms with and without the leading dashes, with and without a last delimiter, by any line end', async () => {
  const boundary = '----DD4E5147'
  const delimiter = `${boundary}\r\n`
  const message = `Content-Type: ${messageType}\r\n\r\n{"from":"u2","text":"documented"}\r\n`
  const file = 'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nA\r\n'
  for (const raw of [
    `${delimiter}${file}${delimiter}${message}`,
    `${delimiter}${file}${delimiter}${message}${delimiter}`,
    `${delimiter}${message}${delimiter}${file}${boundary}--`,
    `--${delimiter}${file}--${delimiter}${message}`,
    `--${delimiter}${message}--${delimiter}${file}--${boundary}--\r\n`,
    `${delimiter}${file}${delimiter}${message}${delimiter}`.replaceAll('\r\n', '\n'),
  ]) {
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const chat = await uploaded({ raw, headers }, '')
    assert.deepEqual(await filesAtBot(chat), [['a.txt', 'text/plain', 'A']], raw)
    assert.equal((await readMessages(chat))[0]?.text, 'documented')
  }
})

test("speaks for the token's user, else for the message's `from`, else for userId, else for the conversation's unnamed", async () => {
  const file = filePart('a.txt', 'A')
  const withUser = await startOldChat(app, { id: 'u1' })
  const open = await startOldChat(app)
  assertNothing(await postOld(open, { text: 'who am I?' }))
  const [unnamed] = (await readMessages(open)).map(({ from }) => from)
  for (const [chat, parts, query, from] of [
    [withUser, [file], '', 'u1'],
    [withUser, [messagePart({ from: 'eve', text: 'x' }), file], '?userId=eve', 'u1'],
    [open, [messagePart({ from: 'u2', text: 'x' }), file], '?userId=u3', 'u2'],
    [open, [messagePart({ text: 'x' }), file], '?userId=u3', 'u3'],
    [open, [file], '?userId=u%204', 'u 4'],
    [open, [file], '', unnamed],
    [open, [file], '?userId=', unnamed],
    [open, [messagePart({ text: 'x' })], '', unnamed],
  ] as const) {
    assertNothing(await uploadOld(chat, formOf(parts), query))
    assert.equal((await readMessages(chat)).at(-1)?.from, from, query)
  }
})

test('waits for the turn, and fails with the bot as a message does, after which the files are kept', async () => {
  await using bad = await startBot({ answer: ({ type }) => (type === 'message' ? 418 : 200) })
  await using own = await startApp({ bot: bad.url })
  const chat = await startOldChat(own)
  assertOldRefused(await uploadOld(chat, { raw: 'kept' }, '?userId=u1'), 500, 'ServiceError', 418)
  const [shown] = await readMessages(chat)
  assert.equal((await call(shown?.attachments?.[0]?.url ?? '')).text, 'kept')
  await using alone = await startApp()
  const silent = await startOldChat(alone)
  const startedMs = performance.now()
  assertOldRefused(await uploadOld(silent, { raw: 'kept' }, '?userId=u1'), 502, 'ServiceError', 504)
  assert.ok(performance.now() - startedMs >= 95)
  assert.equal((await readMessages(silent)).length, 1)
})

/** Refuses an upload, and holds that nothing of it is there. */
async function refused(what: Call, status: number, code: string, query = '?userId=u1'): Promise<void> {
  const chat = await startOldChat(app)
  assertOldRefused(await uploadOld(chat, what, query), status, code)
  assert.deepEqual(await readLog(chat), [])
  assert.deepEqual(bot.of(chat.conversation, 'message'), [])
}

test('refuses an upload with nothing in it', async () => {
  await refused({}, 400, 'MissingProperty')
  await refused({ raw: '', headers: { 'content-type': 'image/png' } }, 400, 'MissingProperty')
  for (const type of ['multipart/form-data; boundary=k', 'multipart/form-data']) {
    const headers = { 'content-type': type }
    await refused({ headers, method: 'POST' }, 400, 'MissingProperty')
    await refused({ headers, raw: '' }, 400, 'MissingProperty')
  }
  await refused(formOf([]), 400, 'MissingProperty')
  await refused(formOf([messagePart({})]), 400, 'MissingProperty')
  await refused(formOf([messagePart({ from: 'u1' })]), 400, 'MissingProperty')
  await refused(
    formOf([{ headers: ['Content-Disposition: form-data; name="file"'], bytes: '' }]),
    400,
    'MissingProperty',
  )
})

test('refuses a form it cannot read', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=k81' }
  await refused({ raw: 'no delimiter anywhere', headers }, 400, 'MalformedData')
  await refused({ raw: '--k81\r\nno headers', headers }, 400, 'MalformedData')
  const noBoundary = { 'content-type': 'multipart/form-data' }
  await refused({ raw: '--k81\r\n\r\nx\r\n--k81--', headers: noBoundary }, 400, 'MalformedData')
})

test('refuses a message part that is no message, and a second one', async () => {
  const file = filePart('a.txt', 'A')
  for (const message of ['{', 'text', '[]', '5', '{"text":5}', '{"images":"x"}'])
    await refused(formOf([messagePart(message), file]), 400, 'MalformedData')
  await refused(formOf([messagePart({ attachments: [{}] }), file]), 400, 'MissingProperty')
  await refused(formOf([messagePart({ text: '1' }), messagePart({ text: '2' }), file]), 400, 'MalformedData')
  await refused(formOf([messagePart({ from: 'bot', text: 'x' }), file]), 400, 'MalformedData')
  await refused(formOf([file]), 400, 'MalformedData', '?userId=bot')
})

test('refuses an activity part that is not JSON, and a part that is not UTF-8, as a message part that is not JSON', async () => {
  const activity: FormPart = { headers: ['Content-Type: application/vnd.microsoft.activity'], bytes: '{"type":' }
  await refused(formOf([activity, filePart('a.txt', 'A')]), 400, 'MalformedData')
  const notUtf8: FormPart = { ...messagePart({}), bytes: Buffer.from('{"text":"\xff"}', 'latin1') }
  await refused(formOf([notUtf8, filePart('a.txt', 'A')]), 400, 'MalformedData')
})

test('takes 4 MiB and 32 parts, and refuses more', async () => {
  const most = 4 * 1024 * 1024
  await uploaded({ raw: new Uint8Array(most) })
  await refused({ raw: new Uint8Array(most + 1) }, 413, 'InvalidRange')
  const parts = (count: number) => formOf(Array.from({ length: count }, (_, at) => filePart(`${at}.txt`, `${at}`)))
  await uploaded(parts(32))
  await refused(parts(33), 413, 'InvalidRange')
})

test('refuses whoever may not, and keeps nothing', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  const what = formOf([filePart('a.txt', 'A')])
  assertOldRefused(await uploadOld({ ...chat, token: other.token }, what), 403, 'NotAllowed')
  const generated = await generateToken(app)
  const unstarted = oldChatOf(app, generated.conversation, generated.token)
  assertOldRefused(await uploadOld(unstarted, what), 404, 'NotFound')
  assertOldRefused(await uploadOld(oldChatOf(app, 'doesNotExist0000000001', app.secret), what), 404, 'NotFound')
  assert.deepEqual(await readLog(chat), [])
})

test('stores no file of an upload that is refused', async () => {
  await using folder = await makeFolder()
  await using own = await startApp({ bot: bot.url, dir: folder.path })
  const storedFiles = async () => {
    const all = await readdir(folder.path, { recursive: true, withFileTypes: true })
    return all.filter(entry => entry.isFile() && entry.parentPath.includes('files')).length
  }
  const chat = await startOldChat(own)
  assertNothing(await uploadOld(chat, { raw: 'taken' }))
  const before = await storedFiles()
  assert.ok(before > 0)
  const form = formOf([messagePart({ from: 'bot', text: 'x' }), filePart('a.txt', 'A')])
  assertOldRefused(await uploadOld(chat, form), 400, 'MalformedData')
  assertOldRefused(await uploadOld(chat, { raw: 'x' }, '?userId=bot'), 400, 'MalformedData')
  const nowhere = oldChatOf(own, 'doesNotExist0000000001', own.secret)
  assertOldRefused(await uploadOld(nowhere, { raw: 'x' }), 404, 'NotFound')
  assert.equal(await storedFiles(), before)
})
