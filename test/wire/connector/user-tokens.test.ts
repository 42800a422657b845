/**
 * `/api/usertoken/…` and `/api/botsignin/…`, where bots look for a token service: they are told that there is none, by
 * a status that no SDK takes for anything else.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, startTalk, type Talk } from '../../support/talk.ts'

const calls = [
  ['GET', 'usertoken/GetToken?userId=u1&connectionName=c&channelId=directline&code=123456'],
  ['GET', 'usertoken/GetTokenOrSignInResource?userId=u1&connectionName=c&channelId=directline&state=e30'],
  ['POST', 'usertoken/GetAadTokens?userId=u1&connectionName=c&channelId=directline', { resourceUrls: [] }],
  ['DELETE', 'usertoken/SignOut?userId=u1&connectionName=c&channelId=directline'],
  ['GET', 'usertoken/GetTokenStatus?userId=u1&channelId=directline'],
  ['POST', 'usertoken/exchange?userId=u1&connectionName=c&channelId=directline', { token: 'x' }],
  ['GET', 'botsignin/GetSignInUrl?state=e30'],
  ['GET', 'botsignin/GetSignInResource?state=e30'],
  ['PUT', 'botsignin/GetSignInResource'],
  ['PATCH', 'usertoken/anything'],
] as const

const assertMissing = async (url: string, method: string, json?: unknown): Promise<void> => {
  const answer = await call(url, { method, ...(json === undefined ? {} : { json }) })
  assertConnectorRefused(answer, 501, 'NotImplemented')
  assert.match(answer.body.error?.message ?? '', /^Landline has no token service: /)
}

/** Where bots may look: at the root, below their serviceUrl, and at either behind a proxy. */
const basesOf = ({ app, serviceUrl }: Talk) => [
  `${app.origin}/api`,
  `${app.origin}/behind/a/proxy/api`,
  `${serviceUrl}api`,
  `${serviceUrl}/api`,
  `${serviceUrl.replace(app.origin, `${app.origin}/behind/a/proxy`)}api`,
]

test('answer every call 501 with an error of the Connector’s shape, whoever asks', async () => {
  await using talk = await startTalk()
  for (const base of basesOf(talk)) {
    for (const [method, path, json] of calls) await assertMissing(`${base}/${path}`, method, json)
  }
  const head = await call(`${talk.app.origin}/api/usertoken/GetToken`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [501, ''])
})

test('leave what lies beside them as it is: 1.1 answers in its own shape', async () => {
  await using talk = await startTalk()
  for (const path of ['usertokens/GetToken', 'conversations/x/messages']) {
    const { status, text } = await call(`${talk.app.origin}/api/${path}`)
    assert.ok(status === 401 || status === 404, path)
    assert.equal((JSON.parse(text) as { error: { statusCode: number } }).error.statusCode, status)
  }
})
