/**
 * The keys over time: a restart keeps them, a change announces itself, and what was issued before stays good.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { ada, publishedKeys, rotateKeys, shownTo, startAdasTalk, tokenOf } from '../../support/bot-tokens.ts'
import { say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { isSignedBy, readJwt } from '../../support/jwt.ts'

const dayMs = 24 * 60 * 60 * 1000
const kids = async (origin: string) => (await publishedKeys(origin)).map(({ kid }) => kid)
const kidOf = (token: string) => readJwt(token.replace(/^Bearer /, '')).header['kid']

test('a restart changes no key, and tokens issued before it stay good', async () => {
  await using folder = await makeFolder()
  await using bot = await startBot()
  const settings = { dir: folder.path, bot: bot.url, botSettings: { app: ada } }
  const first = await startApp(settings)
  const chat = await startChat(first, { id: 'u1' })
  const keys = await publishedKeys(first.origin)
  const token = await tokenOf(first.origin, ada)
  await first.stop()
  await using second = await startApp({ ...settings, port: first.port })
  assert.deepEqual(await publishedKeys(second.origin), keys)
  const members = `${second.origin}/v3/conversations/${chat.conversation}/members`
  assert.equal((await call(members, { bearer: token })).status, 200)
})

test('what is kept of the keys on disk can’t be read there', async () => {
  await using talk = await startAdasTalk()
  await publishedKeys(talk.app.origin)
  const kept = await talk.app.store.setting('signing keys')
  assert.ok(kept !== undefined && kept.length > 1_000)
  for (const text of [kept, Buffer.from(kept, 'base64url').toString('latin1')])
    assert.doesNotMatch(text, /secret|RSA|"d"|AQAB/)
})

test('a change with overlap is published for a day before the new key signs, and the old one for a day after', async () => {
  await using talk = await startAdasTalk()
  const { origin } = talk.app
  const [old] = await kids(origin)
  const before = await tokenOf(origin, ada)
  await rotateKeys(talk.app, 'overlap')
  await rotateKeys(talk.app, 'overlap')
  const [first, next, ...more] = await kids(origin)
  assert.deepEqual([first, more], [old, []])
  assert.notEqual(next, old)
  assert.equal(kidOf(await tokenOf(origin, ada)), old)
  assert.equal((await call(`${talk.connector}/members`, { bearer: before })).status, 200)

  talk.app.advanceClock(dayMs - 60_000)
  const late = await tokenOf(origin, ada)
  assert.equal(kidOf(late), old)
  talk.app.advanceClock(2 * 60_000)
  assert.equal(kidOf(await tokenOf(origin, ada)), next)
  assert.equal((await call(`${talk.connector}/members`, { bearer: late })).status, 200)
  await say({ ...talk, token: talk.secret }, 'hello')
  assert.equal(kidOf(shownTo(talk.bot)), next)
  assert.deepEqual(await kids(origin), [old, next])
})

test('after a change at once everything of the old key is refused, from the next call on', async () => {
  await using talk = await startAdasTalk()
  const { origin } = talk.app
  const [old] = await publishedKeys(origin)
  const before = await tokenOf(origin, ada)
  await say(talk, 'one')
  assert.equal((await call(`${talk.connector}/members`, { bearer: before })).status, 200)
  await rotateKeys(talk.app, 'at once')
  const [key, ...more] = await publishedKeys(origin)
  assert.deepEqual(more, [])
  assert.notEqual(key?.['kid'], old?.['kid'])
  assert.equal((await call(`${talk.connector}/members`, { bearer: before })).status, 401)
  await say(talk, 'two')
  assert.ok(isSignedBy(shownTo(talk.bot).replace('Bearer ', ''), key ?? {}))
  assert.equal((await call(`${talk.connector}/members`, { bearer: await tokenOf(origin, ada) })).status, 200)
})

test('a service that starts when its key is old announces the next one', async () => {
  await using folder = await makeFolder()
  const settings = { dir: folder.path, botSettings: { app: ada } }
  const first = await startApp(settings)
  const [old] = await kids(first.origin)
  await first.stop()
  await using second = await startApp({ ...settings, aheadMs: 90 * dayMs })
  assert.equal((await kids(second.origin)).length, 2)
  assert.equal(kidOf(await tokenOf(second.origin, ada)), old)
})

test('makes no key for bots that are shown none', async () => {
  await using app = await startApp()
  assert.equal(await app.store.setting('signing keys'), undefined)
})
