/**
 * `POST /v3/conversations`: this channel can't begin conversations, as the hosted one can't.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, startTalk } from '../../support/talk.ts'

test('refuses to create a conversation, whichever SDK words the request', async () => {
  await using talk = await startTalk()
  for (const json of [
    { isGroup: false, bot: { id: 'bot' }, members: [{ id: 'u1' }], activity: { type: 'message', text: 'hello' } },
    { isGroup: false, agent: { id: 'bot' }, members: [{ id: 'u1' }], channelData: {} },
    {},
  ]) {
    assertConnectorRefused(await call(`${talk.serviceUrl}v3/conversations`, { json }), 405, 'BadArgument')
  }
  assert.deepEqual(await readLog(talk), [])
})

test('refuses it without looking at the body', async () => {
  await using talk = await startTalk()
  assertConnectorRefused(await call(`${talk.serviceUrl}v3/conversations`, { raw: '{' }), 405, 'BadArgument')
  assertConnectorRefused(await call(`${talk.serviceUrl}v3/conversations`, { method: 'POST' }), 405, 'BadArgument')
})

test('names the methods of the path to a caller that uses another', async () => {
  await using talk = await startTalk()
  const answer = await call(`${talk.serviceUrl}v3/conversations`, { method: 'PUT', json: {} })
  assertConnectorRefused(answer, 405, 'BadArgument')
  assert.deepEqual(answer.headers['allow']?.split(', ').sort(), ['GET', 'OPTIONS', 'POST'])
})
