/**
 * `GET /v3/conversations/{id}/pagedmembers`: the members, a few at a time.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { say } from '../../support/direct-line.ts'
import { type Answer, call, type WireAccount } from '../../support/http.ts'
import { assertConnectorRefused, startTalk } from '../../support/talk.ts'

const idsOf = ({ body }: Answer) => (body['members'] as WireAccount[]).map(({ id }) => id)

test('gives everybody once over its pages, and no token with the last', async () => {
  await using talk = await startTalk({ user: null })
  for (const user of ['a', 'b', 'c', 'd']) await say({ ...talk, token: talk.secret }, 'hello', user)
  for (const pageSize of [1, 2, 3, 5]) {
    const ids: (string | undefined)[] = []
    let token: unknown
    do {
      const query = token === undefined ? '' : `&continuationToken=${encodeURIComponent(String(token))}`
      const page = await call(`${talk.connector}/pagedmembers?pageSize=${pageSize}${query}`)
      assert.equal(page.status, 200)
      assert.equal(page.headers['content-type'], 'application/json; charset=utf-8')
      assert.ok(idsOf(page).length > 0 && idsOf(page).length <= pageSize)
      ids.push(...idsOf(page))
      token = page.body['continuationToken']
      assert.ok(token === undefined || typeof token === 'string')
    } while (token !== undefined)
    assert.deepEqual(ids, ['bot', 'a', 'b', 'c', 'd'])
  }
})

test('gives all of a small conversation where no size is said', async () => {
  await using talk = await startTalk()
  for (const query of ['', '?pageSize=&continuationToken=', '?pageSize=500']) {
    const page = await call(`${talk.connector}/pagedmembers${query}`)
    assert.equal(page.status, 200)
    assert.deepEqual(page.body, {
      members: [
        { id: 'bot', name: 'Bot' },
        { id: 'u1', name: 'Uma' },
      ],
    })
  }
})

test('answers 400 BadArgument to a size that is none and a token that was not given here', async () => {
  await using talk = await startTalk()
  for (const query of ['pageSize=0', 'pageSize=-1', 'pageSize=two', 'continuationToken=abc', 'continuationToken=-1']) {
    assertConnectorRefused(await call(`${talk.connector}/pagedmembers?${query}`), 400, 'BadArgument')
  }
})

test('does not fail over a parameter that is given twice', async () => {
  await using talk = await startTalk()
  for (const query of ['pageSize=1&pageSize=2', 'continuationToken=0&continuationToken=1']) {
    const { status, text } = await call(`${talk.connector}/pagedmembers?${query}`)
    assert.ok(status === 200 || status === 400, text)
  }
})
