/**
 * Files in what a bot says: clients get links that anybody may fetch, and never the address that lets them speak as
 * the bot.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { readLog } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { assertTaken, botSays, openTalk, startTalk, type Talk, watch } from '../../support/talk.ts'

const bytes = Buffer.from('not really a picture')
const dataUrl = `data:image/png;base64,${bytes.toString('base64')}`

/** What clients are shown of what the bot says. */
async function shown(talk: Talk, activity: WireActivity): Promise<WireActivity> {
  const id = await botSays(talk, activity)
  return (await readLog(talk)).find(entry => entry.id === id) ?? {}
}

const withFile = (contentUrl: string, more: object = {}): WireActivity => ({
  type: 'message',
  attachments: [{ contentType: 'image/png', name: 'picture.png', contentUrl, ...more }],
})

/** The signed link of an attachment: without credentials it leads to the bytes. */
async function assertLink(talk: Talk, contentUrl: string | undefined, expected = bytes): Promise<void> {
  assert.match(contentUrl ?? '', new RegExp(`^${talk.app.origin}/attachments/`))
  const { status, bytes: found } = await call(contentUrl ?? '')
  assert.equal(status, 200)
  assert.deepEqual(found, expected)
}

async function upload(talk: Talk, thumbnailBase64?: string): Promise<string> {
  const json = { type: 'image/png', name: 'picture.png', originalBase64: bytes.toString('base64'), thumbnailBase64 }
  return assertTaken(await call(`${talk.connector}/attachments`, { json }))
}

test('puts a link in the place of a data: URL, and leaves the rest of the attachment', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const activity = await shown(talk, withFile(dataUrl, { thumbnailUrl: 'https://a.example/t.png', extra: 1 }))
  const [attachment] = activity.attachments ?? []
  await assertLink(talk, attachment?.contentUrl)
  assert.deepEqual(attachment, {
    contentType: 'image/png',
    name: 'picture.png',
    contentUrl: attachment?.contentUrl,
    thumbnailUrl: 'https://a.example/t.png',
    extra: 1,
  })
  assert.deepEqual((await socket.untilId(activity.id)).attachments, activity.attachments)
  assert.match((await call(attachment?.contentUrl ?? '')).headers['content-type'] ?? '', /^image\/png/)
})

test('does so for each of several, in any spelling of the scheme, and for an update', async () => {
  await using talk = await startTalk()
  const attachments = [
    { contentType: 'image/png', contentUrl: dataUrl },
    { contentType: 'image/png', contentUrl: 'https://a.example/b.png' },
    { contentType: 'image/png', contentUrl: dataUrl.replace('data:', 'DATA:') },
    { contentType: 'text/plain', contentUrl: `data:text/plain;charset=utf-8;base64,${bytes.toString('base64')}` },
  ]
  const activity = await shown(talk, { type: 'message', attachments })
  for (const at of [0, 2, 3]) await assertLink(talk, activity.attachments?.[at]?.contentUrl)
  assert.equal(activity.attachments?.[1]?.contentUrl, 'https://a.example/b.png')
  assert.equal(JSON.stringify(activity).includes('base64'), false)

  const address = `${talk.connector}/activities/${activity.id}`
  assertTaken(await call(address, { method: 'PUT', json: withFile(dataUrl) }))
  await assertLink(talk, (await readLog(talk))[0]?.attachments?.[0]?.contentUrl)
})

test('takes a data: URL of 150 KB in an activity', async () => {
  await using talk = await startTalk()
  const large = Buffer.alloc(150_000, 7)
  const activity = await shown(talk, withFile(`data:image/png;base64,${large.toString('base64')}`))
  await assertLink(talk, activity.attachments?.[0]?.contentUrl, large)
})

test('leaves addresses alone that lead elsewhere, and fetches none of them', async t => {
  let visits = 0
  const trap = createServer((_request, response) => {
    visits += 1
    response.end()
  })
  await new Promise<void>(resolve => trap.listen(0, '127.0.0.1', resolve))
  t.after(() => trap.close())
  const url = `http://127.0.0.1:${(trap.address() as { port: number }).port}/x.png`
  await using talk = await startTalk()
  const sent = {
    type: 'message',
    text: `![](${url})`,
    attachments: [
      { contentType: 'image/png', contentUrl: url, thumbnailUrl: url },
      { contentType: 'application/vnd.microsoft.card.hero', content: { images: [{ url }], tap: { value: url } } },
    ],
    channelData: { url },
    value: { url },
  }
  const activity = await shown(talk, sent)
  assert.deepEqual(activity.attachments, sent.attachments)
  assert.equal(activity.text, sent.text)
  await botSays(talk, 'some time later')
  assert.equal(visits, 0)
})

test('turns the address of what the bot has uploaded into a link, wherever it stands', async () => {
  await using talk = await startTalk()
  const id = await upload(talk, Buffer.from('small').toString('base64'))
  const original = `${talk.serviceUrl}v3/attachments/${id}/views/original`
  const small = `${talk.serviceUrl}v3/attachments/${id}/views/thumbnail`
  const activity = await shown(talk, {
    type: 'message',
    text: `See ${original}`,
    attachments: [
      { contentType: 'image/png', contentUrl: original, thumbnailUrl: small },
      { contentType: 'application/vnd.microsoft.card.hero', content: { images: [{ url: original }] } },
    ],
  })
  const [file, card] = activity.attachments ?? []
  await assertLink(talk, file?.contentUrl)
  await assertLink(talk, file?.thumbnailUrl, Buffer.from('small'))
  const { images = [] } = (card?.content ?? {}) as { images?: { url: string }[] }
  await assertLink(talk, images[0]?.url)
  assert.equal(JSON.stringify(activity).includes(talk.mark), false)
})

test('does so however the bot has written the address: bare, escaped, with another slash', async () => {
  await using talk = await startTalk()
  const id = await upload(talk)
  for (const address of [
    `${talk.app.origin}/v3/attachments/${id}/views/original`,
    `${talk.serviceUrl}v3/attachments/${encodeURIComponent(id)}/views/original`,
    `${talk.serviceUrl}/v3/attachments/${id}/views/original`,
  ]) {
    const activity = await shown(talk, withFile(address))
    await assertLink(talk, activity.attachments?.[0]?.contentUrl)
    assert.equal(JSON.stringify(activity).includes(talk.mark), false)
  }
})

test('turns the address alone into a link, and loses nothing of what stands around it', async () => {
  await using talk = await startTalk()
  const id = await upload(talk)
  const address = `${talk.serviceUrl}v3/attachments/${id}/views/original`
  const escaped = encodeURIComponent(address)
  const hidden = escaped.replace(`${talk.conversation}%2F${talk.mark}`, 'hidden')
  // Each as the bot writes it and as clients are to read it; `@` is the address there and the link here.
  for (const [said, read = said] of [
    ['[docs](https://docs.example/a),![p](@)'],
    ['https://a.example/x|@'],
    ["<a href='https://docs.example/'>d</a><img/src='@'>"],
    ['https://proxy.example/?u=@'],
    ['(https://a.example/b)(@)(http://c.example/d)'],
    ['@,@|@'],
    [`https://proxy.example/?u=${escaped} @`, `https://proxy.example/?u=${hidden} @`],
    [`https://docs.example/a),/v3/attachments/${id}/views/original`],
  ] as const) {
    const { text = '' } = await shown(talk, { type: 'message', text: said.replaceAll('@', address) })
    const link = /http:[^ |(,']*?\/attachments\/[\w/]+\?e=\d+&s=[\w-]+/.exec(text)?.[0] ?? '@'
    assert.equal(text.replaceAll(link, '@'), read)
    if (said.includes('@')) await assertLink(talk, link)
  }
})

test('takes a slash and a query away that the bot has put behind an address, but no punctuation', async () => {
  await using talk = await startTalk()
  const id = await upload(talk)
  const address = `${talk.serviceUrl}v3/attachments/${id}/views/original`
  for (const [said, read] of [
    ...['@/', '@?v=1', '@/?v=1', '@?v=1&w=a%20b.png', '@?v=1&amp;w=2', '@?t=12:30:00'].map(
      said => [said, '@'] as const,
    ),
    ['(@?v=1)', '(@)'],
    ['@?v=1, @/, and @.', '@, @, and @.'],
    ["'@?v=1' “@”", "'@' “@”"],
    ['@?v=1#a @#b', '@#a @#b'],
    ['@?v=1;@?v=2,@/@', '@;@,@/@'],
    ['Have you seen @?', 'Have you seen @?'],
    ['@?v=1&amp; more', '@&amp; more'],
    ['<img src="@?v=1">&quot;@?v=1&quot;', '<img src="@">&quot;@&quot;'],
  ] as const) {
    const { text = '' } = await shown(talk, { type: 'message', text: said.replaceAll('@', address) })
    const link = /http:.*?&s=[\w-]{43}/.exec(text)?.[0] ?? ''
    assert.equal(text.replaceAll(link, '@'), read)
    await assertLink(talk, link)
  }
  for (const ending of ['?v=1', '/', '/?v=1'])
    await assertLink(talk, (await shown(talk, withFile(address + ending))).attachments?.[0]?.contentUrl)
})

test('gives a link that ends with its day, and that cannot be bent to another file', async () => {
  await using talk = await startTalk()
  const first = (await shown(talk, withFile(dataUrl))).attachments?.[0]?.contentUrl ?? ''
  const second = (await shown(talk, withFile(dataUrl))).attachments?.[0]?.contentUrl ?? ''
  const swapped = new URL(first)
  swapped.search = new URL(second).search
  const later = new URL(first)
  later.searchParams.set('e', String(Number(later.searchParams.get('e')) + 1000))
  const unsigned = new URL(first)
  unsigned.search = ''
  for (const url of [swapped, later, unsigned]) assert.equal((await call(url.href)).status, 404)
  talk.app.advanceClock(24 * 60 * 60 * 1000 + 1000)
  assert.equal((await call(first)).status, 404)
})

test('never lets the unguessable part of the serviceUrl reach a client, whatever field it stands in', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const secret = talk.serviceUrl
  const activities: WireActivity[] = [
    { type: 'message', text: secret, speak: secret, summary: secret, locale: 'en', name: secret },
    { type: 'event', name: 'continue', value: { reference: { serviceUrl: secret } }, channelData: { a: [secret] } },
    { type: 'message', text: 'x', serviceUrl: secret, ServiceUrl: secret, relatesTo: { ServiceURL: secret } },
    { type: 'message', text: 'x', from: { id: 'bot', name: secret }, recipient: { id: secret } },
    { type: 'message', text: 'x', entities: [{ type: 'mention', mentioned: { id: secret } }] },
    { type: 'message', text: 'x', [secret.slice(-60)]: 'as a name' },
    { type: 'message', text: 'x', attachments: [{ contentType: 'a/b', content: { [talk.mark]: talk.mark } }] },
    withFile(`${secret}v3/attachments/unknown/views/original`),
    withFile(`${secret}v3/attachments/${talk.conversation}.${'0'.repeat(22)}/views/original`),
    withFile(`https://login.example/?redirect=${encodeURIComponent(secret)}`),
    { type: 'typing', text: secret, channelData: { secret } },
    { type: 'suggestion', text: secret, recipient: { id: 'u1', name: secret } },
    { type: 'x.custom', replyToId: talk.mark, label: talk.mark },
  ]
  for (const activity of activities) assertTaken(await talk.bot.reply(talk.join, activity))
  const id = await botSays(talk, 'first version')
  const json = { type: 'message', text: secret }
  assertTaken(await call(`${talk.connector}/activities/${id}`, { method: 'PUT', json }))
  const last = await botSays(talk, 'the end')

  await socket.untilId(last)
  using late = await watch(talk)
  await late.untilId(last)
  const seen = JSON.stringify([socket.frames, late.frames, await readLog(talk)])
  assert.equal(seen.includes(talk.mark), false)
  assert.equal(socket.activities.length, activities.length + 3)
})

test('hides the unguessable part of another conversation’s serviceUrl as well', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const foreign = await upload(other)
  const address = `${other.serviceUrl}v3/attachments/${foreign}/views/original`
  for (const said of [address, `https://proxy.example/?u=${encodeURIComponent(address)}`]) {
    const activity = await shown(talk, withFile(said))
    assert.equal(JSON.stringify(activity).includes(other.mark), false)
  }
})
