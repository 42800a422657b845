/**
 * `GET /v3/conversations`: a bot is told of the one conversation its address is for.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../../support/http.ts'
import { openTalk, startTalk } from '../../support/talk.ts'

test('lists the conversation of the serviceUrl with its members, and no other', async () => {
  await using talk = await startTalk()
  await openTalk(talk.app, talk.bot, { id: 'u2' })
  const answer = await call(`${talk.serviceUrl}v3/conversations`)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.deepEqual(answer.body, {
    conversations: [
      {
        id: talk.conversation,
        members: [
          { id: 'bot', name: 'Bot' },
          { id: 'u1', name: 'Uma' },
        ],
      },
    ],
  })
})

test('gives the same list whatever continuation token stands in the query, and never one of its own', async () => {
  await using talk = await startTalk()
  for (const query of ['?continuationToken=', '?continuationToken=0']) {
    const { status, body } = await call(`${talk.serviceUrl}v3/conversations${query}`)
    assert.equal(status, 200)
    assert.equal((body['conversations'] as unknown[]).length, 1)
    assert.equal(body['continuationToken'], undefined)
  }
})
