/**
 * /v3/botstate: the data that bots of SDK 3 keep with the channel, below the serviceUrl they were given.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, call } from '../../support/http.ts'
import { oldHeaders } from '../../support/old-bot.ts'
import { assertConnectorRefused, openTalk, startTalk, type Talk } from '../../support/talk.ts'

/** The three places of a user and the talk's conversation. */
const placesOf = ({ conversation }: Pick<Talk, 'conversation'>, user = 'u1') => [
  `directline/users/${user}`,
  `directline/conversations/${conversation}`,
  `directline/conversations/${conversation}/users/${user}`,
]

const at = ({ serviceUrl }: Pick<Talk, 'serviceUrl'>, path: string) => `${serviceUrl}v3/botstate/${path}`
const read = (talk: Talk, path: string) => call(at(talk, path))
const put = (talk: Talk, path: string, json: unknown) => call(at(talk, path), { json })

/** What an answer holds: data and eTag, and nothing else. */
function bagIn(answer: Answer): { readonly data: unknown; readonly eTag: string } {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  const { data, eTag } = answer.body
  assert.deepEqual(Object.keys(answer.body).sort(), ['data', 'eTag'])
  return { data, eTag: String(eTag) }
}

test('answers 200 with null where nothing has been kept', async () => {
  await using talk = await startTalk()
  for (const path of placesOf(talk)) assert.equal(bagIn(await read(talk, path)).data, null)
})

test('gives back what was put, each place its own', async () => {
  await using talk = await startTalk()
  for (const path of placesOf(talk)) bagIn(await put(talk, path, { data: { path, Deep: [null, 'ü'] }, eTag: '*' }))
  for (const path of placesOf(talk)) assert.deepEqual(bagIn(await read(talk, path)).data, { path, Deep: [null, 'ü'] })
  for (const path of placesOf(talk, 'u2').filter(place => place.endsWith('u2')))
    assert.equal(bagIn(await read(talk, path)).data, null)
})

test('overwrites with * and without an eTag, takes the newest, and refuses an older one with 412', async () => {
  await using talk = await startTalk()
  for (const path of placesOf(talk)) {
    const first = bagIn(await put(talk, path, { data: 1, eTag: '*' }))
    const second = bagIn(await put(talk, path, { data: 2 }))
    const third = bagIn(await put(talk, path, { data: 3, eTag: second.eTag }))
    assert.equal(new Set([first.eTag, second.eTag, third.eTag]).size, 3)
    for (const eTag of [first.eTag, second.eTag, 'made up'])
      assertConnectorRefused(await put(talk, path, { data: 4, eTag }), 412, 'BadArgument')
    assert.deepEqual(bagIn(await read(talk, path)), third)
  }
})

test('deletes all data of a user, in every conversation, and nothing else', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot)
  const paths = [...placesOf(talk), ...placesOf(talk, 'u2')]
  for (const path of paths) await put(talk, path, { data: { path } })
  const elsewhere = placesOf(other)[2] ?? ''
  await put(other, elsewhere, { data: { elsewhere } })
  const { status } = await call(at(talk, 'directline/users/u1'), { method: 'DELETE' })
  assert.ok(status === 200 || status === 204, `${status}`)
  for (const path of paths) {
    const isOfUser = path.endsWith('/u1')
    assert.deepEqual(bagIn(await read(talk, path)).data, isOfUser ? null : { path }, path)
  }
  assert.equal(bagIn(await read(other, elsewhere)).data, null)
})

test('shares what is kept of a user among the conversations of the bot, and of a conversation with none', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot)
  const [user = '', conversation = '', both = ''] = placesOf(talk)
  for (const path of [user, conversation, both]) await put(talk, path, { data: { path } })
  assert.deepEqual(bagIn(await read(other, user)).data, { path: user })
  for (const path of placesOf(other).slice(1)) assert.equal(bagIn(await read(other, path)).data, null)
  for (const path of [conversation, both]) {
    assertConnectorRefused(await read(other, path), 403, 'Forbidden')
    assertConnectorRefused(await put(other, path, { data: 1 }), 403, 'Forbidden')
  }
})

test('is closed to whoever does not show the unguessable part of the serviceUrl', async () => {
  await using talk = await startTalk()
  for (const path of placesOf(talk)) {
    for (const [base, status, code] of [
      [talk.app.origin, 401, 'Unauthorized'],
      [`${talk.app.origin}/connector/${talk.conversation}/${'x'.repeat(43)}`, 403, 'Forbidden'],
      [`${talk.app.origin}/connector/${'A'.repeat(22)}/${talk.mark}`, 403, 'Forbidden'],
    ] as const) {
      for (const what of [{}, { json: { data: 'forged' } }, { bearer: talk.secret }, { headers: oldHeaders() }])
        assertConnectorRefused(await call(`${base}/v3/botstate/${path}`, what), status, code)
    }
    assert.equal(bagIn(await read(talk, path)).data, null)
  }
  const user = `${talk.app.origin}/v3/botstate/directline/users/u1`
  assertConnectorRefused(await call(user, { method: 'DELETE' }), 401, 'Unauthorized')
})

test('keeps the data of two bots apart, of the same user too', async () => {
  const secrets = ['the-secret-of-the-first-bot-00000000001', 'the-secret-of-the-second-bot-0000000002']
  const bots = [await startBot(), await startBot()]
  const settings = bots.map((bot, n) => ({
    ...defaultBot,
    id: `bot${n}`,
    endpoint: bot.url,
    sites: [{ ...defaultSite, secrets: [secrets[n] ?? ''] }],
  }))
  await using app = await startApp({ settings: { bots: settings } })
  const talks: Talk[] = []
  for (const [n, bot] of bots.entries()) talks.push(await openTalk({ ...app, secret: secrets[n] } as TestApp, bot))
  for (const [n, talk] of talks.entries()) await put(talk, 'directline/users/u1', { data: { of: n } })
  for (const [n, talk] of talks.entries())
    assert.deepEqual(bagIn(await read(talk, 'directline/users/u1')).data, { of: n })
  const [first, second] = talks
  if (first !== undefined) await call(at(first, 'directline/users/u1'), { method: 'DELETE' })
  if (second !== undefined) assert.deepEqual(bagIn(await read(second, 'directline/users/u1')).data, { of: 1 })
  for (const bot of bots) await bot[Symbol.asyncDispose]()
})

test('holds 32 KiB a record, and refuses more', async () => {
  await using talk = await startTalk()
  const [path = ''] = placesOf(talk)
  const data = 'x'.repeat(32 * 1024 - 2)
  bagIn(await put(talk, path, { data }))
  assertConnectorRefused(await put(talk, path, { data: `${data}x` }), 413, 'MessageSizeTooBig')
  assert.equal(bagIn(await read(talk, path)).data, data)
})

test('takes any JSON, names in any spelling, and users by any name', async () => {
  await using talk = await startTalk()
  for (const data of [{}, [], 'text', 0, false, null]) {
    await put(talk, 'directline/users/u1', { Data: data })
    assert.deepEqual(bagIn(await read(talk, 'directline/users/u1')).data, data)
  }
  for (const user of ['dl_ü 1', 'a/b', '日本', '%2F']) {
    const path = `directline/users/${encodeURIComponent(user)}`
    bagIn(await put(talk, path, { data: { user } }))
    assert.deepEqual(bagIn(await read(talk, path)).data, { user })
  }
})

test('refuses what it cannot read, other channels and other methods', async () => {
  await using talk = await startTalk()
  const [user = '', conversation = ''] = placesOf(talk)
  for (const raw of ['{', '[]', 'x'])
    assertConnectorRefused(await call(at(talk, user), { method: 'POST', raw }), 400, 'BadArgument')
  assertConnectorRefused(await read(talk, 'skype/users/u1'), 404, 'BadArgument')
  assertConnectorRefused(await call(at(talk, user), { method: 'PUT', json: { data: 1 } }), 405, 'BadArgument')
  const deletion = await call(at(talk, conversation), { method: 'DELETE' })
  assertConnectorRefused(deletion, 405, 'BadArgument')
  assert.match(deletion.headers.allow ?? '', /\bGET\b.*\bPOST\b/)
  assert.equal(bagIn(await read(talk, user)).data, null)
})

test('survives a restart', async () => {
  await using folder = await makeFolder()
  await using bot = await startBot()
  let talk: Talk
  let port: number
  const kept = []
  {
    await using app = await startApp({ bot: bot.url, dir: folder.path })
    port = app.port
    talk = await openTalk(app, bot)
    for (const path of placesOf(talk)) kept.push(bagIn(await put(talk, path, { data: { path } })))
  }
  await using _again = await startApp({ bot: bot.url, dir: folder.path, port })
  for (const [n, path] of placesOf(talk).entries()) assert.deepEqual(bagIn(await read(talk, path)), kept[n])
})
