/**
 * POST /api/conversations/{conversation}/messages: a message is kept, shown and delivered, and its sender waits for the
 * bot's turn.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { generateToken, message, post, readLog } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Call, call } from '../../support/http.ts'
import {
  assertNothing,
  assertOldRefused,
  getMessages,
  messagesIn,
  type OldChat,
  oldChatOf,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** Posts to a conversation of its own, and answers that. */
async function posted(json: unknown, more: Call = {}): Promise<OldChat> {
  const chat = await startOldChat(app)
  assertNothing(await postOld(chat, json, more))
  return chat
}

/** The one activity that a 3.0 client and the bot have of it, but for what every activity has. */
async function activityOf(chat: OldChat) {
  const log = await readLog(chat)
  assert.equal(log.length, 1)
  const { id, timestamp, channelId, conversation, ...rest } = log[0] ?? {}
  assert.deepEqual([channelId, conversation], ['directline', { id: chat.conversation }])
  const told = bot.of(chat.conversation, 'message')
  assert.equal(told.length, 1)
  const { serviceUrl, recipient, ...same } = told[0] ?? {}
  assert.ok(serviceUrl?.startsWith(app.origin))
  assert.deepEqual(recipient, { id: 'bot', name: 'Bot' })
  assert.deepEqual(same, { id, timestamp, channelId, conversation, ...rest })
  return rest
}

test('answers 204 and nothing else when the bot has taken the message', async () => {
  const chat = await posted({ from: 'u1', text: 'hello' })
  assert.deepEqual(await activityOf(chat), { type: 'message', from: { id: 'u1', role: 'user' }, text: 'hello' })
})

test('hands text, channel data, pictures and files to the bot and to 3.0 clients, pictures first', async () => {
  const channelData = { screen: 'home', deep: [{ er: null, Text: 'mixed' }] }
  const chat = await posted({
    from: 'u1',
    text: 'Is it open?',
    channelData,
    images: ['https://img.example/front.jpg', 'https://img.example/what?of=it.png'],
    attachments: [
      { url: 'https://files.example/plan.pdf', contentType: 'application/pdf' },
      { url: 'https://f.example/x' },
    ],
  })
  const { attachments, ...rest } = await activityOf(chat)
  assert.deepEqual(rest.channelData, channelData)
  assert.deepEqual(attachments, [
    { contentType: 'image/jpeg', contentUrl: 'https://img.example/front.jpg' },
    { contentType: 'image/*', contentUrl: 'https://img.example/what?of=it.png' },
    { contentType: 'application/pdf', contentUrl: 'https://files.example/plan.pdf' },
    { contentType: 'application/octet-stream', contentUrl: 'https://f.example/x' },
  ])
  const [shown] = await readMessages(chat)
  assert.deepEqual(shown?.images, ['https://img.example/front.jpg', 'https://img.example/what?of=it.png'])
  assert.deepEqual(shown?.attachments, [
    { url: 'https://files.example/plan.pdf', contentType: 'application/pdf' },
    { url: 'https://f.example/x', contentType: 'application/octet-stream' },
  ])
  assert.deepEqual(shown?.channelData, channelData)
})

test('tells the type of a picture by its address', async () => {
  const data = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='
  const types = [
    ['https://i.example/a.png', 'image/png'],
    ['https://i.example/a.GIF', 'image/gif'],
    ['https://i.example/a.bmp?v=1', 'image/bmp'],
    ['https://i.example/a.webp#top', 'image/webp'],
    ['https://i.example/a.jpg', 'image/jpeg'],
    ['https://i.example/a.jpeg', 'image/jpeg'],
    ['https://i.example/a.svg', 'image/svg+xml'],
    ['https://i.example/a.tiff', 'image/*'],
    ['https://png', 'image/*'],
    [data, 'image/gif'],
  ] as const
  const chat = await posted({ from: 'u1', images: types.map(([url]) => url) })
  const { attachments } = await activityOf(chat)
  assert.deepEqual(
    attachments?.map(({ contentUrl, contentType }) => [contentUrl, contentType]),
    types,
  )
})

test('keeps a large picture in a data: address as a file, and puts a link in its place', async () => {
  const picture = Buffer.alloc(30_000, 'x')
  const chat = await posted({ from: 'u1', images: [`data:image/png;base64,${picture.toString('base64')}`] })
  const [attachment] = (await activityOf(chat)).attachments ?? []
  assert.equal(attachment?.contentType, 'image/png')
  const [shown] = await readMessages(chat)
  assert.deepEqual(shown?.images, [attachment?.contentUrl])
  assert.deepEqual((await call(attachment?.contentUrl ?? '')).bytes, picture)
})

test('resolves relative addresses against its own', async () => {
  const chat = await posted({ from: 'u1', images: ['/pictures/a.png'], attachments: [{ url: 'files/b.pdf' }] })
  const [shown] = await readMessages(chat)
  assert.deepEqual(shown?.images, [`${app.origin}/pictures/a.png`])
  assert.equal(shown?.attachments?.[0]?.url, `${app.origin}/files/b.pdf`)
})

test('reads property names in any case, takes null for nothing, and keeps nothing it does not know', async () => {
  const chat = await posted({
    From: 'u1',
    TEXT: 'hi',
    ChannelData: { Kept: 'As It Is' },
    Images: ['https://i.example/a.png'],
    aTTachments: [{ URL: 'https://f.example/b', ContentType: 'text/plain' }],
    made: 'up',
    type: 'event',
    id: 'mine',
    conversationId: 'elsewhere',
    created: '2001-01-01T00:00:00Z',
    eTag: '*',
  })
  assert.deepEqual(await activityOf(chat), {
    type: 'message',
    from: { id: 'u1', role: 'user' },
    text: 'hi',
    channelData: { Kept: 'As It Is' },
    attachments: [
      { contentType: 'image/png', contentUrl: 'https://i.example/a.png' },
      { contentType: 'text/plain', contentUrl: 'https://f.example/b' },
    ],
  })
  const [shown] = await readMessages(chat)
  assert.equal(shown?.id, `${chat.conversation}|0000001`)
  assert.notEqual(shown?.created, '2001-01-01T00:00:00Z')
  const bare = await posted({ from: null, text: 'x', channelData: null, images: null, attachments: null, eTag: null })
  assert.deepEqual(Object.keys((await activityOf(bare)) ?? {}).sort(), ['from', 'text', 'type'])
})

test('takes a message of a text, of pictures, of files or of channel data alone', async () => {
  for (const json of [
    { text: 'x' },
    { text: '' },
    { images: ['https://i.example/a.png'] },
    { attachments: [{ url: 'https://f.example/b' }] },
    { channelData: { some: 'thing' } },
    { channelData: 'some text' },
    { channelData: [] },
  ])
    await posted({ from: 'u1', ...json })
})

test('takes an account for `from`', async () => {
  const chat = await posted({ from: { id: 'u3', name: 'dropped' }, text: 'x' })
  assert.equal((await readMessages(chat))[0]?.from, 'u3')
})

test('reads JSON whatever the Content-Type says, or without one', async () => {
  for (const type of [undefined, 'text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense']) {
    const chat = await startOldChat(app)
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
    assertNothing(
      await call(`${chat.old}/messages`, { bearer: chat.token, raw: '{"from":"u1","text":"naïve 💬"}', headers }),
    )
    assert.equal((await readMessages(chat))[0]?.text, 'naïve 💬')
  }
})

test('gives those who leave `from` out one id for the whole conversation, and another in every other', async () => {
  await using folder = await makeFolder()
  let chat: OldChat
  const ids = []
  {
    await using own = await startApp({ bot: bot.url, dir: folder.path })
    chat = await startOldChat(own)
    for (const json of [
      { text: 'one' },
      { text: 'two', from: '' },
      { text: 'three', from: null },
      { text: '4', from: {} },
    ])
      assertNothing(await postOld(chat, json))
    await sayOld(chat, 'somebody', 'u1')
    ids.push(...(await readMessages(chat)).map(({ from }) => from))
    const other = await startOldChat(own)
    assertNothing(await postOld(other, { text: 'elsewhere' }))
    assert.notEqual((await readMessages(other))[0]?.from, ids[0])
  }
  await using again = await startApp({ bot: bot.url, dir: folder.path })
  chat = oldChatOf(again, chat.conversation, chat.token)
  assertNothing(await postOld(chat, { text: 'after a restart' }))
  ids.push((await readMessages(chat)).at(-1)?.from)
  const [first = ''] = ids
  assert.ok(first.length >= 8 && first !== 'u1', first)
  assert.deepEqual(ids, [first, first, first, first, 'u1', first])
  const joins = bot.of(chat.conversation, 'conversationUpdate').flatMap(({ membersAdded = [] }) => membersAdded)
  assert.deepEqual(
    joins.map(({ id }) => id),
    ['bot', first, 'u1'],
    'and the bot meets one person',
  )
})

test("speaks for the token's user, whoever the message names", async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  for (const from of ['eve', undefined, 'bot', { id: 'eve' }]) assertNothing(await postOld(chat, { from, text: 'x' }))
  assert.deepEqual(
    (await readMessages(chat)).map(({ from }) => from),
    ['u1', 'u1', 'u1', 'u1'],
  )
})

test('lets one client speak for several users, each of whom joins before their first message', async () => {
  const chat = await startOldChat(app)
  for (const from of ['u1', 'u2', 'u1', 'u2']) await sayOld(chat, 'x', from)
  assert.deepEqual(
    bot.of(chat.conversation).map(({ type, from, membersAdded }) => [type, membersAdded?.[0]?.id ?? from?.id]),
    [
      ['conversationUpdate', 'bot'],
      ['conversationUpdate', 'u1'],
      ['message', 'u1'],
      ['conversationUpdate', 'u2'],
      ['message', 'u2'],
      ['message', 'u1'],
      ['message', 'u2'],
    ],
  )
})

test('has what the bot said in its turn ready to be read right after the answer, behind the message it answers', async () => {
  await using chatty = await startBot({
    onActivity: async (activity, self) => {
      if (activity.type !== 'message') return
      await self.reply(activity, { type: 'message', text: `You said: ${activity.text}` })
    },
  })
  await using own = await startApp({ bot: chatty.url })
  const chat = await startOldChat(own)
  const expected = []
  for (const text of ['one', 'two', 'three']) {
    await sayOld(chat, text)
    expected.push(['u1', text], ['bot', `You said: ${text}`])
    assert.deepEqual(
      messagesIn(await getMessages(chat)).map(message => [message.from, message.text]),
      expected,
    )
  }
})

test('shows the message before the bot has answered', async () => {
  const end = Promise.withResolvers<number>()
  await using held = await startBot({ answer: ({ type }) => (type === 'message' ? end.promise : 200) })
  await using own = await startApp({ bot: held.url })
  const chat = await startOldChat(own)
  const answer = postOld(chat, { from: 'u1', text: 'held' })
  await held.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
  assert.equal((await readMessages(chat)).length, 1)
  end.resolve(200)
  assertNothing(await answer)
})

test('makes two messages of two sends, and one of a send repeated under the same clientActivityID', async () => {
  const chat = await startOldChat(app)
  for (let count = 0; count < 2; count += 1) await sayOld(chat, 'again')
  assert.equal((await readMessages(chat)).length, 2)
  const json = { from: 'u1', text: 'once', channelData: { clientActivityID: 'c-1' } }
  for (let count = 0; count < 2; count += 1) assertNothing(await postOld(chat, json))
  assert.equal((await readMessages(chat)).length, 3)
  assert.equal(bot.of(chat.conversation, 'message').length, 3)
})

test('refuses what it cannot read, with 400 and the right code, and keeps nothing of it', async () => {
  const chat = await startOldChat(app)
  const url = `${chat.old}/messages`
  const refused = async (what: Call, code: string) =>
    assertOldRefused(await call(url, { method: 'POST', bearer: chat.token, ...what }), 400, code)
  for (const what of [{}, { raw: '' }, { raw: ' \r\n' }, { json: null }]) await refused(what, 'MissingProperty')
  for (const json of [
    {},
    { from: 'u1' },
    { text: null },
    { images: [], attachments: [] },
    { From: 'u1', id: 'x', made: 'up' },
    { text: 'x', attachments: [{ contentType: 'text/plain' }] },
    { text: 'x', attachments: [{ url: '' }] },
    { text: 'x', attachments: [{ url: 'https://f.example' }, { url: null }] },
  ])
    await refused({ json }, 'MissingProperty')
  for (const raw of ['{', 'not JSON', '<message/>', 'text=hello', '{"text":"x"} more'])
    await refused({ raw }, 'MalformedData')
  for (const json of [
    [],
    [{ text: 'x' }],
    'x',
    5,
    true,
    { text: 5 },
    { text: { a: 1 } },
    { text: 'x', from: 5 },
    { text: 'x', from: ['u1'] },
    { text: 'x', from: { id: 5 } },
    { images: 'https://i.example/a.png' },
    { images: [{ url: 'x' }] },
    { images: [null] },
    { attachments: {} },
    { attachments: ['https://f.example'] },
    { attachments: [{ url: 5 }] },
    { attachments: [{ url: 'x', contentType: 5 }] },
    { text: 'x', from: 'x'.repeat(257) },
    { text: 'x', from: 'bot' },
    { images: Array.from({ length: 51 }, () => 'https://i.example/a.png') },
  ])
    await refused({ json }, 'MalformedData')
  await refused({ raw: `{"channelData":${'['.repeat(101)}${']'.repeat(101)}}` }, 'MalformedData')
  await refused({ raw: '{"channelData":{"__proto__":{}},"text":"x"}' }, 'MalformedData')
  assert.deepEqual(await readLog(chat), [])
  assert.deepEqual(bot.of(chat.conversation, 'message'), [])
})

test('refuses a body that is not UTF-8 as one that is not JSON', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  for (const bytes of ['{"text":"\xff"}', '\xfe\xff\x00{', '{"text":"\xc3"}']) {
    const raw = Buffer.from(bytes, 'latin1')
    assertOldRefused(await call(`${chat.old}/messages`, { bearer: chat.token, raw }), 400, 'MalformedData')
  }
  assert.deepEqual(await readLog(chat), [])
})

test('takes 256 Ki characters and not one more', async () => {
  const chat = await startOldChat(app, { id: 'u1' })
  const shell = '{"text":""}'.length
  const text = 'ü'.repeat(256 * 1024 - shell)
  assertNothing(await postOld(chat, { text }))
  assert.equal((await readMessages(chat))[0]?.text?.length, text.length)
  assertOldRefused(await postOld(chat, { text: `${text}x` }), 413, 'InvalidRange')
  assertOldRefused(await postOld(chat, { text: 'x'.repeat(1024 * 1024) }), 413, 'InvalidRange')
  assert.equal((await readMessages(chat)).length, 1)
})

test('refuses whoever may not, before it looks at the message', async () => {
  const [chat, other] = [await startOldChat(app), await startOldChat(app)]
  for (const json of [{ text: 'x' }, {}]) {
    assertOldRefused(await postOld({ ...chat, token: other.token }, json), 403, 'NotAllowed')
    assertOldRefused(await postOld({ ...chat, token: 'no-such-secret' }, json), 403, 'NotAllowed')
  }
  const generated = await generateToken(app)
  const unstarted = oldChatOf(app, generated.conversation, generated.token)
  assertOldRefused(await postOld(unstarted, { text: 'x' }), 404, 'NotFound')
  const nowhere = oldChatOf(app, 'doesNotExist0000000001', app.secret)
  assertOldRefused(await postOld(nowhere, { text: 'x' }), 404, 'NotFound')
  assert.deepEqual(await readMessages(chat), [])
  assertNothing(await postOld({ ...chat, token: app.secret }, { from: 'u1', text: 'x' }))
})

test('keeps users of a site with enhanced authentication to their tokens', async () => {
  await using strict = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const { token, conversation } = await generateToken(strict, { user: { id: 'dl_u1' } })
  await call(`${strict.origin}/api/conversations`, { method: 'POST', bearer: token })
  const chat = oldChatOf(strict, conversation, token)
  await sayOld(chat, 'mine', 'dl_eve')
  const bySecret = { ...chat, token: strict.secret }
  assertOldRefused(await postOld(bySecret, { from: 'dl_eve', text: 'x' }), 400, 'MalformedData')
  assert.deepEqual(
    (await readMessages(chat)).map(({ from }) => from),
    ['dl_u1'],
  )
})

test('is answered in a conversation that 3.0 has started, by its token', async () => {
  const { body } = await call(`${app.base}/conversations`, { method: 'POST', bearer: app.secret })
  const chat = oldChatOf(app, body.conversationId ?? '', body.token ?? '')
  await sayOld(chat, 'old')
  assert.equal((await post(chat, message('new'))).status, 200)
  assert.equal((await readMessages(chat)).length, 2)
})
