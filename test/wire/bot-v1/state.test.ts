/**
 * GET and POST /bot/v1.0/bots/{bot}/…: the same three bags by themselves, with eTags against lost updates.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationId } from '../../../src/protocol/ids.ts'
import { startApp } from '../../support/app.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, call } from '../../support/http.ts'
import { answering, callAsOldBot, oldApp, oldHeaders, speakingV1, startOldBot } from '../../support/old-bot.ts'
import { assertOldRefused, sayOld, startOldChat } from '../../support/old-direct-line.ts'

const bot = await startOldBot({
  answer: ({ text }) => (text === 'keep' ? answering({ botUserData: { by: 'message' } }) : 200),
})
const app = await startApp({ bot: bot.url, botSettings: speakingV1 })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const read = (path: string, origin = app.origin) => callAsOldBot(origin, path)
const put = (path: string, json: unknown, origin = app.origin) => callAsOldBot(origin, path, { json })

/** What an answer holds: data and eTag, and nothing else. */
function bagIn(answer: Answer): { readonly data: unknown; readonly eTag: string } {
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  assert.match(answer.headers['cache-control'] ?? '', /no-store/)
  const { data, eTag } = answer.body
  assert.deepEqual(Object.keys(answer.body).sort(), ['data', 'eTag'])
  assert.equal(typeof eTag, 'string')
  return { data, eTag: String(eTag) }
}

/** The three places for a user and a conversation of their own. */
async function places(user: string): Promise<readonly string[]> {
  const { conversation } = await startOldChat(app)
  return [
    `/bots/bot/users/${user}`,
    `/bots/bot/conversations/${conversation}`,
    `/bots/bot/conversations/${conversation}/users/${user}`,
  ]
}

test('answers 200 with null where nothing has been kept', async () => {
  for (const path of await places('nothing')) assert.equal(bagIn(await read(path)).data, null)
})

test('gives back what was put, each place its own, with the eTag of the putting', async () => {
  const paths = await places('back')
  const kept = []
  for (const path of paths) kept.push(bagIn(await put(path, { data: { path, Deep: [null, 1.5, 'ü'] } })))
  for (const [at, path] of paths.entries()) {
    const found = bagIn(await read(path))
    assert.deepEqual(found, { data: { path, Deep: [null, 1.5, 'ü'] }, eTag: kept[at]?.eTag })
    assert.notEqual(found.eTag, '')
  }
})

test('changes the eTag with every putting, and takes only the newest: any other is 412 and changes nothing', async () => {
  for (const path of await places('tags')) {
    const first = bagIn(await put(path, { data: { n: 1 } }))
    const second = bagIn(await put(path, { data: { n: 2 }, eTag: first.eTag }))
    assert.notEqual(first.eTag, second.eTag)
    for (const eTag of [first.eTag, 'made up', `${second.eTag}x`])
      assertOldRefused(await put(path, { data: { n: 3 }, eTag }), 412, 'NotAllowed')
    assert.deepEqual(bagIn(await read(path)), second)
    assert.deepEqual(bagIn(await put(path, { data: { n: 4 }, eTag: second.eTag })).data, { n: 4 })
  }
})

test('overwrites without an eTag, and with *', async () => {
  for (const path of await places('overwrite')) {
    for (const more of [{}, { eTag: '*' }, { eTag: '' }, { eTag: null }, {}]) {
      const data = { more }
      bagIn(await put(path, { data, ...more }))
      assert.deepEqual(bagIn(await read(path)).data, data)
    }
  }
})

test('takes the eTag of what was never kept, as it was read', async () => {
  for (const path of await places('fresh')) {
    const { eTag } = bagIn(await read(path))
    assert.deepEqual(bagIn(await put(path, { data: { first: true }, eTag })).data, { first: true })
  }
})

test('lets one of many win who change what they have read', async () => {
  for (const path of await places('race')) {
    const { eTag } = bagIn(await put(path, { data: { n: 0 } }))
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => put(path, { data: { n: n + 1 }, eTag })))
    const won = answers.filter(({ status }) => status === 200)
    assert.equal(won.length, 1)
    assert.equal(answers.filter(({ status }) => status === 412).length, 9)
    assert.deepEqual(bagIn(await read(path)).data, won[0]?.body['data'])
  }
})

test('is the same data as comes with messages', async () => {
  const chat = await startOldChat(app)
  await sayOld(chat, 'keep', 'same')
  assert.deepEqual(bagIn(await read('/bots/bot/users/same')).data, { by: 'message' })
  bagIn(await put('/bots/bot/users/same', { data: { by: 'state' } }))
  bagIn(await put(`/bots/bot/conversations/${chat.conversation}`, { data: { c: 1 } }))
  bagIn(await put(`/bots/bot/conversations/${chat.conversation}/users/same`, { data: { b: 1 } }))
  await sayOld(chat, 'hello', 'same')
  const { botUserData, botConversationData, botPerUserInConversationData } =
    bot.of(chat.conversation, 'Message').at(-1) ?? {}
  assert.deepEqual(
    [botUserData, botConversationData, botPerUserInConversationData],
    [{ by: 'state' }, { c: 1 }, { b: 1 }],
  )
})

test('finds the bot by its app id as well as by its id here', async () => {
  bagIn(await put(`/bots/${oldApp.id}/users/named`, { data: { a: 1 } }))
  assert.deepEqual(bagIn(await read('/bots/bot/users/named')).data, { a: 1 })
})

test('refuses the data of another bot, whether there is one or not', async () => {
  const { conversation } = await startOldChat(app)
  for (const id of ['other', 'BOT', 'bot%20', '%00']) {
    for (const path of [`/bots/${id}/users/u1`, `/bots/${id}/conversations/${conversation}`]) {
      assertOldRefused(await read(path), 403, 'NotAllowed')
      assertOldRefused(await put(path, { data: {} }), 403, 'NotAllowed')
    }
  }
})

test('takes users by any name, percent-encoded', async () => {
  const names = ['dl_ü 1', 'a/b', 'a|b', '%', '%2F', "o'hara; --", '日本', 'constructor']
  for (const name of names) bagIn(await put(`/bots/bot/users/${encodeURIComponent(name)}`, { data: { name } }))
  for (const name of names)
    assert.deepEqual(bagIn(await read(`/bots/bot/users/${encodeURIComponent(name)}`)).data, { name })
})

test('keeps no data for a conversation that is not there, nor beyond its end', async () => {
  const { conversation } = await startOldChat(app)
  const gone = `/bots/bot/conversations/${conversation}`
  bagIn(await put(gone, { data: { a: 1 } }))
  bagIn(await put(`${gone}/users/leaver`, { data: { a: 1 } }))
  bagIn(await put('/bots/bot/users/leaver', { data: { stays: true } }))
  await app.store.forget(conversation as ConversationId)
  for (const path of [gone, `${gone}/users/leaver`, '/bots/bot/conversations/doesNotExist0000000001']) {
    const answer = await read(path)
    if (answer.status === 200) assert.equal(bagIn(answer).data, null)
    else assertOldRefused(answer, 404, 'NotFound')
    for (const anything of [{}, { eTag: '*' }, { eTag: null }])
      assertOldRefused(await put(path, { data: { a: 2 }, ...anything }), 404, 'NotFound')
    assertOldRefused(await put(path, { data: { a: 2 }, eTag: 'stale' }), 412, 'NotAllowed')
  }
  assert.deepEqual(bagIn(await read('/bots/bot/users/leaver')).data, { stays: true })
})

test('takes any JSON as data, null for nothing, and names in any spelling', async () => {
  const path = '/bots/bot/users/any'
  for (const data of [{}, [], 'text', 0, false, { a: null }]) {
    bagIn(await put(path, { data }))
    assert.deepEqual(bagIn(await read(path)).data, data)
  }
  const { eTag } = bagIn(await put(path, { Data: { spelt: true }, made: 'up' }))
  assert.deepEqual(bagIn(await read(path)), { data: { spelt: true }, eTag })
  assertOldRefused(await put(path, { data: 1, ETAG: 'stale' }), 412, 'NotAllowed')
  bagIn(await put(path, { data: null }))
  assert.equal(bagIn(await read(path)).data, null)
})

test('holds 64 KiB, and refuses more', async () => {
  const path = '/bots/bot/users/large'
  const data = 'x'.repeat(64 * 1024 - 2)
  bagIn(await put(path, { data }))
  assertOldRefused(await put(path, { data: `${data}x` }), 413, 'InvalidRange')
  assert.equal(bagIn(await read(path)).data, data)
})

test('refuses what it cannot read, and keeps what was there', async () => {
  const path = '/bots/bot/users/unread'
  const kept = bagIn(await put(path, { data: { a: 1 } }))
  for (const raw of ['{', '[]', '5', 'x'])
    assertOldRefused(await callAsOldBot(app.origin, path, { raw }), 400, 'MalformedData')
  assert.deepEqual(bagIn(await read(path)), kept)
})

test('has no other methods and no other paths, and does not mind slashes and case', async () => {
  const headers = oldHeaders()
  for (const method of ['PUT', 'DELETE'])
    assertOldRefused(await call(`${app.origin}/bot/v1.0/bots/bot/users/u1`, { method, headers }), 405, 'NotSupported')
  for (const path of ['/bots', '/bots/bot', '/bots/bot/users', '/bots/bot/users/u1/conversations/x'])
    assertOldRefused(await read(path), 404, 'NotFound')
  bagIn(await put('/bots/bot/users/cased', { data: { a: 1 } }))
  for (const path of ['//bot/v1.0/bots/bot/users/cased', '/Bot/V1.0/BOTS/bot/Users/cased/'])
    assert.deepEqual(bagIn(await call(`${app.origin}${path}`, { headers })).data, { a: 1 })
})

test('survives a restart, eTags too', async () => {
  await using folder = await makeFolder()
  let kept: { data: unknown; eTag: string }[]
  let paths: readonly string[]
  {
    await using own = await startApp({ bot: bot.url, botSettings: speakingV1, dir: folder.path })
    const { conversation } = await startOldChat(own)
    paths = ['/users/u1', `/conversations/${conversation}`, `/conversations/${conversation}/users/u1`]
    kept = []
    for (const path of paths) {
      await put(`/bots/bot${path}`, { data: { old: true } }, own.origin)
      kept.push(bagIn(await put(`/bots/bot${path}`, { data: { path } }, own.origin)))
    }
  }
  await using again = await startApp({ bot: bot.url, botSettings: speakingV1, dir: folder.path })
  for (const [at, path] of paths.entries()) {
    assert.deepEqual(bagIn(await read(`/bots/bot${path}`, again.origin)), kept[at])
    const stale = await put(`/bots/bot${path}`, { data: {}, eTag: 'stale' }, again.origin)
    assertOldRefused(stale, 412, 'NotAllowed')
    bagIn(await put(`/bots/bot${path}`, { data: {}, eTag: kept[at]?.eTag }, again.origin))
  }
})
