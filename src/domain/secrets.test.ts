/**
 * Which secrets a site has: those given, those kept, those replaced.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../adapters/memory/store.ts'
import { masterKeyBytes, openKeys } from '../adapters/system/keys.ts'
import { systemRandom } from '../adapters/system/random.ts'
import { siteId } from '../protocol/ids.ts'
import { Secrets } from './secrets.ts'
import type { Site } from './sites.ts'

/** The secrets of a site that is opened again and again, as at each start. */
function world() {
  const store = new MemoryStore()
  const keys = openKeys(new Uint8Array(masterKeyBytes).fill(7))
  const clock = { nowMs: () => 5, monotonicMs: () => 0, after: () => () => undefined }
  const secrets = new Secrets({ store, keys, clock, random: systemRandom })
  const opened = async (...given: string[]) => (await secrets.open('bot', 'shop', given)).map(({ secret }) => secret)
  const site = async (...given: string[]): Promise<Site> => {
    const [first, second] = await secrets.open('bot', 'shop', given)
    const marks = [secrets.mark(first), secrets.mark(second)]
    return { id: siteId('shop'), bot: { id: 'bot' }, secrets: marks } as unknown as Site
  }
  return { store, keys, secrets, opened, site }
}

test('makes two secrets at first start, and finds them at the next', async () => {
  const { store, opened } = world()
  const [first = '', second = ''] = await opened()
  assert.notEqual(first, second)
  for (const made of [first, second]) assert.match(made, /^[A-Za-z0-9]{43}$/)
  assert.deepEqual(await opened(), [first, second])
  assert.equal((await store.setting('secrets of site shop of bot bot'))?.includes(first), false)
})

test('keeps the id of a secret, which tells nothing about it', async () => {
  const { secrets, site, keys } = world()
  const [first] = (await site('given')).secrets
  assert.match(first.id, /^[A-Za-z0-9]{8}$/)
  assert.equal(keys.digest('given').includes(first.id), false)
  assert.deepEqual((await site('given')).secrets[0], first)
  assert.equal(secrets.mark((await secrets.open('bot', 'shop', []))[0]).id, first.id)
})

test('takes given secrets first, and keeps them for a start without', async () => {
  const { opened } = world()
  const [, made] = await opened('a')
  assert.deepEqual(await opened(), ['a', made])
  assert.deepEqual(await opened('a'), ['a', made])
  assert.deepEqual(await opened('b'), ['b', made])
  assert.deepEqual(await opened('c', 'd'), ['c', 'd'])
  assert.deepEqual(await opened('d'), ['d', 'c'])
  assert.deepEqual(await opened('d', 'c'), ['d', 'c'])
  assert.deepEqual(await opened(), ['d', 'c'])
})

test('reads what releases before secrets had ids have kept', async () => {
  const { store, keys, opened, site, secrets } = world()
  for (const kept of [['old'], ['old', 'older']]) {
    await store.putSetting('secrets of site shop of bot bot', keys.seal(JSON.stringify(kept)))
    const all = await opened()
    assert.deepEqual(all.slice(0, kept.length), kept)
    assert.equal(all.length, 2)
    assert.deepEqual((await site()).secrets, (await site()).secrets)
    assert.equal(await secrets.reveal(await site(), 1), 'old')
  }
})

test('never takes back a secret that has been replaced, until the settings name another', async () => {
  const { secrets, opened, site } = world()
  const { secret } = await secrets.replace(await site('given', 'other'), 1)
  assert.deepEqual(await opened('given', 'other'), [secret, 'other'])
  assert.deepEqual(await opened('given'), [secret, 'other'])
  assert.deepEqual(await opened(), [secret, 'other'])
  assert.deepEqual(await opened('new'), ['new', 'other'])
  assert.deepEqual(await opened('given'), ['new', 'other'])
})

test('replaces one secret and leaves the other, under ids of their own', async () => {
  const { secrets, site } = world()
  const before = await site('a', 'b')
  const { secret, marks } = await secrets.replace(before, 2)
  const after = await site()
  assert.deepEqual(after.secrets, marks)
  assert.deepEqual(marks[0], before.secrets[0])
  assert.notEqual(marks[1].id, before.secrets[1].id)
  assert.equal(await secrets.reveal(after, 2), secret)
  assert.equal(await secrets.reveal(after, 1), 'a')
})

test('refuses a third secret, and what was sealed under another master key', async () => {
  const { store, secrets, opened } = world()
  await assert.rejects(opened('a', 'b', 'c'), /more than two/)
  await store.putSetting('secrets of site shop of bot bot', openKeys(new Uint8Array(32)).seal('[]'))
  await assert.rejects(secrets.open('bot', 'shop', []), /another master key/)
})
