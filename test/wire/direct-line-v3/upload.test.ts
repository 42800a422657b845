/**
 * POST /conversations/{id}/upload: files become stored ones, and an activity that points at them.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { type Chat, message, readLog, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { activityPart, activityType, type FormPart, filePart, formOf, newest, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

/** Name, type and bytes of the files of the newest activity, as somebody who follows the links gets them. */
async function filesOf(chat: Chat): Promise<readonly (readonly [string | undefined, string | undefined, string])[]> {
  const { attachments = [] } = await newest(chat)
  return Promise.all(
    attachments.map(async ({ name, contentType, contentUrl }) => {
      const { status, text } = await call(contentUrl ?? '')
      assert.equal(status, 200)
      return [name, contentType, text] as const
    }),
  )
}

/** Uploads one form to a new conversation and answers that. */
async function uploaded(parts: readonly FormPart[]): Promise<Chat> {
  const chat = await startChat(app)
  const { status, text } = await upload(chat, formOf(parts))
  assert.equal(status, 200, text)
  return chat
}

test('takes one file as the whole body: its type, its name, and a link that log, socket and bot share', async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  const { status, headers, body } = await upload(chat, {
    raw: png,
    headers: { 'content-type': 'image/png', 'content-disposition': 'name="file"; filename="badge.png"' },
  })
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(body, { id: `${chat.conversation}|0000001` })
  const shown = await socket.untilId(body.id)
  assert.equal(shown.type, 'message')
  assert.equal(shown.from?.id, 'u1')
  const [attachment] = shown.attachments ?? []
  assert.deepEqual([attachment?.name, attachment?.contentType], ['badge.png', 'image/png'])
  assert.ok(attachment?.contentUrl?.startsWith(`${app.origin}/`), attachment?.contentUrl)
  const file = await call(attachment?.contentUrl ?? '')
  assert.deepEqual(file.bytes, png)
  const told = bot.of(chat.conversation, 'message')[0]
  assert.deepEqual(told?.attachments, shown.attachments)
  assert.deepEqual(await readLog(chat), [shown])
})

test("reads a single file's name as the UTF-8 it is written in", async () => {
  const chat = await startChat(app)
  // Node's client sends these characters as the bytes they stand for.
  const disposition = Buffer.from('name="file"; filename="grün.txt"').toString('latin1')
  const what = { raw: 'bytes', headers: { 'content-type': 'text/plain', 'content-disposition': disposition } }
  assert.equal((await upload(chat, what)).status, 200)
  assert.deepEqual(await filesOf(chat), [['grün.txt', 'text/plain', 'bytes']])
})

test('gives a single file without name or type the defaults', async () => {
  const chat = await startChat(app)
  assert.equal((await upload(chat, { raw: 'bytes' })).status, 200)
  assert.deepEqual(await filesOf(chat), [['file', 'application/octet-stream', 'bytes']])
})

test('takes several files as a form, in order', async () => {
  const chat = await uploaded([
    filePart('a.txt', 'A'),
    filePart('b.json', '{"b":1}', 'application/json'),
    filePart('c', 'C', ''),
  ])
  assert.deepEqual(await filesOf(chat), [
    ['a.txt', 'text/plain', 'A'],
    ['b.json', 'application/json', '{"b":1}'],
    ['c', 'application/octet-stream', 'C'],
  ])
})

test('keeps the bytes of a file exactly, boundaries and line ends within it too', async () => {
  const bytes = Buffer.from('\r\n--not the boundary\r\n\0\xff\xfe--\r\n\n', 'latin1')
  const chat = await uploaded([filePart('odd.bin', bytes, 'application/octet-stream')])
  const [attachment] = (await newest(chat)).attachments ?? []
  assert.deepEqual((await call(attachment?.contentUrl ?? '')).bytes, bytes)
})

test('puts the files into the activity beside them, and keeps everything else of it', async () => {
  const activity = {
    ...message('see these', 'u9', {
      from: { id: 'u9', name: 'Uma' },
      channelData: { clientActivityID: 'c1', deep: [1] },
    }),
    attachments: [
      { name: 'one.txt', contentType: 'text/x-said', thumbnailUrl: 'https://files.example/thumb.png' },
      { name: 'two.txt', contentType: 'text/plain' },
    ],
  }
  const chat = await startChat(app)
  // DirectLineJS sends files in the order their downloads completed.
  const form = formOf([filePart('two.txt', 'TWO'), activityPart(activity), filePart('one.txt', 'ONE')])
  assert.equal((await upload(chat, form, '?userId=ignored')).status, 200)
  const shown = await newest(chat)
  assert.equal(shown.text, 'see these')
  assert.deepEqual([shown.from?.id, shown.from?.name], ['u9', 'Uma'])
  assert.deepEqual(shown.channelData, { clientActivityID: 'c1', deep: [1] })
  assert.equal(shown.attachments?.[0]?.thumbnailUrl, 'https://files.example/thumb.png')
  assert.deepEqual(await filesOf(chat), [
    ['one.txt', 'text/x-said', 'ONE'],
    ['two.txt', 'text/plain', 'TWO'],
  ])
})

test('finds the activity by its type or its name, wherever it stands', async () => {
  const bytes = JSON.stringify(message('found', 'u9'))
  const named = (name: string, type?: string): FormPart => ({
    headers: [`Content-Disposition: form-data; ${name}`, ...(type === undefined ? [] : [`Content-Type: ${type}`])],
    bytes,
  })
  for (const part of [
    named('name="activity"; filename="blob"', activityType),
    named('name="activity"', `${activityType}; charset=utf-8`),
    named('name="x"', activityType.toUpperCase()),
    named('name="x"', 'application/vnd.microsoft.bot.message'),
    named('name="activity"'),
    named('name="activity"', 'application/json'),
    { headers: [`Content-Type: ${activityType}`], bytes },
  ]) {
    for (const parts of [
      [part, filePart('a.txt', 'A')],
      [filePart('a.txt', 'A'), part],
    ]) {
      const chat = await uploaded(parts)
      assert.equal((await newest(chat)).text, 'found', JSON.stringify(part.headers))
      assert.deepEqual(await filesOf(chat), [['a.txt', 'text/plain', 'A']])
    }
  }
})

test('fills several entries of one name with several files of that name, in order', async () => {
  const entry = { name: 'same.txt', contentType: 'text/plain' }
  const chat = await uploaded([
    activityPart({ ...message('x'), attachments: [entry, entry] }),
    filePart('same.txt', 'first'),
    filePart('same.txt', 'second'),
    filePart('same.txt', 'third'),
  ])
  assert.deepEqual(
    (await filesOf(chat)).map(([name, , text]) => [name, text]),
    [
      ['same.txt', 'first'],
      ['same.txt', 'second'],
      ['same.txt', 'third'],
    ],
  )
})

test('keeps cards and links, discards what a client got when it tried to download a card, drops empty entries', async () => {
  const card = { contentType: 'application/vnd.microsoft.card.hero', name: 'card', content: { title: 'A card' } }
  const link = { contentType: 'image/png', name: 'link.png', contentUrl: 'https://files.example/link.png' }
  const chat = await uploaded([
    activityPart({
      ...message('x'),
      attachments: [
        card,
        link,
        { name: 'lost.txt', contentType: 'text/plain' },
        { name: 'kept.txt', contentType: 'text/plain' },
      ],
    }),
    filePart('card', '<html>some page</html>', card.contentType),
    filePart('kept.txt', 'KEPT'),
    filePart('new.txt', 'NEW'),
  ])
  const { attachments = [] } = await newest(chat)
  assert.deepEqual(attachments.slice(0, 2), [card, link])
  assert.deepEqual(
    attachments.slice(2).map(({ name }) => name),
    ['kept.txt', 'new.txt'],
  )
  assert.equal((await call(attachments[3]?.contentUrl ?? '')).text, 'NEW')
})

test('takes an activity alone, and a file of no bytes', async () => {
  const alone = await uploaded([activityPart(message('alone'))])
  assert.equal((await newest(alone)).text, 'alone')
  const empty = await uploaded([filePart('empty.txt', '')])
  assert.deepEqual(await filesOf(empty), [['empty.txt', 'text/plain', '']])
})

test('reads names as clients write them: unquoted, encoded, with a whole path, missing', async () => {
  for (const [disposition, name] of [
    ['form-data; name=file; filename=plain.txt', 'plain.txt'],
    ['name="file"; filename="a.jpg"', 'a.jpg'],
    [String.raw`form-data; name=file; filename="C:\Users\uma\report.txt"`, 'report.txt'],
    ['form-data; name="file"; filename="/home/uma/report.txt"', 'report.txt'],
    ['form-data; name="file"; filename="../../etc/passwd"', 'passwd'],
    [`form-data; name="file"; filename="x"; filename*=UTF-8''na%C3%AFve%20file.txt`, 'naïve file.txt'],
    ['form-data; name="file"; filename="naïve.txt"', 'naïve.txt'],
    ['form-data; name=file', 'file'],
    ['form-data; name="file"; filename=".."', 'file'],
    ['FORM-DATA; NAME="file"; FILENAME="upper.txt"', 'upper.txt'],
  ]) {
    const chat = await uploaded([{ headers: [`Content-Disposition: ${disposition}`], bytes: 'x' }])
    assert.deepEqual(await filesOf(chat), [[name, 'application/octet-stream', 'x']], disposition)
  }
})

test('shortens a file name to 255 bytes', async () => {
  const chat = await uploaded([filePart(`${'ü'.repeat(300)}.txt`, 'x')])
  const name = (await filesOf(chat))[0]?.[0] ?? ''
  assert.ok(Buffer.byteLength(name) <= 255 && name.startsWith('üüü'), name)
})

test('reads the form the documentation shows: delimiters without leading dashes, and none at the end', async () => {
  const boundary = '----DD4E5147-E865-4652-B662-F223701A8A89'
  const delimiter = `${boundary}\r\n`
  const activity = `Content-Type: ${activityType}\r\n\r\n${JSON.stringify(message('documented'))}\r\n`
  const file =
    'Content-Disposition: form-data; name="file"; filename="badge.txt"\r\nContent-Type: text/plain\r\n\r\nB\r\n'
  for (const raw of [
    `${delimiter}${file}${delimiter}${activity}`,
    `${delimiter}${file}\r\n${delimiter}${activity}${delimiter}`,
    `${delimiter}${activity}${delimiter}${file}${boundary}--`,
    `--${delimiter}${file}--${delimiter}${activity}`,
    `--${delimiter}${activity}--${delimiter}${file}--${boundary}--\r\n`,
    `--${delimiter}${file}--${delimiter}${activity}--${boundary}--`.replaceAll('\r\n', '\n'),
  ]) {
    const chat = await startChat(app)
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
    const { status, text } = await upload(chat, { raw, headers })
    assert.equal(status, 200, `${text}\n${raw}`)
    assert.equal((await newest(chat)).text, 'documented')
    const [[name, , bytes] = []] = await filesOf(chat)
    assert.deepEqual([name, bytes?.trimEnd()], ['badge.txt', 'B'], raw)
  }
})

test('reads a boundary in quotes', async () => {
  const chat = await startChat(app)
  const { raw } = formOf([filePart('a.txt', 'A')], 'a b')
  const { status } = await upload(chat, {
    ...(raw === undefined ? {} : { raw }),
    headers: { 'content-type': 'Multipart/Form-Data; charset=utf-8; Boundary="a b"' },
  })
  assert.equal(status, 200)
  assert.deepEqual(await filesOf(chat), [['a.txt', 'text/plain', 'A']])
})

test("speaks for the token's user, else for the activity's, else for userId", async () => {
  const withUser = await startChat(app, { id: 'u1', name: 'Uma' })
  const open = await startChat(app)
  const file = filePart('a.txt', 'A')
  for (const [chat, parts, query, from] of [
    [withUser, [file], '', 'u1'],
    [withUser, [file], '?userId=eve', 'u1'],
    [withUser, [activityPart(message('x', 'eve')), file], '?userId=eve', 'u1'],
    [open, [activityPart(message('x', 'u2')), file], '?userId=u3', 'u2'],
    [open, [activityPart({ type: 'message' }), file], '?userId=u3', 'u3'],
    [open, [file], '?userId=u%204', 'u 4'],
    [open, [file], '?userId=a+b', undefined],
  ] as const) {
    const { status, text } = await upload(chat, formOf(parts), query)
    assert.equal(status, 200, text)
    const shown = await newest(chat)
    if (from !== undefined) assert.equal(shown.from?.id, from)
    if (from === 'u1') assert.equal(shown.from?.name, 'Uma')
  }
})

test('gives links that begin with the address clients know', async () => {
  await using own = await startApp({ bot: bot.url, settings: { publicUrl: 'https://chat.example.org/line' } })
  const chat = await startChat(own, { id: 'u1' })
  await upload(chat, formOf([filePart('a b.txt', 'A')]))
  const [attachment] = (await newest(chat)).attachments ?? []
  assert.ok(attachment?.contentUrl?.startsWith('https://chat.example.org/line/attachments/'), attachment?.contentUrl)
  assert.equal(URL.canParse(attachment?.contentUrl ?? ''), true)
})

test('joins the sender before the upload reaches the bot', async () => {
  const chat = await startChat(app)
  await upload(chat, formOf([filePart('a.txt', 'A')]), '?userId=newcomer')
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, membersAdded }) => [type, membersAdded?.map(({ id }) => id)]),
    [
      ['conversationUpdate', ['bot']],
      ['conversationUpdate', ['newcomer']],
      ['message', undefined],
    ],
  )
})

test('a file finds its attachment although its name was changed on the way', async () => {
  const names = ['the "plan".txt', ' led.txt', 'a\\b.txt', '\u200fשלום.txt', `${'あ'.repeat(100)}.txt`, 'line\nend.txt']
  const chat = await startChat(app, { id: 'u1' })
  const escaped = (name: string) => name.replace(/["\r\n]/g, one => encodeURIComponent(one))
  const attachments = names.map(name => ({
    name,
    contentType: 'text/plain',
    thumbnailUrl: `https://t.example/${name.length}`,
  }))
  const form = formOf([
    ...names.toReversed().map(name => filePart(escaped(name), `bytes of ${name}`)),
    activityPart({ type: 'message', from: { id: 'u1' }, attachments }),
  ])
  assert.equal((await upload(chat, form)).status, 200)
  const shown = (await newest(chat)).attachments ?? []
  assert.deepEqual(
    shown.map(({ name, thumbnailUrl }) => ({ name, thumbnailUrl })),
    attachments.map(({ name, thumbnailUrl }) => ({ name, thumbnailUrl })),
    'each in its place, with its own name',
  )
  for (const [at, { contentUrl }] of shown.entries())
    assert.equal((await call(contentUrl ?? '')).text, `bytes of ${names[at]}`)
})

test('what a client got in place of a card it could not download is discarded, with or without a name', async () => {
  const card = { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard' } }
  const chat = await startChat(app, { id: 'u1' })
  for (const [name, fileName] of [
    [undefined, 'blob'],
    ['Order "5"', 'Order %225%22'],
  ] as const) {
    const attachment = name === undefined ? card : { ...card, name }
    const form = formOf([
      activityPart({ type: 'message', from: { id: 'u1' }, attachments: [attachment] }),
      filePart(fileName, '<!doctype html>', card.contentType),
    ])
    assert.equal((await upload(chat, form)).status, 200)
    assert.deepEqual((await newest(chat)).attachments, [attachment])
  }
})
