/**
 * `GET /v3/conversations/{id}/members`, `…/members/{member}` and `…/activities/{activity}/members`: who is there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message, post, say } from '../../support/direct-line.ts'
import { call, type WireAccount } from '../../support/http.ts'
import { assertConnectorRefused, botSays, openTalk, startTalk, type Talk } from '../../support/talk.ts'

const bot = { id: 'bot', name: 'Bot' }

async function members(talk: Talk): Promise<readonly WireAccount[]> {
  const { status, headers, text } = await call(`${talk.connector}/members`)
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  return JSON.parse(text) as WireAccount[]
}

test('lists the bot and the people, in the order they came', async () => {
  await using talk = await startTalk({ user: null })
  assert.deepEqual(await members(talk), [bot])
  await post(talk, message('hello', 'u2', { from: { id: 'u2', name: 'Udo' } }), { bearer: talk.secret })
  await say({ ...talk, token: talk.secret }, 'hello', 'u1')
  assert.deepEqual(
    (await members(talk)).map(({ id }) => id),
    ['bot', 'u2', 'u1'],
  )
})

test('knows the user of the token before that user has said a word', async () => {
  await using talk = await startTalk()
  assert.deepEqual(await members(talk), [bot, { id: 'u1', name: 'Uma' }])
})

test('counts nobody twice, however much they say', async () => {
  await using talk = await startTalk()
  await Promise.all(Array.from({ length: 5 }, (_, n) => say(talk, `hello ${n}`)))
  assert.equal((await members(talk)).length, 2)
})

test('names nobody of another conversation', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  await say(other, 'hello', 'u2')
  assert.deepEqual(
    (await members(talk)).map(({ id }) => id),
    ['bot', 'u1'],
  )
})

test('answers one member by id, whatever characters the id has', async () => {
  const id = 'Ümit|7 @home/50%;+?#'
  await using talk = await startTalk({ user: { id, name: 'Ümit' } })
  for (const [member, expected] of [
    [encodeURIComponent(id), { id, name: 'Ümit' }],
    ['bot', bot],
  ] as const) {
    const { status, headers, text } = await call(`${talk.connector}/members/${member}`)
    assert.equal(status, 200, text)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.deepEqual(JSON.parse(text), expected)
  }
})

test('answers 404 MemberNotFoundInConversation to a member who is not there', async () => {
  await using talk = await startTalk()
  await openTalk(talk.app, talk.bot, { id: 'u2' })
  for (const id of ['u2', 'U1', 'nobody', '__proto__', 'toString']) {
    assertConnectorRefused(await call(`${talk.connector}/members/${id}`), 404, 'MemberNotFoundInConversation')
  }
})

test('answers everybody to the question who can see an activity', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'hello')
  for (const spelling of [id, encodeURIComponent(id)]) {
    const { status, text } = await call(`${talk.connector}/activities/${spelling}/members`)
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), [bot, { id: 'u1', name: 'Uma' }])
  }
})

test('answers 404 ActivityNotFoundInConversation to that question about an activity that is not there', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const foreign = await botSays(other, 'elsewhere')
  for (const id of ['made-up', foreign, `${talk.conversation}|0000001`]) {
    const answer = await call(`${talk.connector}/activities/${encodeURIComponent(id)}/members`)
    assertConnectorRefused(answer, 404, 'ActivityNotFoundInConversation')
  }
})
