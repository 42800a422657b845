/**
 * What a bot made with any SDK can count on, as one suite that is run with each: an unmodified bot on one side, an
 * unmodified DirectLineJS on the other.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { botFile, twenty } from '../bots/commands.ts'
import type { RealBot } from '../bots/start.ts'
import type { SomeActivity } from '../bots/wire.ts'
import { Chat } from './chat.ts'
import { call, generateToken, readLog, startConversation } from './rest.ts'

/** What the tests of one SDK are given. */
export type Stage = {
  /** The bot under test. */
  readonly bot: () => RealBot
  /** A service in front of it, with every setting at its default. */
  readonly app: () => TestApp
  /** A chat in a new conversation, whose user the bot has greeted. */
  readonly greeted: (
    user: string,
    options?: { readonly app?: TestApp; readonly webSocket?: boolean; readonly clockSpeed?: number },
  ) => Promise<Chat>
  /** What the bot has been posted in a chat's conversation. */
  readonly received: (chat: Chat) => Promise<readonly SomeActivity[]>
}

/** Runs the suite with the bot of one SDK. `more` adds what is true of this SDK alone. */
export function suiteOfBot(sdk: string, startBot: () => Promise<RealBot>, more: (stage: Stage) => void): void {
  let bot: RealBot
  let app: TestApp
  const stage: Stage = {
    bot: () => bot,
    app: () => app,
    greeted: async (user, { app: own = app, webSocket = true, clockSpeed = 1 } = {}) => {
      const { token } = await generateToken(own, { id: user })
      const chat = new Chat({ domain: own.base, token, webSocket, pollingInterval: 200 }, { user, clockSpeed })
      await chat.reply(`Hello, ${user}.`)
      return chat
    },
    received: async chat =>
      (await bot.received()).filter(({ conversation }) => conversation?.id === chat.connection.conversationId),
  }

  suite(`a bot made with ${sdk}`, { concurrency: true }, () => {
    before(async () => {
      bot = await startBot()
      app = await startApp({ bot: bot.url })
    })
    after(async () => {
      await app?.[Symbol.asyncDispose]()
      await bot?.stop()
    })
    greetings(stage)
    replies(stage)
    changes(stage)
    files(stage)
    unasked(stage)
    slowness(stage)
    more(stage)
  })
}

const texts = (activities: readonly SomeActivity[]): (string | undefined)[] => activities.map(({ text }) => text)

function greetings({ app, greeted, received }: Stage): void {
  test('greets a user who is known at the start exactly once', async () => {
    using chat = await greeted('dl_known')
    await chat.say('echo a')
    await chat.reply('You said: a')
    assert.deepEqual(texts(chat.fromBot()), ['Hello, dl_known.', 'You said: a'])
    const [update, message] = await received(chat)
    assert.deepEqual([update?.type, message?.type], ['conversationUpdate', 'message'])
    assert.deepEqual(
      update?.membersAdded?.map(({ id }) => id),
      [update?.recipient?.id, 'dl_known'],
    )
  })

  test('greets a user who is unknown until the first message exactly once, before it answers', async () => {
    const { token, conversationId } = await startConversation(app())
    using chat = new Chat({ domain: app().base, token, conversationId }, { user: 'stranger' })
    await chat.until('a connection', () => chat.status === 'Online')
    await chat.say('echo a')
    await chat.say('echo b')
    await chat.reply('You said: b')
    assert.deepEqual(texts(chat.fromBot()), ['Hello, stranger.', 'You said: a', 'You said: b'])
    const posted = await received(chat)
    assert.deepEqual(
      posted.map(({ type, membersAdded }) => [type, membersAdded?.map(({ id }) => id)]),
      [
        ['conversationUpdate', [posted[0]?.recipient?.id]],
        ['conversationUpdate', ['stranger']],
        ['message', undefined],
        ['message', undefined],
      ],
    )
  })

  test('is sent all that the SDK needs in every activity, and nothing that upsets it', async () => {
    using chat = await greeted('dl_needs')
    const blank: Readonly<Record<string, unknown>> = {
      locale: '',
      inputHint: null,
      attachments: null,
      entities: [],
      suggestedActions: null,
      value: null,
      unknown: '',
    }
    await chat.post({ type: 'message', text: 'echo blanks', ...blank })
    await chat.reply('You said: blanks')
    for (const activity of await received(chat)) {
      const { type, id, timestamp, serviceUrl, from, recipient, conversation } = activity
      for (const field of [type, id, timestamp, serviceUrl, from?.id, recipient?.id, conversation?.id]) {
        assert.equal(typeof field, 'string', JSON.stringify(activity))
      }
      assert.equal(activity['channelId'], 'directline')
    }
  })
}

function replies({ bot, app, greeted }: Stage): void {
  test('echoes: the reply stands after what it answers, and names it', async () => {
    using chat = await greeted('dl_echo')
    const id = await chat.say('echo hello')
    const reply = await chat.reply('You said: hello')
    assert.equal(reply.replyToId, id)
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_echo.', 'echo hello', 'You said: hello'])
    assert.deepEqual(activities, chat.seen)
  })

  test('types: whoever listens sees it before the message, and the log never holds it', async () => {
    using chat = await greeted('dl_typing')
    using poller = new Chat({
      domain: app().base,
      ...chat.connection,
      watermark: '0',
      webSocket: false,
      pollingInterval: 200,
    })
    await poller.reply('Hello, dl_typing.')
    await chat.say('typing')
    await Promise.all([chat.reply('I have finished typing.'), poller.reply('I have finished typing.')])
    assert.deepEqual(
      chat.seen.slice(-2).map(({ type }) => type),
      ['typing', 'message'],
    )
    assert.deepEqual(poller.fromBot('typing'), [])
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.equal(
      activities.some(({ type }) => type === 'typing'),
      false,
    )
  })

  test('sends twenty replies that come once each and in order', async () => {
    using chat = await greeted('dl_twenty')
    await chat.say('twenty')
    await chat.reply(twenty.at(-1) as string)
    assert.deepEqual(texts(chat.fromBot()).slice(1), twenty)
  })

  test('sends cards and suggestions that arrive as the SDK made them', async () => {
    using chat = await greeted('dl_cards')
    await chat.say('card')
    const cards = await chat.reply('Two cards.')
    const [hero, adaptive] = cards.attachments ?? []
    assert.equal(cards['attachmentLayout'], 'list')
    assert.ok(hero?.contentType === 'application/vnd.microsoft.card.hero')
    const { title, buttons } = hero.content as { title: string; buttons: { type: string; value: string }[] }
    assert.deepEqual([title, buttons[0]?.type, buttons[0]?.value], ['A hero', 'imBack', 'echo pressed'])
    assert.deepEqual(adaptive, {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'Adapted' }] },
    })
    await chat.say('suggest')
    const { suggestedActions } = await chat.reply('Which one?')
    assert.deepEqual(
      suggestedActions?.actions.map(({ title }) => title),
      ['red', 'blue'],
    )
  })

  test('answers events with events, and can say that the conversation has ended', async () => {
    using chat = await greeted('dl_event')
    const value = { deep: [1, { very: null }], text: 'ünïcode 💬' }
    await chat.post({ type: 'event', name: 'order', value })
    const answer = await chat.until('an event', () => chat.fromBot('event').find(({ name }) => name === 'order/answer'))
    assert.deepEqual(answer.value, value)
    await chat.say('end')
    const end = await chat.until('the end', () => chat.fromBot('endOfConversation')[0])
    assert.equal(end.code, 'completedSuccessfully')
    await chat.post({ type: 'endOfConversation' })
    await chat.say('echo after the end')
    await chat.reply('You said: after the end')
  })

  test('answers in the body of its turn where the bot is set so, without calling back', async () => {
    await using own = await startApp({ bot: bot().url, botSettings: { expectReplies: true } })
    using chat = await greeted('dl_body', { app: own })
    await chat.say('twenty')
    await chat.reply(twenty.at(-1) as string)
    assert.deepEqual(texts(chat.seen), ['Hello, dl_body.', 'twenty', ...twenty])
    const called = (await bot().acknowledged()).filter(
      ({ conversation }) => conversation === chat.connection.conversationId,
    )
    assert.deepEqual(called, [])
  })
}

function changes({ app, greeted }: Stage): void {
  test('updates what it has said: clients see the whole activity again under its id', async () => {
    using chat = await greeted('dl_update')
    await chat.say('update')
    const updated = await chat.reply('Done.')
    const first = chat.fromBot().find(({ text }) => text === 'Wait …')
    assert.equal(updated.id, first?.id)
    assert.equal(updated.timestamp, first?.timestamp)
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_update.', 'update', 'Done.'])
  })

  test('deletes what it has said: clients are told under its id, and the text is gone', async () => {
    using chat = await greeted('dl_delete')
    await chat.say('delete')
    await chat.reply('I have said nothing.')
    const first = chat.fromBot().find(({ text }) => text === 'Forget this.')
    assert.deepEqual(
      chat.fromBot('messageDelete').map(({ id }) => id),
      [first?.id],
    )
    const log = JSON.stringify(await readLog(app(), chat.connection.conversationId))
    assert.equal(log.includes('Forget this.'), false)
  })

  test('asks who is there', async () => {
    using chat = await greeted('dl_member')
    await chat.say('members')
    const { value } = await chat.until('the members', () =>
      chat.fromBot('event').find(({ name }) => name === 'members'),
    )
    const { all, one } = value as { all?: { id: string }[]; one: { id: string } }
    assert.equal(one.id, 'dl_member')
    if (all !== undefined) assert.ok(all.some(({ id }) => id === 'dl_member'))
  })
}

function files({ app, greeted, received }: Stage): void {
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

  test('loads a file that a user sends, byte for byte, by its plain link', async () => {
    using chat = await greeted('dl_file')
    await chat.upload('', [botFile])
    const { value } = await chat.until('what the bot got', () =>
      chat.fromBot('event').find(({ name }) => name === 'files'),
    )
    const { name, type, bytes } = botFile
    assert.deepEqual(value, [
      { name, contentType: type, status: 200, servedType: type, length: bytes.length, sha256: sha256(bytes) },
    ])
  })

  test('uploads a file that users can load, by a link that does not tell where the bot answers', async () => {
    using chat = await greeted('dl_picture')
    await chat.say('upload')
    const { attachments = [] } = await chat.reply('A file for you.')
    assert.deepEqual(
      attachments.map(({ name, contentType }) => [name, contentType]),
      [[botFile.name, botFile.type]],
    )
    const shown = await fetch(attachments[0]?.contentUrl ?? '')
    assert.deepEqual([shown.status, shown.headers.get('content-type')], [200, botFile.type])
    assert.deepEqual(new Uint8Array(await shown.arrayBuffer()), botFile.bytes)

    const { conversationId } = chat.connection
    const [{ serviceUrl = '' } = {}] = await received(chat)
    const secrets = new URL(serviceUrl).pathname.split('/').filter(part => part.length > 20 && part !== conversationId)
    assert.notDeepEqual(secrets, [])
    const visible = JSON.stringify([chat.seen, await readLog(app(), conversationId)])
    for (const secret of secrets) assert.equal(visible.includes(secret), false)
  })
}

function unasked({ bot, app, greeted }: Stage): void {
  test('speaks unasked in a conversation it has been in', async () => {
    using chat = await greeted('dl_proactive')
    await bot().proactive(chat.connection.conversationId, 'By the way …')
    await chat.reply('By the way …')
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_proactive.', 'By the way …'])
  })

  test('speaks unasked after the service has been restarted, to a client that has come back by itself', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'landline-'))
    try {
      const first = await startApp({ bot: bot().url, dir })
      using chat = await greeted('dl_restart', { app: first, clockSpeed: 20 })
      await first.stop()
      await using second = await startApp({ bot: bot().url, dir, port: first.port })
      const { conversationId } = chat.connection
      await bot().proactive(conversationId, 'We are back.')
      await chat.reply('We are back.')
      assert.deepEqual(chat.seen, (await readLog(second, conversationId)).activities)
    } finally {
      await rm(dir, { recursive: true })
    }
  })
}

function slowness({ bot, greeted }: Stage): void {
  test('may take too long: its sender is told in time, and the late answer still comes', async () => {
    await using own = await startApp({ bot: bot().url, botSettings: { timeoutMs: 400 } })
    using chat = await greeted('dl_slow', { app: own })
    const { conversationId, token } = chat.connection
    const { status, body } = await call(own.base, token, 'POST', `/conversations/${conversationId}/activities`, {
      type: 'message',
      text: 'slow 3000',
    })
    assert.equal(
      chat.fromBot().some(({ text }) => text === 'I took 3000 ms.'),
      false,
    )
    assert.deepEqual([status, (body['error'] as { code: string }).code, body['httpStatusCode']], [502, 'BotError', 504])
    await chat.reply('I took 3000 ms.')
    assert.equal(await chat.say('slow 500'), 'retry')
    await chat.reply('I took 500 ms.')
  })

  test('may be down: its sender is told at once what became of the message', async () => {
    await using own = await startApp()
    const { conversationId, token } = await startConversation(own)
    const activity: SomeActivity = { type: 'message', from: { id: 'u1' }, text: 'echo x' }
    const begin = performance.now()
    const { status, body } = await call(
      own.base,
      token,
      'POST',
      `/conversations/${conversationId}/activities`,
      activity,
    )
    assert.ok(performance.now() - begin < 5_000)
    assert.deepEqual([status, (body['error'] as { code: string }).code, body['httpStatusCode']], [502, 'BotError', 504])
    assert.deepEqual(texts((await readLog(own, conversationId)).activities), ['echo x'])
  })
}
