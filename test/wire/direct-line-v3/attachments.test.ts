/**
 * Attachments by their links: whoever holds the link gets the file, inert, until it expires.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { filePart, formOf, newest, upload } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

/** The link of one uploaded file. */
async function linkTo(
  name: string,
  bytes: string,
  contentType: string,
  service: TestApp = app,
): Promise<{ readonly link: string; readonly chat: Chat }> {
  const chat = await startChat(service, { id: 'u1' })
  const { status, text } = await upload(chat, formOf([filePart(name, bytes, contentType)]))
  assert.equal(status, 200, text)
  const [attachment] = (await newest(chat)).attachments ?? []
  return { link: attachment?.contentUrl ?? '', chat }
}

test('is served to a plain GET without Authorization, to a bot as to a browser', async () => {
  const { link } = await linkTo('note.txt', 'a note', 'text/plain')
  for (const headers of [{}, { origin: 'https://page.example' }, { authorization: 'Bearer nonsense' }]) {
    const { status, text, headers: answered } = await call(link, { headers })
    assert.equal(status, 200)
    assert.equal(text, 'a note')
    assert.equal(answered['content-length'], '6')
    assert.match(answered['content-type'] ?? '', /^text\/plain/)
    assert.ok(['*', 'https://page.example'].includes(answered['access-control-allow-origin'] ?? ''))
    assert.equal(answered['access-control-allow-credentials'], undefined)
  }
})

test('is inert: never sniffed, sandboxed, and shown in place only if it is a picture, sound or film', async () => {
  const types: readonly (readonly [string, string])[] = [
    ['image/png', 'inline'],
    ['image/jpeg', 'inline'],
    ['image/gif', 'inline'],
    ['image/webp', 'inline'],
    ['image/avif', 'inline'],
    ['audio/mpeg', 'inline'],
    ['video/mp4', 'inline'],
    ['image/svg+xml', 'attachment'],
    ['text/html', 'attachment'],
    ['text/xml', 'attachment'],
    ['application/xhtml+xml', 'attachment'],
    ['application/pdf', 'attachment'],
    ['text/plain', 'attachment'],
  ]
  for (const [type, disposition] of types) {
    const { link } = await linkTo('thing', svg, type)
    const { status, headers } = await call(link)
    assert.equal(status, 200)
    assert.equal(headers['content-type']?.split(';')[0], type)
    assert.match(headers['content-disposition'] ?? '', new RegExp(`^${disposition};`), type)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /sandbox/)
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['set-cookie'], undefined)
  }
})

test('has no type but a well-formed one', async () => {
  for (const type of ['nonsense', 'text/html/xml', 'image/png evil', 'text/<script>', ';;;', '/']) {
    const { link } = await linkTo('thing', 'x', type)
    const { headers } = await call(link)
    assert.equal(headers['content-type'], 'application/octet-stream', type)
    assert.match(headers['content-disposition'] ?? '', /^attachment;/, type)
  }
})

test('names the file in filename* alone, where nothing can break out of it', async () => {
  for (const [name, expected] of [
    ['naïve x.txt', 'naïve x.txt'],
    ["it's (1)*.txt", "it's (1)*.txt"],
    ['a;b=c.txt', 'a;b=c.txt'],
    ['\u202egnp.exe', 'gnp.exe'],
  ] as const) {
    const { link } = await linkTo(name, 'x', 'text/plain')
    const disposition = (await call(link)).headers['content-disposition'] ?? ''
    const encoded = /^attachment; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)$/.exec(disposition)?.[1]
    assert.equal(decodeURIComponent(encoded ?? ''), expected, disposition)
  }
})

test('has a tag, by which a browser asks whether its copy is still good', async () => {
  const { link } = await linkTo('note.txt', 'a note', 'text/plain')
  const { headers } = await call(link)
  assert.match(headers.etag ?? '', /^(W\/)?"[^"]+"$/)
  const again = await call(link, { headers: { 'if-none-match': headers.etag ?? '' } })
  assert.equal(again.status, 304)
  assert.equal(again.text, '')
  const changed = await call(link, { headers: { 'if-none-match': '"another"' } })
  assert.equal(changed.status, 200)
})

test('answers HEAD with the same headers and no bytes', async () => {
  const { link } = await linkTo('note.txt', 'a note', 'text/plain')
  const [got, head] = [await call(link), await call(link, { method: 'HEAD' })]
  assert.equal(head.status, 200)
  assert.equal(head.text, '')
  for (const name of ['content-type', 'content-length', 'content-disposition', 'etag', 'x-content-type-options']) {
    assert.equal(head.headers[name], got.headers[name], name)
  }
})

test('does not open to anybody who changes the link', async () => {
  const { link } = await linkTo('one.txt', 'one', 'text/plain')
  const { link: other } = await linkTo('two.txt', 'two', 'text/plain')
  const [url, foreign] = [new URL(link), new URL(other)]
  const [, , conversation = '', file = '', name = ''] = url.pathname.split('/')
  const [, , otherConversation = '', otherFile = ''] = foreign.pathname.split('/')
  const last = url.search.slice(-1) === 'A' ? 'B' : 'A'
  for (const changed of [
    `${url.origin}${url.pathname}`,
    `${url.origin}${url.pathname}${foreign.search}`,
    `${url.origin}${url.pathname}${url.search.slice(0, -1)}`,
    `${url.origin}${url.pathname}${url.search.slice(0, -1)}${last}`,
    link.replace(/e=(\d+)/, (_all, expires: string) => `e=${Number(expires) + 1}`),
    link.replace(/e=\d+/, 'e='),
    link.replace(/e=\d+/, 'e=9999999999999999'),
    link.replace(file, otherFile),
    link.replace(conversation, otherConversation),
    link.replace(file, '..%2f..%2fmaster'),
    link.replace(conversation, '..%2f..'),
    `${url.origin}/attachments/${conversation}`,
    `${url.origin}/attachments/${conversation}/${file}`,
    `${url.origin}/attachments/`,
  ]) {
    assertRefused(await call(changed), 404, 'BadArgument')
  }
  assert.equal((await call(link.replace(name, 'renamed.txt'))).status, 200)
})

test('expires after a day, with the file', async () => {
  await using own = await startApp({ bot: bot.url })
  const { link } = await linkTo('note.txt', 'a note', 'text/plain', own)
  own.advanceClock(24 * 60 * 60_000 - 5_000)
  assert.equal((await call(link)).status, 200)
  own.advanceClock(6_000)
  assertRefused(await call(link), 404, 'BadArgument')
  assertRefused(await call(link, { headers: { origin: 'https://page.example' } }), 404, 'BadArgument')
})

test('answers another method with 405', async () => {
  const { link } = await linkTo('note.txt', 'a note', 'text/plain')
  for (const method of ['POST', 'PUT', 'DELETE']) assertRefused(await call(link, { method }), 405, 'BadArgument')
})

test("is what a bot's data: URL becomes: stored, and a link in its place", async () => {
  const chat = await startChat(app)
  using socket = await openSocket(chat.streamUrl)
  await say(chat, 'hello')
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message')[0])
  const contentUrl = `data:image/png;base64,${Buffer.from('pixels').toString('base64')}`
  await bot.say(told, {
    type: 'message',
    text: 'a picture',
    attachments: [{ contentType: 'image/png', name: 'p.png', contentUrl }],
  })
  const [attachment] = (await socket.untilText('a picture')).attachments ?? []
  assert.ok(attachment?.contentUrl?.startsWith(`${app.origin}/attachments/`), attachment?.contentUrl)
  const { text, headers } = await call(attachment?.contentUrl ?? '')
  assert.equal(text, 'pixels')
  assert.equal(headers['content-type'], 'image/png')
})

test("leaves links and data: URLs of a client's activity as they are, to the bot and to others", async () => {
  const chat = await startChat(app)
  const attachments = [
    { contentType: 'image/png', contentUrl: 'https://files.example/a.png?x=1&y=2', name: 'a.png' },
    { contentType: 'image/png', contentUrl: 'data:image/png;base64,cGl4ZWxz' },
  ]
  assert.equal((await post(chat, message('two', 'u1', { attachments }))).status, 200)
  assert.deepEqual((await readLog(chat))[0]?.attachments, attachments)
  assert.deepEqual(bot.of(chat.conversation, 'message')[0]?.attachments, attachments)
})

/** A file that makes an activity too large to be passed on with it. */
const large = Buffer.alloc(30_000, 'large')
const largeUrl = `data:image/png;base64,${large.toString('base64')}`

test("is what a client's data: URLs become in a large activity, for the bot and for others; what can't be read stays", async () => {
  const chat = await startChat(app)
  const kept = [
    { contentType: 'image/png', contentUrl: 'https://files.example/a.png', name: 'a.png' },
    { contentType: 'image/png', contentUrl: 'data:image/png;base64,!' },
    { contentType: 'application/vnd.microsoft.card.hero', content: { title: 'A' } },
  ]
  const attachments = [
    { contentType: 'image/jpeg', contentUrl: largeUrl, name: 'large picture.png', thumbnailUrl: 'https://a.example/t' },
    { contentUrl: 'data:text/plain;base64,c21hbGw=' },
    ...kept,
  ]
  const channelData = { clientActivityID: 'c' }
  assert.equal((await post(chat, message('files', 'u1', { attachments, channelData }))).status, 200)
  const [shown] = await readLog(chat)
  const [first, second, ...rest] = shown?.attachments ?? []
  assert.deepEqual(rest, kept)
  const { contentUrl = '', ...others } = first ?? {}
  assert.deepEqual(others, {
    contentType: 'image/jpeg',
    name: 'large picture.png',
    thumbnailUrl: 'https://a.example/t',
  })
  assert.ok(contentUrl.startsWith(`${app.origin}/attachments/`), contentUrl)
  const answer = await call(contentUrl)
  assert.deepEqual([answer.status, answer.headers['content-type'], answer.bytes], [200, 'image/png', large])
  assert.equal(second?.contentType, 'text/plain')
  assert.equal((await call(second?.contentUrl ?? '')).text, 'small')
  const [told] = bot.of(chat.conversation, 'message')
  assert.deepEqual(told?.attachments, shown?.attachments)
  assert.deepEqual([shown?.text, shown?.channelData], ['files', channelData])
})

test('holds up what its sender says next on a socket, so that the order stays', async () => {
  await using folder = await makeFolder()
  await using own = await startApp({ bot: bot.url, dir: folder.path })
  const chat = await startChat(own, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
  const texts = Array.from({ length: 12 }, (_, at) => `frame ${at}`)
  for (const [at, text] of texts.entries()) {
    const attachments = at % 3 === 0 ? [{ contentType: 'image/png', contentUrl: largeUrl }] : []
    socket.send(JSON.stringify({ type: 'message', text, attachments }))
  }
  await socket.until('all of them', ({ activities }) => activities.length === texts.length)
  assert.deepEqual(
    socket.activities.map(({ text }) => text),
    texts,
  )
  await bot.until('all of them', ({ of }) => of(chat.conversation, 'message').length === texts.length)
  assert.deepEqual(
    bot.of(chat.conversation, 'message').map(({ text }) => text),
    texts,
  )
  assert.equal(JSON.stringify(socket.frames).includes('base64'), false)
})

test('outlives a restart of the service', async () => {
  await using folder = await makeFolder()
  const first = await startApp({ bot: bot.url, dir: folder.path })
  const { link } = await linkTo('note.txt', 'a note', 'text/plain', first)
  await first.stop()
  await using second = await startApp({ bot: bot.url, dir: folder.path })
  assert.equal((await call(link.replace(first.origin, second.origin))).text, 'a note')
})
