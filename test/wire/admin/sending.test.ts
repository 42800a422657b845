/**
 * What an operator does in conversations: begins them, says something in them, sends the bot something again.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RecordsBody, SentBody, StartedBody, TurnBody } from '../../../src/protocol/admin-conversations.ts'
import { ask, assertAdminRefused, done, recordsOf } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'

let isBroken = false
const bot = await startBot({ answer: ({ type }) => (isBroken && type === 'message' ? 500 : 200) })
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const started = async (path: string, json: unknown, service = app) => {
  const { status, body, text } = await ask(service, 'POST', path, json)
  assert.equal(status, 201, text)
  return body as unknown as StartedBody
}
const chatOf = ({ conversationId, token }: StartedBody) => ({
  address: `${app.base}/conversations/${conversationId}`,
  token,
})
const sent = async (conversation: string, json: unknown): Promise<TurnBody> => {
  const { turn } = (await done(app, 'POST', `/conversations/${conversation}/send`, json)) as SentBody
  return (await done(app, 'GET', `/conversations/${conversation}/turns/${turn}`)) as unknown as TurnBody
}

test('a conversation is started with a bot for somebody new, and the bot is told', async () => {
  const begun = await started('/conversations', { bot: 'bot' })
  assert.match(begun.user, /^dl_\w{16}$/)
  assert.equal(begun.domain, app.base)
  const [join] = await bot.until(
    'the join',
    ({ of }) => of(begun.conversationId).length > 0 && of(begun.conversationId),
  )
  assert.deepEqual(
    join?.membersAdded?.map(({ id }) => id),
    ['bot', begun.user],
  )
  await say(chatOf(begun), 'hello', 'somebody else')
  const [said] = await readLog(chatOf(begun))
  assert.deepEqual([said?.text, said?.from?.id], ['hello', begun.user])
})

test('a conversation is started by a site and for a user that are named', async () => {
  const begun = await started('/conversations', { bot: 'bot', site: 'default', user: 'dl_ann' })
  assert.equal(begun.user, 'dl_ann')
  for (const [json, status, code] of [
    [{}, 400, 'MissingProperty'],
    [{ bot: 'none' }, 404, 'UnknownBot'],
    [{ bot: 'bot', site: 'none' }, 404, 'UnknownSite'],
    [{ bot: 'bot', user: 'bot' }, 400, 'BadArgument'],
    [{ bot: 'bot', user: 7 }, 400, 'BadArgument'],
    [{ bot: 'bot', trace: true }, 400, 'BadArgument'],
    [{ bot: 'bot', Site: 'default' }, 400, 'BadArgument'],
  ] as const)
    assertAdminRefused(await ask(app, 'POST', '/conversations', json), status, code)
})

test('where only a token can speak for people, the operator still can', async () => {
  await using own = await startApp({ bot: bot.url, site: { enhancedAuthentication: true } })
  const begun = await started('/conversations', { bot: 'bot' }, own)
  const activity = { type: 'message', text: 'hello' }
  await done(own, 'POST', `/conversations/${begun.conversationId}/send`, { activity })
  const received = await bot.until('the message', ({ of }) => of(begun.conversationId, 'message')[0])
  assert.equal(received.from?.id, begun.user)
  assertAdminRefused(await ask(own, 'POST', '/conversations', { bot: 'bot', user: 'ann' }), 400, 'BadArgument')
})

test('what is sent as the user is what the user would have sent: logged, shown and delivered', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  using socket = await openSocket(chat.streamUrl)
  const turn = await sent(chat.conversation, { activity: { type: 'message', text: 'hello' } })
  assert.deepEqual([turn.outcome, turn.cause, turn.again, turn.type], ['ok', 1, false, 'message'])
  assert.equal((await socket.untilText('hello')).from?.id, 'dl_ann')
  assert.equal((await readLog(chat)).length, 1)
  const [received] = bot.of(chat.conversation, 'message')
  assert.deepEqual([received?.text, received?.from?.id, received?.from?.role], ['hello', 'dl_ann', 'user'])
  const other = { type: 'message', text: 'me too', from: { id: 'dl_bob' } }
  await sent(chat.conversation, { activity: other, as: 'user' })
  assert.equal((await readLog(chat)).at(-1)?.from?.id, 'dl_bob')
})

test('what is sent as the channel reaches the bot, is in the log, and is shown to no client', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  using socket = await openSocket(chat.streamUrl)
  const activity = { type: 'conversationUpdate', membersAdded: [{ id: 'dl_zoe', name: 'Zoe' }], value: null }
  const turn = await sent(chat.conversation, { activity, as: 'channel' })
  assert.deepEqual([turn.outcome, turn.cause, turn.type], ['ok', 1, 'conversationUpdate'])
  const received = bot.of(chat.conversation, 'conversationUpdate').at(-1)
  assert.deepEqual(received?.membersAdded, [{ id: 'dl_zoe', name: 'Zoe' }])
  assert.deepEqual([received?.from?.id, received?.recipient?.id], ['dl_ann', 'bot'])
  assert.ok(received?.serviceUrl?.startsWith(app.origin))
  await sent(chat.conversation, { activity: { type: 'message', text: 'the end' } })
  await socket.untilText('the end')
  assert.equal(socket.activities.length, 1)
  assert.equal((await readLog(chat)).length, 1)

  const records = `/conversations/${chat.conversation}/records`
  const parts = [await done(app, 'GET', `${records}?limit=1&after=0`), await done(app, 'GET', `${records}?after=1`)]
  const [first, second] = parts.map(part => (part as unknown as RecordsBody).records[0])
  assert.deepEqual([first?.seq, first?.dir, first?.turn], [1, 'channel', turn.id])
  assert.deepEqual(first?.activity['membersAdded'], [{ id: 'dl_zoe', name: 'Zoe' }])
  assert.deepEqual([second?.seq, second?.dir], [2, 'toBot'])
  // A chat holds an answer back until it has what it answers.
  assert.ok(received !== undefined && received.id !== first?.activity['id'])
  await bot.reply(received, { type: 'message', text: 'welcome' })
  assert.equal((await socket.untilText('welcome')).replyToId, undefined)

  const { turn: again } = (await done(app, 'POST', `${records}/1/again`)) as SentBody
  assert.deepEqual(bot.of(chat.conversation, 'conversationUpdate').at(-1)?.membersAdded, [
    { id: 'dl_zoe', name: 'Zoe' },
  ])
  const { turns } = (await done(app, 'GET', records)) as unknown as RecordsBody
  assert.deepEqual(turns.find(({ id }) => id === again)?.cause, 1)
})

test('what is sent as the channel and fails is found among what failed', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  isBroken = true
  const turn = await sent(chat.conversation, { activity: { type: 'message', text: 'please' }, as: 'channel' })
  isBroken = false
  assert.equal(turn.outcome, 'botError')
  const { records, turns } = await recordsOf(app, chat)
  assert.deepEqual(
    records.map(({ dir, turn: id }) => [dir, turns.find(one => one.id === id)?.outcome]),
    [['channel', 'botError']],
  )
})

test('of a sign-in that is sent as the channel the bot gets the token, and the log does not', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  const activity = { type: 'invoke', name: 'signin/tokenExchange', value: { token: 'planted-token' } }
  await sent(chat.conversation, { activity, as: 'channel' })
  assert.deepEqual(bot.of(chat.conversation, 'invoke').at(-1)?.value, { token: 'planted-token' })
  const { text } = await ask(app, 'GET', `/conversations/${chat.conversation}/records`)
  assert.match(text, /tokenExchange/)
  assert.doesNotMatch(text, /planted-token/)
})

test('what cannot be sent is refused', async () => {
  const { conversation } = await startChat(app, { id: 'dl_ann' })
  const send = (json: unknown, to = conversation) => ask(app, 'POST', `/conversations/${to}/send`, json)
  for (const [json, code] of [
    [{}, 'MissingProperty'],
    [{ activity: {} }, 'MissingProperty'],
    [{ activity: 'hello' }, 'BadArgument'],
    [{ activity: { type: 'message', text: 7 } }, 'BadArgument'],
    [{ activity: { type: 'message' }, as: 'bot' }, 'BadArgument'],
    [{ activity: { type: 'message', from: { id: 'bot' } } }, 'BadArgument'],
    [{ activity: { type: 'contactRelationUpdate' } }, 'BadArgument'],
  ] as const)
    assertAdminRefused(await send(json), 400, code)
  for (const as of ['user', 'channel'])
    assertAdminRefused(await send({ activity: { type: 'message' }, as }, 'nothing'), 404, 'BadArgument')
})

test('a message is sent to the bot again under its id when the bot has been repaired, and not logged anew', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  const parts = { channelData: { a: 1, b: null }, value: { big: 1, none: null }, speak: null }
  isBroken = true
  const failed = await sent(chat.conversation, { activity: { type: 'message', text: 'please', ...parts } })
  assert.deepEqual([failed.outcome, failed.status], ['botError', 500])
  isBroken = false
  const { turn } = (await done(app, 'POST', `/conversations/${chat.conversation}/records/1/again`)) as SentBody
  const [first, second] = bot.of(chat.conversation, 'message')
  assert.deepEqual(second, first)
  const { records, turns } = await recordsOf(app, chat)
  assert.deepEqual(
    turns.map(({ cause, again, outcome, status }) => [cause, again, outcome, status]),
    [
      [1, false, 'botError', 500],
      [1, true, 'ok', 200],
    ],
  )
  assert.deepEqual(
    records.map(record => [record.seq, record.turn]),
    [[1, turn]],
  )
})

test('only what the bot was sent, and is there, can be sent again', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  const join = await bot.until('the join', ({ of }) => of(chat.conversation)[0])
  await bot.say(join, { type: 'message', text: 'from the bot' })
  const again = (seq: string) => ask(app, 'POST', `/conversations/${chat.conversation}/records/${seq}/again`)
  assertAdminRefused(await again('1'), 400, 'BadArgument')
  for (const seq of ['2', '0', 'x', '-1', '1e3']) assertAdminRefused(await again(seq), 404, 'BadArgument')
  const id = (await readLog(chat)).at(-1)?.id ?? ''
  const address = `${join.serviceUrl}v3/conversations/${chat.conversation}/activities/${encodeURIComponent(id)}`
  assert.equal((await call(address, { method: 'DELETE' })).status, 200)
  assertAdminRefused(await again('1'), 404, 'BadArgument')
  assertAdminRefused(await again('2'), 400, 'BadArgument')
})

test('a restart is another conversation: with the same user, or with a new one', async () => {
  const begun = await started('/conversations', { bot: 'bot', user: 'dl_ann' })
  const path = `/conversations/${begun.conversationId}/restart`
  const same = await started(path, { user: 'same' })
  const unsaid = await started(path, undefined)
  const other = await started(path, { user: 'new' })
  assert.deepEqual([same.user, unsaid.user], ['dl_ann', 'dl_ann'])
  assert.match(other.user, /^dl_\w{16}$/)
  assert.equal(new Set([begun, same, unsaid, other].map(one => one.conversationId)).size, 4)
  for (const one of [begun, same, other]) {
    await say(chatOf(one), 'hello', 'x')
    const received = await bot.until('the message', ({ of }) => of(one.conversationId, 'message')[0])
    assert.equal(received.from?.id, one.user)
  }
  assertAdminRefused(await ask(app, 'POST', path, { user: 'other' }), 400, 'BadArgument')
  assertAdminRefused(await ask(app, 'POST', '/conversations/nothing/restart', {}), 404, 'BadArgument')
})

test('what an operator sends and begins is audited, without a word of it', async () => {
  const begun = await started('/conversations', { bot: 'bot' })
  await sent(begun.conversationId, { activity: { type: 'message', text: 'a secret matter' } })
  const audited = app.events.filter(event => event.event === 'audit')
  const subjects = audited.slice(-2).map(({ action, subject }) => [action, subject])
  assert.deepEqual(subjects, [
    ['tokenIssued', `new conversation ${begun.conversationId}`],
    ['activitySent', `conversation ${begun.conversationId} as user`],
  ])
  assert.ok(!JSON.stringify(audited).includes('secret matter'))
})
