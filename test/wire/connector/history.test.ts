/**
 * `POST /v3/conversations/{id}/activities/history`: this channel takes no transcripts.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, startTalk } from '../../support/talk.ts'

test('refuses a transcript with 405, and does not take it for a reply to an activity named history', async () => {
  await using talk = await startTalk()
  for (const json of [{ activities: [{ type: 'message', text: 'then' }] }, { type: 'message', text: 'now' }]) {
    for (const path of ['history', 'History', 'history/']) {
      assertConnectorRefused(await call(`${talk.connector}/activities/${path}`, { json }), 405, 'BadArgument')
    }
  }
  assertConnectorRefused(await call(`${talk.connector}/activities/history`, { raw: '[' }), 405, 'BadArgument')
  assert.deepEqual(await readLog(talk), [])
})
