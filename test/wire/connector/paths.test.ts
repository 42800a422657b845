/**
 * Addresses as bots write them: SDKs differ in what they escape, and not everybody joins paths with care.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog, say } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, assertTaken, startTalk } from '../../support/talk.ts'

const json = { type: 'message', text: 'hello' }

test('gives bots an address made of letters, digits and dashes, with a slash at its end', async () => {
  await using talk = await startTalk()
  assert.match(talk.serviceUrl, /^http:\/\/127\.0\.0\.1:\d+\/[A-Za-z0-9/_-]+\/$/)
  assert.match(talk.conversation, /^[A-Za-z0-9_-]+$/)
})

test('gives the same address in every turn of a conversation, now and later, and another in another conversation', async () => {
  await using talk = await startTalk()
  await say(talk, 'one')
  talk.app.advanceClock(20 * 60 * 1000)
  await say(talk, 'two')
  const urls = talk.bot.of(talk.conversation).map(({ serviceUrl }) => serviceUrl)
  assert.deepEqual(new Set(urls), new Set([talk.serviceUrl]))
  await using other = await startTalk()
  assert.notEqual(other.mark, talk.mark)
})

test('finds its way from a serviceUrl whose last slash the bot has taken away', async () => {
  await using talk = await startTalk()
  const stripped = talk.serviceUrl.replace(/\/$/, '')
  assertTaken(await call(`${stripped}/v3/conversations/${talk.conversation}/activities`, { json }))
})

test('finds its way where a bot joins serviceUrl and path with a second slash', async () => {
  await using talk = await startTalk()
  assertTaken(await call(`${talk.serviceUrl}/v3/conversations/${talk.conversation}/activities`, { json }))
})

test('ignores one slash at the end', async () => {
  await using talk = await startTalk()
  const id = await say(talk, 'hello')
  assertTaken(await call(`${talk.connector}/activities/`, { json }))
  assertTaken(await call(`${talk.connector}/activities/${id}/`, { json }))
  assert.equal((await call(`${talk.connector}/members/`)).status, 200)
})

test('reads a bar in an activity id plain and escaped, in either case', async () => {
  await using talk = await startTalk()
  const id = await say(talk, 'hello')
  for (const spelling of [id, id.replace('|', '%7C'), id.replace('|', '%7c'), encodeURIComponent(id)]) {
    assertTaken(await call(`${talk.connector}/activities/${spelling}`, { json }))
  }
  const replies = (await readLog(talk)).slice(1)
  assert.deepEqual(new Set(replies.map(({ replyToId }) => replyToId)), new Set([id]))
})

test('reads a conversation id that is escaped more than it must be', async () => {
  await using talk = await startTalk()
  const escaped = [...talk.conversation].map(letter => `%${letter.charCodeAt(0).toString(16)}`).join('')
  assertTaken(await call(`${talk.serviceUrl}v3/conversations/${escaped}/activities`, { json }))
})

test('reads fixed words in any case, but ids in their own case only', async () => {
  await using talk = await startTalk()
  const spelt = `${talk.serviceUrl}V3/Conversations/${talk.conversation}/Activities`
  assertTaken(await call(spelt.replace('/connector/', '/Connector/'), { json }))
  const other = talk.conversation.replace(/[A-Za-z]/g, letter =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
  assertConnectorRefused(
    await call(`${talk.serviceUrl}v3/conversations/${other}/activities`, { json }),
    403,
    'Forbidden',
  )
})

test('ignores a query it does not know', async () => {
  await using talk = await startTalk()
  assertTaken(await call(`${talk.connector}/activities?isTargetedActivity=true`, { json }))
})

test('is found behind the path of a proxy', async () => {
  await using talk = await startTalk()
  const behind = talk.connector.replace(talk.app.origin, `${talk.app.origin}/chat/service`)
  assertTaken(await call(`${behind}/activities`, { json }))
})

test('answers 404 in the shape of the Connector to a path it does not have', async () => {
  await using talk = await startTalk()
  for (const path of ['v3/conversations/a/b/c/d', 'v3/unknown', 'v4/conversations', '']) {
    assertConnectorRefused(await call(`${talk.serviceUrl}${path}`), 404, 'BadArgument')
  }
})

test('does not fail over an escape that is none', async () => {
  await using talk = await startTalk()
  for (const path of ['%', '%zz', '%ff', 'a%00b']) {
    const { status, text } = await call(`${talk.connector}/activities/${path}`, { json })
    assert.ok(status === 200 || (status >= 400 && status < 500), text)
  }
})
