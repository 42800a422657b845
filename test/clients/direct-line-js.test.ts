/**
 * The published DirectLineJS in a page, against the whole service and a real bot.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { startApp, type TestApp } from '../support/app.ts'
import { twenty } from './bots/commands.ts'
import { type RealBot, startBotbuilderBot } from './bots/start.ts'
import type { File, SomeActivity } from './bots/wire.ts'
import { Chat } from './support/chat.ts'
import { eventually } from './support/eventually.ts'
import { call, generateToken, type Opened, readLog, say, startConversation } from './support/rest.ts'
import { openWireCutter } from './support/wire-cutter.ts'

/** Shortens DirectLineJS's pause before it reconnects, 3 to 15 s, to less than a second. */
const fast = { clockSpeed: 20 }
const tokenLifetimeMs = 1800_000
const clockSkewMs = 60_000

let bot: RealBot
let app: TestApp

before(async () => {
  bot = await startBotbuilderBot()
  app = await startApp({ bot: bot.url })
})

after(async () => {
  await app[Symbol.asyncDispose]()
  await bot.stop()
})

const ids = (activities: readonly SomeActivity[]): (string | undefined)[] => activities.map(({ id }) => id)
const texts = (activities: readonly SomeActivity[]): (string | undefined)[] => activities.map(({ text }) => text)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

for (const [way, webSocket] of [
  ['over a WebSocket', true],
  ['by polling', false],
] as const) {
  suite(`DirectLineJS ${way}`, { concurrency: true }, () => {
    test('greets a user known from the token once', async () => {
      const { token } = await generateToken(app, { id: 'dl_uma', name: 'Uma' })
      using chat = new Chat({ domain: app.base, token, webSocket })
      await chat.reply('Hello, Uma.')
      await chat.say('echo once')
      await chat.reply('You said: once')
      assert.deepEqual(texts(chat.fromBot()), ['Hello, Uma.', 'You said: once'])
    })

    test('shows what was sent under the id that the sender got, and the reply after it', async () => {
      using chat = new Chat({ domain: app.base, secret: app.secret, webSocket })
      const id = await chat.say('echo hello', 'mine')
      const reply = await chat.reply('You said: hello')
      const own = chat.seen.find(activity => activity.channelData?.['clientActivityID'] === 'mine')
      assert.equal(own?.id, id)
      assert.deepEqual(own?.from, { id: 'u1', role: 'user' })
      assert.equal(reply.replyToId, id)
      assert.ok(chat.seen.indexOf(own as SomeActivity) < chat.seen.indexOf(reply))
    })

    test('shows twenty replies once each and in the order the bot sent them', async () => {
      using chat = new Chat({ domain: app.base, secret: app.secret, webSocket })
      await chat.say('twenty')
      await chat.reply(twenty.at(-1) as string)
      assert.deepEqual(
        texts(chat.fromBot()).filter(text => text?.startsWith('reply')),
        twenty,
      )
    })

    test('uploads files that reach the bot byte for byte, in the order they were given', async () => {
      const files: readonly File[] = [
        { name: 'every byte.png', type: 'image/png', bytes: Uint8Array.from({ length: 1024 }, (_, at) => at % 256) },
        { name: 'größe ≠ 0.txt', type: 'text/plain', bytes: new TextEncoder().encode('Zeile 1\r\n\r\n--Zeile 2\r\n') },
        { name: 'large.bin', type: 'application/octet-stream', bytes: new Uint8Array(1024 * 1024).fill(0x0d) },
      ]
      using chat = new Chat({ domain: app.base, secret: app.secret, webSocket })
      const id = await chat.upload('three files', files)
      const { value } = await chat.until('what the bot got', () =>
        chat.fromBot('event').find(({ name }) => name === 'files'),
      )
      const expected = files.map(({ name, type, bytes }) => ({
        name,
        contentType: type,
        status: 200,
        length: bytes.length,
        sha256: sha256(bytes),
      }))
      assert.deepEqual(
        (value as { servedType: string }[]).map(({ servedType: _, ...rest }) => rest),
        expected,
      )
      const own = chat.seen.find(activity => activity.id === id)
      assert.equal(own?.text, 'three files')
      for (const [at, { bytes }] of files.entries()) {
        const shown = await fetch(own?.attachments?.[at]?.contentUrl ?? '')
        assert.equal(sha256(new Uint8Array(await shown.arrayBuffer())), sha256(bytes))
      }
    })

    test('shows a page that returns with its watermark just what it has missed', async () => {
      const { token } = await generateToken(app, { id: 'dl_back' })
      using first = new Chat({ domain: app.base, token, webSocket })
      await first.say('echo before')
      await first.reply('You said: before')
      const { conversationId, watermark } = first.connection
      first.close()
      const seen = ids(first.seen)
      await say(app, conversationId, 'echo meanwhile', 'dl_back')
      using second = new Chat({ domain: app.base, token, conversationId, watermark, webSocket })
      await second.reply('You said: meanwhile')
      assert.deepEqual([...seen, ...ids(second.seen)], ids((await readLog(app, conversationId)).activities))
    })

    test('shows everything said in one window in the other, once each and in one order', async () => {
      const { token } = await generateToken(app, { id: 'dl_two' })
      using left = new Chat({ domain: app.base, token, webSocket })
      await left.until('the left window online', () => left.status === 'Online')
      const { conversationId } = left.connection
      using right = new Chat({ domain: app.base, token, conversationId, watermark: '0', webSocket })
      await right.until('the right window online', () => right.status === 'Online')
      await Promise.all([left.say('echo left'), right.say('echo right')])
      await Promise.all([left, right].flatMap(chat => [chat.reply('You said: left'), chat.reply('You said: right')]))
      const log = ids((await readLog(app, conversationId)).activities)
      assert.deepEqual(ids(left.seen), log)
      assert.deepEqual(ids(right.seen), log)
    })

    test('tells a page that its token has expired, and goes on where it was with a new one', async () => {
      await using own = await startApp({ bot: bot.url })
      const { token } = await generateToken(own, { id: 'dl_late' })
      using chat = new Chat({ domain: own.base, token, webSocket }, fast)
      await chat.say('echo early')
      await chat.reply('You said: early')
      own.advanceClock(tokenLifetimeMs + clockSkewMs)
      // A poll that is still under way with the old token would undo the new one's good news.
      if (!webSocket) await chat.until('a refused poll', () => chat.status === 'ExpiredToken')
      assert.equal(await chat.say('echo late', 'late'), 'retry')
      assert.ok(chat.statuses.includes('ExpiredToken'))
      const { conversationId, watermark } = chat.connection
      const renewed = await call(own.base, own.secret, 'GET', `/conversations/${conversationId}?watermark=${watermark}`)
      chat.directLine.reconnect(renewed.body as Opened & typeof renewed.body)
      assert.notEqual(await chat.say('echo late', 'late'), 'retry')
      await chat.reply('You said: late')
      // Each change of its status makes DirectLineJS listen once more, so it may show one thing twice.
      const log = ids((await readLog(own, conversationId)).activities)
      assert.deepEqual([...new Set(ids(chat.seen))].toSorted(), log)
      assert.equal(chat.statuses.includes('FailedToConnect'), false)
    })

    test('stops for good when the page ends the conversation', async () => {
      const { token } = await generateToken(app, { id: 'dl_end' })
      using chat = new Chat({ domain: app.base, token, webSocket, pollingInterval: 200 })
      await chat.say('echo first')
      await chat.reply('You said: first')
      const { conversationId } = chat.connection
      const seen = chat.seen.length
      chat.directLine.end()
      using other = new Chat({ domain: app.base, token, conversationId, webSocket, pollingInterval: 200 })
      await other.say('echo second')
      await other.reply('You said: second')
      assert.equal(chat.status, 'Ended')
      assert.equal(chat.seen.length, seen)
    })
  })
}

suite('DirectLineJS', { concurrency: true }, () => {
  test('comes back after its socket was cut, with nothing lost and nothing twice', async () => {
    await using cutter = await openWireCutter()
    await using own = await startApp({ bot: bot.url, settings: { publicUrl: cutter.origin } })
    cutter.lead(own.port)
    const { token } = await generateToken(own, { id: 'dl_cut' })
    using chat = new Chat({ domain: `${cutter.origin}/v3/directline`, token }, fast)
    await chat.reply('Hello, dl_cut.')
    const { conversationId } = chat.connection
    for (const round of ['one', 'two', 'three']) {
      assert.equal(cutter.cutStreams(), 1)
      await say(own, conversationId, `echo ${round} away`, 'dl_cut')
      await chat.reply(`You said: ${round} away`)
      await chat.say(`echo ${round} back`)
      await chat.reply(`You said: ${round} back`)
    }
    assert.deepEqual(chat.pushed, ids((await readLog(own, conversationId)).activities))
    assert.deepEqual(ids(chat.seen).toSorted(), chat.pushed)
  })

  test('misses nothing after a cut though it had been shown nothing before', async () => {
    await using cutter = await openWireCutter()
    await using own = await startApp({ bot: bot.url, settings: { publicUrl: cutter.origin } })
    cutter.lead(own.port)
    const { token, conversationId } = await generateToken(own)
    using chat = new Chat({ domain: `${cutter.origin}/v3/directline`, token }, fast)
    await eventually('a watermark without anything to show', () => chat.connection.watermark !== '')
    assert.equal(cutter.cutStreams(), 1)
    await say(own, conversationId, 'echo into the dark')
    await chat.reply('You said: into the dark')
    assert.deepEqual(chat.pushed, ids((await readLog(own, conversationId)).activities))
    assert.deepEqual(ids(chat.seen).toSorted(), chat.pushed)
  })

  test('shows the whole conversation to a page that comes with nothing but its token', async () => {
    const { token, conversationId } = await generateToken(app, { id: 'dl_reload' })
    using first = new Chat({ domain: app.base, token })
    await first.say('echo before the reload')
    await first.reply('You said: before the reload')
    first.close()
    using second = new Chat({ domain: app.base, token })
    await second.reply('You said: before the reload')
    assert.equal(second.connection.conversationId, conversationId)
    assert.deepEqual(ids(second.seen), ids((await readLog(app, conversationId)).activities))
    const updates = (await bot.received()).filter(
      ({ type, conversation }) => type === 'conversationUpdate' && conversation?.id === conversationId,
    )
    assert.equal(updates.length, 1)
  })

  test('shows only what is new to a page that comes with a conversation but no watermark', async () => {
    const { conversationId, token } = await startConversation(app)
    await say(app, conversationId, 'echo long ago')
    using chat = new Chat({ domain: app.base, token, conversationId })
    await chat.say('echo now')
    await chat.reply('You said: now')
    assert.equal(texts(chat.seen).includes('You said: long ago'), false)
  })

  test('lives on refreshed tokens long after its first one has expired', async () => {
    await using own = await startApp({ bot: bot.url })
    const { token: first, conversationId } = await generateToken(own, { id: 'dl_long' })
    // A quarter of an hour passes in less than half a second on the page, and at our word in the service.
    using chat = new Chat({ domain: own.base, token: first }, { clockSpeed: 2_000 })
    await chat.reply('Hello, dl_long.')
    for (let quarter = 1; quarter <= 3; quarter += 1) {
      const { token } = chat.connection
      own.advanceClock(tokenLifetimeMs / 2)
      await eventually('a refreshed token', () => chat.connection.token !== token)
    }
    const old = await call(own.base, first, 'GET', `/conversations/${conversationId}/activities`)
    assert.deepEqual([old.status, (old.body['error'] as { code: string }).code], [403, 'TokenExpired'])
    await chat.say('echo still here')
    await chat.reply('You said: still here')
    assert.equal(chat.statuses.includes('ExpiredToken'), false)
    const own1 = chat.seen.find(({ text }) => text === 'echo still here')
    assert.equal(own1?.from?.id, 'dl_long')
  })

  test('speaks as the user that the page has set', async () => {
    using chat = new Chat({ domain: app.base, secret: app.secret }, { user: 'set-by-page', setUser: true })
    await chat.reply('Hello, set-by-page.')
    await chat.say('echo me')
    await chat.reply('You said: me')
    assert.equal(chat.seen.find(({ text }) => text === 'echo me')?.from?.id, 'set-by-page')
  })

  test('sends the locale it was given to the bot with the start of the conversation', async () => {
    const { token, conversationId } = await generateToken(app, { id: 'dl_locale' })
    using chat = new Chat({ domain: app.base, token, conversationStartProperties: { locale: 'fr-FR' } })
    await chat.reply('Hello, dl_locale.')
    const update = (await bot.received()).find(activity => activity.conversation?.id === conversationId)
    assert.deepEqual([update?.type, update?.['locale']], ['conversationUpdate', 'fr-FR'])
  })

  test('gives a session id only to pages of trusted origins, and an empty one to all others', async () => {
    const trusted = 'http://shop.example'
    const { body } = await call(app.base, app.secret, 'POST', '/tokens/generate', {
      user: { id: 'dl_session' },
      trustedOrigins: [trusted],
    })
    const token = String(body['token'])
    const sessionId = async (chat: Chat): Promise<string> => {
      const given: string[] = []
      chat.directLine.getSessionId().subscribe(id => given.push(id))
      return await chat.until('a session id', () => given.length > 0).then(() => given[0] ?? '')
    }
    using inside = new Chat({ domain: app.base, token }, { origin: trusted })
    using outside = new Chat({ domain: app.base, token }, { origin: 'http://elsewhere.example' })
    assert.notEqual(await sessionId(inside), '')
    assert.equal(await sessionId(outside), '')
  })
})
