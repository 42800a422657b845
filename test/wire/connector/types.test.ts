/**
 * Types of activities a bot sends: which are kept, which are only shown, and which clients never see.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPage, readLog, startChat } from '../../support/direct-line.ts'
import { assertTaken, botSays, startTalk, watch } from '../../support/talk.ts'

test('keeps and shows every type that is for clients, and types nobody has heard of', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const types = [
    'message',
    'event',
    'endOfConversation',
    'messageReaction',
    'messageUpdate',
    'messageDelete',
    'installationUpdate',
    'command',
    'commandResult',
    'handoff',
    'x.custom',
    'Message',
  ]
  for (const type of types) await botSays(talk, { type, name: 'n', value: { a: 1 } })
  const log = await readLog(talk)
  assert.deepEqual(
    log.map(({ type }) => type),
    types,
  )
  await socket.until('all of it', ({ activities }) => activities.length === types.length)
  assert.deepEqual(socket.activities, log)
})

test('goes on after an endOfConversation', async () => {
  await using talk = await startTalk()
  await botSays(talk, { type: 'endOfConversation', code: 'completedSuccessfully' })
  await botSays(talk, 'one more thing')
  assert.deepEqual(
    (await readLog(talk)).map(({ type }) => type),
    ['endOfConversation', 'message'],
  )
})

test('shows typing to the sockets that are open, without a watermark, and to nobody else', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const before = await botSays(talk, 'before')
  const id = await botSays(talk, { type: 'typing' })
  const after = await botSays(talk, 'after')
  await socket.untilId(after)
  assert.deepEqual(
    socket.activities.map(activity => activity.id),
    [before, id, after],
  )
  const set = socket.sets.find(({ activities }) => activities[0]?.id === id)
  assert.equal(set?.watermark ?? null, null)
  assert.deepEqual(set?.activities[0]?.from, { id: 'bot', name: 'Bot', role: 'bot' })

  assert.deepEqual(
    (await readLog(talk)).map(activity => activity.id),
    [before, after],
  )
  assert.equal((await getPage(talk)).body.watermark, '2')
  using late = await watch(talk)
  await late.untilId(after)
  assert.deepEqual(
    late.activities.map(activity => activity.id),
    [before, after],
  )
})

test('takes what is not for clients, answers an id, and shows it to nobody', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const ids = new Set<string>()
  const types = ['conversationUpdate', 'contactRelationUpdate', 'trace', 'delay', 'invokeResponse']
  for (const type of types) {
    ids.add(assertTaken(await talk.bot.say(talk.join, { type, text: 'hidden', value: 1 })))
    ids.add(assertTaken(await talk.bot.reply(talk.join, { type, text: 'hidden', value: 1 })))
  }
  assert.equal(ids.size, 2 * types.length)
  const id = await botSays(talk, 'shown')
  await socket.untilId(id)
  assert.deepEqual(
    socket.activities.map(activity => activity.id),
    [id],
  )
  assert.deepEqual(
    (await readLog(talk)).map(activity => activity.id),
    [id],
  )
})

test('shows trace at a site that debugs', async () => {
  await using talk = await startTalk({ app: { site: { debug: true } } })
  using socket = await watch(talk)
  const trace = { type: 'trace', name: 'LuisResult', value: { intent: 'greet' }, label: 'l' }
  const id = await botSays(talk, trace)
  const activity = await socket.untilId(id)
  assert.equal(activity.type, 'trace')
  assert.deepEqual(activity.value, { intent: 'greet' })
})

test('shows a suggestion to the person it is for and to nobody else, at sockets and in polls', async () => {
  await using talk = await startTalk()
  const ofToken = { ...talk }
  const withSecret = { ...talk, token: talk.secret }
  using uma = await watch(ofToken)
  using anybody = await watch(withSecret)
  const id = await botSays(talk, { type: 'suggestion', text: 'say yes', recipient: { id: 'u1', name: 'Uma' } })
  const other = await botSays(talk, { type: 'suggestion', text: 'say no', recipient: { id: 'u2' } })
  const last = await botSays(talk, 'for all')

  await uma.untilId(last)
  await anybody.untilId(last)
  assert.deepEqual(
    uma.activities.map(activity => activity.id),
    [id, last],
  )
  assert.deepEqual(
    anybody.activities.map(activity => activity.id),
    [last],
  )
  assert.deepEqual(
    (await readLog(ofToken)).map(activity => activity.id),
    [id, last],
  )
  assert.deepEqual(
    (await readLog(withSecret)).map(activity => activity.id),
    [last],
  )
  assert.deepEqual(uma.activities[0]?.recipient, { id: 'u1', name: 'Uma' })
  assert.equal(JSON.stringify([uma.frames, anybody.frames]).includes(other), false)
  using late = await watch(withSecret)
  await late.untilId(last)
  assert.deepEqual(
    late.activities.map(activity => activity.id),
    [last],
  )
})

test('moves the watermark past what a reader may not see', async () => {
  await using talk = await startTalk({ user: { id: 'u2' } })
  for (let n = 0; n < 3; n += 1) await botSays(talk, { type: 'suggestion', text: 'hidden', recipient: { id: 'u1' } })
  const { body } = await getPage(talk)
  assert.deepEqual(body.activities, [])
  assert.equal(body.watermark, '3')
})

test('gives a message no audience for having a recipient', async () => {
  await using talk = await startTalk()
  const other = await startChat(talk.app)
  assert.notEqual(other.conversation, talk.conversation)
  const id = await botSays(talk, { type: 'message', text: 'for all', recipient: { id: 'somebody' } })
  assert.deepEqual(
    (await readLog({ ...talk, token: talk.secret })).map(activity => activity.id),
    [id],
  )
})
