/**
 * `DELETE /v3/conversations/{id}/members/{member}`: a person is taken out, and may come back.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog, say } from '../../support/direct-line.ts'
import { call, type WireAccount } from '../../support/http.ts'
import { assertConnectorRefused, startTalk, type Talk } from '../../support/talk.ts'

const remove = (talk: Talk, member: string) => call(`${talk.connector}/members/${member}`, { method: 'DELETE' })

const idsOf = async (talk: Talk) =>
  (JSON.parse((await call(`${talk.connector}/members`)).text) as WireAccount[]).map(({ id }) => id)

test('answers 200 without a body, and the member is gone', async () => {
  await using talk = await startTalk()
  const answer = await remove(talk, 'u1')
  assert.equal(answer.status, 200)
  assert.equal(answer.text, '')
  assert.deepEqual(await idsOf(talk), ['bot'])
})

test('tells the bot nothing; but if that person speaks again, they join again first', async () => {
  await using talk = await startTalk()
  await say(talk, 'hello')
  await remove(talk, 'u1')
  const before = talk.bot.activities.length
  const id = await say(talk, 'hello again')
  const since = talk.bot.activities.slice(before)
  assert.deepEqual(
    since.map(({ type }) => type),
    ['conversationUpdate', 'message'],
  )
  assert.deepEqual(since[0]?.membersAdded, [{ id: 'u1', name: 'Uma' }])
  assert.equal(since[1]?.id, id)
  assert.deepEqual(await idsOf(talk), ['bot', 'u1'])
  await say(talk, 'and on')
  assert.equal(talk.bot.activities.length, before + 3, 'joined once')
})

test('leaves the conversation and its log even when the last person is taken out', async () => {
  await using talk = await startTalk()
  await say(talk, 'hello')
  await remove(talk, 'u1')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['hello'],
  )
})

test('answers 404 MemberNotFoundInConversation to who is not there, or no longer, and to the bot itself', async () => {
  await using talk = await startTalk()
  assertConnectorRefused(await remove(talk, 'nobody'), 404, 'MemberNotFoundInConversation')
  await remove(talk, 'u1')
  assertConnectorRefused(await remove(talk, 'u1'), 404, 'MemberNotFoundInConversation')
  assertConnectorRefused(await remove(talk, 'bot'), 404, 'MemberNotFoundInConversation')
  assert.deepEqual(await idsOf(talk), ['bot'])
})
