/**
 * The three bags of data that v1 bots have the service keep: put into an answer, they come back with the next message of
 * the same user, the same conversation, or both.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, startProcess, type TestApp } from '../../support/app.ts'
import type { BotTurnEnd } from '../../support/bot.ts'
import { post, readLog, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { answering, type OldBotMessage, oldApp, postAsOldBot, speakingV1, startOldBot } from '../../support/old-bot.ts'
import {
  assertOldRefused,
  type OldService,
  oldChatOf,
  postOld,
  readMessages,
  sayOld,
  startOldChat,
} from '../../support/old-direct-line.ts'

/** How the bot of a test answers each message; set by the test. */
const answers = new Map<string | undefined, (message: OldBotMessage) => BotTurnEnd>()

const bot = await startOldBot({ answer: message => answers.get(message.text)?.(message) ?? 200 })
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** The bot answers this text so, from now on. */
const answer = (text: string, with_: unknown) => answers.set(text, () => answering(with_))

const bagsIn = ({ botUserData, botConversationData, botPerUserInConversationData }: OldBotMessage) => ({
  ...(botUserData === undefined ? {} : { user: botUserData }),
  ...(botConversationData === undefined ? {} : { conversation: botConversationData }),
  ...(botPerUserInConversationData === undefined ? {} : { both: botPerUserInConversationData }),
})

/** The bags that come with what somebody says. */
async function bagsWith(conversation: string, user: string, service: OldService = app): Promise<unknown> {
  const chat = oldChatOf(service, conversation, service.secret)
  await sayOld(chat, 'which bags?', user)
  return bagsIn(bot.of(conversation, 'Message').at(-1) ?? {})
}

const bags = {
  botUserData: { name: 'Uma', visits: 1 },
  botConversationData: { topic: ['doors', { deep: null }] },
  botPerUserInConversationData: { 'BotBuilder.Data.SessionState': { callstack: [] } },
}
const allBags = {
  user: bags.botUserData,
  conversation: bags.botConversationData,
  both: bags.botPerUserInConversationData,
}

test('come back with the next message, and are left out while they are empty', async () => {
  answer('keep', bags)
  const { conversation, ...chat } = await startOldChat(app)
  assert.deepEqual(await bagsWith(conversation, 'come-back'), {})
  await sayOld(chat, 'keep', 'come-back')
  assert.deepEqual(await bagsWith(conversation, 'come-back'), allBags)
})

test('belong to the user, to the conversation, and to both', async () => {
  answer('keep', bags)
  const [here, there] = [await startOldChat(app), await startOldChat(app)]
  await sayOld(here, 'keep', 'belong')
  assert.deepEqual(await bagsWith(here.conversation, 'somebody'), { conversation: allBags.conversation })
  assert.deepEqual(await bagsWith(there.conversation, 'belong'), { user: allBags.user })
  assert.deepEqual(await bagsWith(there.conversation, 'somebody'), {})
  assert.deepEqual(await bagsWith(here.conversation, 'belong'), allBags)
})

test('are replaced whole by what comes later, one by one: what is absent stays, what is {} is emptied', async () => {
  answer('keep', bags)
  answer('change one', { botUserData: { other: true } })
  answer('empty one', { botConversationData: {} })
  const { conversation, ...chat } = await startOldChat(app)
  for (const text of ['keep', 'change one', 'empty one']) await sayOld(chat, text, 'replaced')
  assert.deepEqual(await bagsWith(conversation, 'replaced'), { user: { other: true }, both: allBags.both })
})

test('are kept by an answer without a text, which makes no message, and shown to nobody', async () => {
  answer('keep', bags)
  answer('keep and say', { text: 'kept', ...bags })
  const chat = await startOldChat(app)
  await sayOld(chat, 'keep', 'unseen')
  await sayOld(chat, 'keep and say', 'unseen')
  const seen = JSON.stringify([await readLog(chat), await readMessages(chat)])
  assert.doesNotMatch(seen, /Uma|doors|SessionState|botUserData/)
  assert.equal((await readMessages(chat)).length, 3)
})

test('are kept from an answer to a system message too, and come with the next one', async () => {
  await using greeter = await startOldBot({
    answer: ({ type }) => {
      if (type === 'BotAddedToConversation') return answering({ type, botConversationData: { from: 'start' } })
      return type === 'UserAddedToConversation' ? answering({ type, botUserData: { from: 'join' } }) : 200
    },
  })
  await using own = await startApp({ bot: greeter.url, botSettings: speakingV1 })
  const chat = await startOldChat(own, { id: 'u1' })
  await sayOld(chat, 'hello')
  assert.deepEqual(greeter.of(chat.conversation).map(bagsIn), [
    {},
    { conversation: { from: 'start' } },
    { conversation: { from: 'start' }, user: { from: 'join' } },
  ])
})

test('are kept from a message the bot posts, for the person it is to', async () => {
  const { conversation } = await startOldChat(app)
  const posted = await postAsOldBot(app.origin, {
    conversationId: conversation,
    to: { id: 'addressed', channelId: 'directline' },
    text: 'x',
    ...bags,
  })
  assert.equal(posted.status, 200)
  assert.doesNotMatch(posted.text, /Uma|doors|SessionState/)
  assert.deepEqual(await bagsWith(conversation, 'addressed'), allBags)
  assert.deepEqual(await bagsWith(conversation, 'another'), { conversation: allBags.conversation })
})

test('are kept from a message the bot posts to nobody: for who sent what it answers, else for the only one there', async () => {
  for (const to of [undefined, { id: '$service$' }, { id: 'bot' }]) {
    const mark = { botUserData: { mark: `${to?.id}` }, botPerUserInConversationData: { mark: `${to?.id}` } }
    const both = { user: mark.botUserData, both: mark.botPerUserInConversationData }
    const { conversation, ...chat } = await startOldChat(app)
    await sayOld(chat, 'alone', 'only')
    const first = bot.of(conversation, 'Message').at(-1)?.id
    assert.equal((await postAsOldBot(app.origin, { conversationId: conversation, to, ...mark })).status, 200)
    assert.deepEqual(await bagsWith(conversation, 'only'), both)
    await sayOld(chat, 'me too', 'second')
    const answered = bot.of(conversation, 'Message').at(-1)?.id
    const other = { botUserData: { mark: 'other' }, botPerUserInConversationData: { mark: 'other' } }
    await postAsOldBot(app.origin, { conversationId: conversation, to, replyToMessageId: answered, ...other })
    assert.deepEqual(await bagsWith(conversation, 'second'), { user: { mark: 'other' }, both: { mark: 'other' } })
    assert.deepEqual(await bagsWith(conversation, 'only'), both)
    await postAsOldBot(app.origin, {
      conversationId: conversation,
      to: { id: 'second' },
      replyToMessageId: first,
      ...mark,
    })
    assert.deepEqual(await bagsWith(conversation, 'second'), both, 'whom it is to counts first')
  }
})

test('of a user are kept for nobody where it cannot be told whose they are, and never for another', async () => {
  const { conversation, ...chat } = await startOldChat(app)
  for (const user of ['this one', 'that one']) await sayOld(chat, 'hello', user)
  assert.equal((await postAsOldBot(app.origin, { conversationId: conversation, ...bags })).status, 200)
  for (const user of ['this one', 'that one'])
    assert.deepEqual(await bagsWith(conversation, user), { conversation: allBags.conversation })
  const { conversation: small, ...alone } = await startOldChat(app)
  await sayOld(alone, 'hello', 'present')
  await postAsOldBot(app.origin, { conversationId: small, to: { id: 'absent' }, botUserData: { of: 'absent' } })
  assert.deepEqual(await bagsWith(small, 'present'), {})
  assert.deepEqual(await bagsWith(small, 'absent'), { user: { of: 'absent' } })
})

test('serve clients of either API alike', async () => {
  answer('keep', bags)
  const chat = await startChat(app)
  assert.equal((await post(chat, { type: 'message', text: 'keep', from: { id: 'either' } })).status, 200)
  assert.deepEqual(await bagsWith(chat.conversation, 'either'), allBags)
})

test('of the last writer stay, each bag whole, where turns overlap', async () => {
  const marks = Array.from({ length: 10 }, (_, n) => `mark ${n}`)
  for (const mark of marks) answer(mark, { botUserData: { mark }, botConversationData: { mark } })
  const { conversation, ...chat } = await startOldChat(app)
  await Promise.all(marks.map(mark => sayOld(chat, mark, 'racer')))
  const left = (await bagsWith(conversation, 'racer')) as { user: { mark: string }; conversation: { mark: string } }
  for (const { mark } of [left.user, left.conversation]) assert.ok(marks.includes(mark), mark)
})

test('hold 64 KiB each; what is larger fails the turn, and none of the answer is kept', async () => {
  const shell = '{"large":""}'.length
  const most = { large: 'x'.repeat(64 * 1024 - shell) }
  answer('the most', { botUserData: most })
  answer('too much', { text: 'unsaid', botConversationData: { small: 1 }, botUserData: { large: `${most.large}x` } })
  const { conversation, ...chat } = await startOldChat(app)
  await sayOld(chat, 'the most', 'large')
  assert.deepEqual(await bagsWith(conversation, 'large'), { user: most })
  assertOldRefused(await postOld(chat, { from: 'large', text: 'too much' }), 500, 'ServiceError', 502)
  assert.deepEqual(await bagsWith(conversation, 'large'), { user: most })
  assert.equal(
    (await readMessages(chat)).some(({ text }) => text === 'unsaid'),
    false,
  )
})

test('survive a restart', async () => {
  answer('keep', bags)
  await using folder = await makeFolder()
  let conversation: string
  {
    await using own: TestApp = await startApp({ bot: bot.url, botSettings: speakingV1, dir: folder.path })
    const chat = await startOldChat(own)
    conversation = chat.conversation
    await sayOld(chat, 'keep', 'restarted')
  }
  await using again = await startApp({ bot: bot.url, botSettings: speakingV1, dir: folder.path })
  assert.deepEqual(await bagsWith(conversation, 'restarted', again), allBags)
})

test('survive the death of the process right after the client was answered', async () => {
  answer('keep', bags)
  await using folder = await makeFolder()
  const args = [
    '--port',
    '0',
    '--dir',
    folder.path,
    '--bot',
    bot.url,
    '--schema',
    'v1',
    '--app',
    `${oldApp.id}:${oldApp.password}`,
  ]
  let conversation: string
  {
    await using own = await startProcess({ args, cwd: folder.path })
    const chat = await startOldChat(own)
    conversation = chat.conversation
    await sayOld(chat, 'keep', 'killed')
    await own.kill()
  }
  await using again = await startProcess({ args, cwd: folder.path })
  assert.deepEqual(await bagsWith(conversation, 'killed', again), allBags)
})
