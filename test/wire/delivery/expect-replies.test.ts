/**
 * Bots that can't reach the service: they are asked for `expectReplies`, and what they say comes in the answer to their
 * turn.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BotTurnEnd } from '../../support/bot.ts'
import { assertRefused, getPage, message, post, readLog, say } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { botSays, startTalk, type TalkOptions, watch } from '../../support/talk.ts'

/** A talk with a bot that is asked for replies and answers messages as told, and everything else with nothing. */
const answering = (end: (activity: WireActivity) => BotTurnEnd): TalkOptions => ({
  app: { botSettings: { expectReplies: true } },
  bot: { answer: activity => (activity.type === 'message' ? end(activity) : 200) },
})

const replies = (...activities: readonly unknown[]): BotTurnEnd => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ activities }),
})

test('asks for them in every turn but an invoke, whatever the client has said', async () => {
  await using talk = await startTalk(answering(() => replies()))
  assert.equal(talk.join.deliveryMode, 'expectReplies')
  for (const deliveryMode of [undefined, 'stream', 'normal']) {
    assert.equal((await post(talk, message('hello', 'u1', deliveryMode ? { deliveryMode } : {}))).status, 200)
    assert.equal(talk.bot.activities.at(-1)?.deliveryMode, 'expectReplies')
  }
})

test('records them in order, after the activity they answer and before its sender hears that it was accepted', async () => {
  await using talk = await startTalk(
    answering(({ id, text }) =>
      replies(
        { type: 'typing' },
        ...Array.from({ length: 10 }, (_, n) => ({ type: 'message', text: `${text} ${n}`, replyToId: id })),
        { type: 'event', name: 'done' },
      ),
    ),
  )
  using socket = await watch(talk)
  for (const question of ['a', 'b']) {
    const id = await say(talk, question)
    const page = (await getPage(talk)).body.activities?.slice(-12) ?? []
    assert.deepEqual(
      page.map(({ type, text }) => text ?? type),
      [question, ...Array.from({ length: 10 }, (_, n) => `${question} ${n}`), 'event'],
    )
    assert.deepEqual(new Set(page.slice(1, -1).map(({ replyToId }) => replyToId)), new Set([id]))
    assert.equal(page.at(-1)?.from?.id, 'bot')
  }
  await socket.until('all of it', ({ activities }) => activities.filter(({ type }) => type === 'event').length === 2)
  assert.deepEqual(
    socket.activities.filter(({ type }) => type !== 'typing'),
    await readLog(talk),
  )
  assert.equal(socket.activities.filter(({ type }) => type === 'typing').length, 2)
})

test('records what a bot answers to the start', async () => {
  await using talk = await startTalk({
    app: { botSettings: { expectReplies: true } },
    bot: { answer: () => replies({ type: 'message', text: 'Welcome.' }) },
  })
  using socket = await watch(talk)
  await socket.untilText('Welcome.')
})

test('shows nothing of what SDKs leak into these bodies, and the service’s fields as on any reply', async () => {
  await using talk = await startTalk(
    answering(() =>
      replies({
        type: 'message',
        text: 'hello',
        _channelId: { channel: 'directline', subChannel: '' },
        id: '',
        timestamp: '2001-01-01T00:00:00Z',
        channelId: 'msteams',
        serviceUrl: 'https://elsewhere.example/',
        from: { id: 'u1', role: 'user' },
        recipient: { id: 'u1' },
        conversation: { id: 'elsewhere' },
        callerId: 'x',
      }),
    ),
  )
  await say(talk, 'hello')
  const reply = (await readLog(talk))[1]
  assert.deepEqual(reply, {
    type: 'message',
    id: `${talk.conversation}|0000002`,
    timestamp: reply?.timestamp,
    channelId: 'directline',
    conversation: { id: talk.conversation },
    from: { id: 'bot', name: 'Bot', role: 'bot' },
    text: 'hello',
  })
})

test('hides the serviceUrl and stores files here too', async () => {
  await using talk = await startTalk(
    answering(({ serviceUrl }) =>
      replies({
        type: 'message',
        text: serviceUrl,
        attachments: [{ contentType: 'text/plain', name: 'a.txt', contentUrl: 'data:text/plain;base64,YWJj' }],
      }),
    ),
  )
  await say(talk, 'hello')
  const reply = (await readLog(talk))[1]
  assert.equal(JSON.stringify(reply).includes(talk.mark), false)
  assert.equal((await call(reply?.attachments?.[0]?.contentUrl ?? '')).text, 'abc')
})

test('takes an answer without replies, and one of a bot that does not know the mode and calls back', async () => {
  for (const end of [200, 202, { status: 200, body: '' }, { status: 200, body: '{}' }, replies()] as BotTurnEnd[]) {
    await using talk = await startTalk(answering(() => end))
    await say(talk, 'hello')
    await botSays(talk, 'calling back')
    assert.deepEqual(
      (await readLog(talk)).map(({ text }) => text),
      ['hello', 'calling back'],
    )
  }
})

test('answers 502 BotError to replies that can’t be read, and keeps what was asked', async () => {
  const ends: BotTurnEnd[] = [
    { status: 200, body: 'hello' },
    { status: 200, body: '{"activities":[' },
    { status: 200, body: '<html></html>' },
    { status: 200, headers: { 'content-encoding': 'gzip' }, body: '\u001f\u008b' },
    replies({ text: 'no type' }),
    replies('text'),
    replies({ type: 'message', text: 5 }),
    replies({ type: 'invoke', name: 'x' }),
    { status: 200, body: `{"activities":[{"type":"message","text":"${'x'.repeat(2 * 1024 * 1024)}"}]}` },
  ]
  for (const end of ends) {
    await using talk = await startTalk(answering(() => end))
    const answer = await post(talk, message('hello'))
    assertRefused(answer, 502, 'BotError', answer.body.httpStatusCode)
    assert.equal((await readLog(talk))[0]?.text, 'hello')
    assert.deepEqual(
      talk.app.events.filter(({ event }) => event === 'fault'),
      [],
    )
  }
})

test('answers the bot’s error as ever', async () => {
  await using talk = await startTalk(answering(() => ({ status: 503, body: '{"activities":[]}' })))
  assertRefused(await post(talk, message('hello')), 502, 'BotError', 503)
})
