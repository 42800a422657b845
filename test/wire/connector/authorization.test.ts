/**
 * Who may call the Connector: a bot without an app id shows the unguessable part of its serviceUrl, and reaches with it
 * the one conversation it was made for.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'
import { assertConnectorRefused, botSays, openTalk, startTalk } from '../../support/talk.ts'

const json = { type: 'message', text: 'forged' }

/** Every operation below `/v3` that acts on a conversation. */
const operations = (conversation: string, activity: string): readonly (readonly [string, Call])[] => [
  [`conversations/${conversation}/activities`, { json }],
  [`conversations/${conversation}/activities/${activity}`, { json }],
  [`conversations/${conversation}/activities/${activity}`, { method: 'PUT', json }],
  [`conversations/${conversation}/activities/${activity}`, { method: 'DELETE' }],
  [`conversations/${conversation}/activities/history`, { json: { activities: [json] } }],
  [`conversations/${conversation}/members`, {}],
  [`conversations/${conversation}/members/u1`, {}],
  [`conversations/${conversation}/members/u1`, { method: 'DELETE' }],
  [`conversations/${conversation}/pagedmembers`, {}],
  [`conversations/${conversation}/activities/${activity}/members`, {}],
  [`conversations/${conversation}/attachments`, { json: { type: 'text/plain', originalBase64: 'YQ==' } }],
]
const withoutConversation: readonly (readonly [string, Call])[] = [
  ['conversations', {}],
  ['conversations', { json: {} }],
]

test('answers 401 to every call at the bare path, whatever credential comes with it', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'genuine')
  for (const [path, what] of [...operations(talk.conversation, id), ...withoutConversation]) {
    for (const bearer of [undefined, talk.secret, talk.token, talk.mark]) {
      const answer = await call(`${talk.app.origin}/v3/${path}`, { ...what, bearer })
      assertConnectorRefused(answer, 401, 'Unauthorized')
    }
  }
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['genuine'],
  )
})

test('answers 403 to every call with a wrong mark, however near, and whatever credential of a client is beside it', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'genuine')
  const near = `${talk.mark.slice(0, -1)}${talk.mark.at(-1) === 'A' ? 'B' : 'A'}`
  for (const [path, what] of [...operations(talk.conversation, id), ...withoutConversation]) {
    for (const mark of [near, 'x'.repeat(43), talk.mark.toLowerCase() === talk.mark ? near : talk.mark.toLowerCase()]) {
      const address = `${talk.app.origin}/connector/${talk.conversation}/${mark}/v3/${path}`
      assertConnectorRefused(await call(address, { ...what, bearer: talk.token }), 403, 'Forbidden')
    }
  }
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['genuine'],
  )
})

test('opens to nothing in the place of the mark that is not even as long as one', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'genuine')
  for (const [path, what] of operations(talk.conversation, id)) {
    for (const mark of [`${talk.mark}A`, talk.mark.slice(1), 'x', talk.token, talk.conversation, '%20']) {
      const answer = await call(`${talk.app.origin}/connector/${talk.conversation}/${mark}/v3/${path}`, what)
      assert.ok(answer.status === 401 || answer.status === 403, answer.text)
    }
  }
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['genuine'],
  )
})

test('answers 403 to every call on another conversation, the same whether that one exists or not', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const id = await botSays(other, 'genuine')
  const nowhere = 'A'.repeat(22)
  for (const [n, [path, what]] of operations(other.conversation, id).entries()) {
    const answer = await call(`${talk.serviceUrl}v3/${path}`, what)
    assertConnectorRefused(answer, 403, 'Forbidden')
    const [nowherePath = '', nowhereWhat] = operations(nowhere, `${nowhere}|0000001`)[n] ?? []
    const unknown = await call(`${talk.serviceUrl}v3/${nowherePath}`, nowhereWhat)
    assert.equal(unknown.status, answer.status)
    assert.equal(unknown.text, answer.text)
  }
  assert.deepEqual(
    (await readLog(other)).map(({ text }) => text),
    ['genuine'],
  )
})

test('does not open another conversation with a mark put into its address', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const address = `${talk.app.origin}/connector/${other.conversation}/${talk.mark}/v3`
  assertConnectorRefused(
    await call(`${address}/conversations/${other.conversation}/activities`, { json }),
    403,
    'Forbidden',
  )
  assert.deepEqual(await readLog(other), [])
})

test('asks for the right before it looks at the body', async () => {
  await using talk = await startTalk()
  const wrong = talk.connector.replace(talk.mark, 'x'.repeat(43))
  for (const raw of ['{', '']) {
    assertConnectorRefused(await call(`${wrong}/activities`, { method: 'POST', raw }), 403, 'Forbidden')
    const bare = `${talk.app.origin}/v3/conversations/${talk.conversation}/activities`
    assertConnectorRefused(await call(bare, { method: 'POST', raw }), 401, 'Unauthorized')
  }
})

test('ignores a credential that a bot shows beside its address', async () => {
  await using talk = await startTalk()
  assert.equal((await call(`${talk.connector}/members`, { bearer: 'a-token-of-its-own' })).status, 200)
  assert.equal((await call(`${talk.connector}/members`, { headers: { authorization: 'Basic Zm9v' } })).status, 200)
})

test('opens nothing of the client API', async () => {
  await using talk = await startTalk()
  for (const bearer of [talk.mark, talk.serviceUrl]) {
    assert.equal((await call(`${talk.address}/activities`, { bearer })).status, 403)
  }
})
