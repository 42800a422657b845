/**
 * What every store promises about the data that bots leave with it, as one suite run against each adapter.
 */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { Bag, BagKey, BagStore } from '../../src/domain/bag-port.ts'
import { type ConversationId, userId } from '../../src/protocol/ids.ts'
import { makeFolder } from '../support/folder.ts'
import { openPostgres, postgresIfThere } from '../support/postgres-store.ts'
import { bot, conversationId, dayMs, noonMs, type OpenStore, otherBot, started } from './log-samples.ts'

const openMemory: OpenStore = async () => new MemoryStore()

const openSqlite: OpenStore = async t => {
  const folder = await makeFolder()
  const store = await openSqliteStore({ dir: folder.path })
  t.after(async () => {
    await store[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  return store
}

const ofUser = (user: string, of = bot): BagKey => ({ bot: of, user: userId(user), conversation: undefined })
const ofConversation = (conversation: ConversationId, of = bot): BagKey => ({ bot: of, user: undefined, conversation })
const ofBoth = (user: string, conversation: ConversationId, of = bot): BagKey => ({
  bot: of,
  user: userId(user),
  conversation,
})

/** The three keys of a user in a conversation. */
const keysOf = (user: string, conversation: ConversationId, of = bot): readonly BagKey[] => [
  ofUser(user, of),
  ofConversation(conversation, of),
  ofBoth(user, conversation, of),
]

/** Puts what must be taken, and answers its eTag. */
async function kept(store: BagStore, key: BagKey, data: string, expected?: string): Promise<string> {
  const put = await store.putBag(key, data, expected)
  assert.ok(put !== 'stale')
  return put.eTag
}

/** What is under a key. */
async function bagAt(store: BagStore, key: BagKey): Promise<Bag | undefined> {
  const bag = await store.bag(key)
  return bag === undefined ? undefined : { data: bag.data, eTag: bag.eTag }
}

/** The data under a key. */
const dataAt = async (store: BagStore, key: BagKey): Promise<string | undefined> => (await store.bag(key))?.data

for (const [adapter, open] of [
  ['memory', openMemory],
  ['SQLite', openSqlite],
  ...postgresIfThere(openPostgres),
] as const) {
  describe(`${adapter}: data of bots`, () => {
    test('is undefined where nothing was put', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) assert.equal(await store.bag(key), undefined)
    })

    test('is what was put last, to the letter, with the eTag that putting answered', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) {
        for (const data of [
          '{"a":1}',
          ' { "a" : [ ] } ',
          '"text"',
          'null',
          '{"ü":"💬\\ud800"}',
          `"${'x'.repeat(100_000)}"`,
        ]) {
          const eTag = await kept(store, key, data)
          assert.deepEqual(await bagAt(store, key), { data, eTag })
        }
      }
    })

    test('has an eTag that changes with every putting, of the same data too', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) {
        const tags = []
        for (const data of ['1', '1', '2', '1']) tags.push(await kept(store, key, data))
        assert.equal(new Set(tags).size, 4)
        assert.equal(tags.includes(''), false)
      }
    })

    test('takes the newest eTag and no other: stale changes nothing', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) {
        for (const early of ['made up', '', '1', '0'])
          assert.equal(await store.putBag(key, '"early"', early), 'stale', 'nothing is there to expect')
        assert.equal(await store.bag(key), undefined)
        const first = await kept(store, key, '1')
        const second = await kept(store, key, '2', first)
        for (const stale of [first, 'made up', '', `${second} `, `0${second}`])
          assert.equal(await store.putBag(key, '"late"', stale), 'stale')
        assert.deepEqual(await bagAt(store, key), { data: '2', eTag: second })
        await kept(store, key, '3')
      }
    })

    test('takes an eTag for the place it was given for, and nowhere else', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const [first, ...others] = [...keysOf('u1', id), ofUser('u2')]
      const eTag = await kept(store, first ?? ofUser('u1'), '1')
      for (const key of others) {
        await kept(store, key, '2')
        assert.equal(await store.putBag(key, '"crossed"', eTag), 'stale')
        assert.equal(await dataAt(store, key), '2')
      }
    })

    test('lets exactly one of any number win who expect the same eTag at once', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) {
        const eTag = await kept(store, key, '"before"')
        const puts = await Promise.all(Array.from({ length: 20 }, (_, n) => store.putBag(key, `${n}`, eTag)))
        const winners = puts.flatMap((put, n) => (put === 'stale' ? [] : [{ data: `${n}`, eTag: put.eTag }]))
        assert.equal(winners.length, 1)
        assert.deepEqual(await bagAt(store, key), winners[0])
      }
    })

    test('takes effect in the order of the calls', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) {
        await Promise.all(Array.from({ length: 20 }, (_, n) => store.putBag(key, `${n}`, undefined)))
        assert.equal(await dataAt(store, key), '19')
      }
    })

    test('of users, of conversations, of both and of bots stands apart, whatever they are called', async t => {
      const store = await open(t)
      const [a, b] = [await started(store, 'a'), await started(store, 'b')]
      const theirs = await started(store, 'c', otherBot)
      const users = ['u1', 'u2', 'U1', ' ', 'a\0b', 'a', 'lone \ud800', 'lone \ud801', '日本', a, 'null', '%', "'"]
      const keys = [
        ...users.flatMap(user => [ofUser(user), ofUser(user, otherBot), ofBoth(user, a), ofBoth(user, b)]),
        ...users.map(user => ofBoth(user, theirs, otherBot)),
        ofConversation(a),
        ofConversation(b),
        ofConversation(theirs, otherBot),
      ]
      for (const [n, key] of keys.entries()) await kept(store, key, `${n}`)
      for (const [n, key] of keys.entries())
        assert.equal(await dataAt(store, key), `${n}`, JSON.stringify([key.bot, key.user, key.conversation]))
    })

    test('of a user whose name is empty is not the conversation’s', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await kept(store, ofConversation(id), '"conversation"')
      await kept(store, ofBoth('', id), '"nobody"')
      assert.equal(await dataAt(store, ofConversation(id)), '"conversation"')
      await store.dropBags(bot, userId(''))
      assert.equal(await dataAt(store, ofConversation(id)), '"conversation"')
    })

    test('is stale and undefined for a conversation that is not there, or is another bot’s', async t => {
      const store = await open(t)
      const theirs = await started(store, 'c', otherBot)
      await kept(store, ofConversation(theirs, otherBot), '"theirs"')
      await kept(store, ofBoth('u1', theirs, otherBot), '"theirs"')
      for (const id of [conversationId('never'), theirs]) {
        for (const key of [ofConversation(id), ofBoth('u1', id)]) {
          assert.equal(await store.bag(key), undefined)
          for (const expected of [undefined, 'made up']) assert.equal(await store.putBag(key, '1', expected), 'stale')
          assert.equal(await store.bag(key), undefined)
        }
      }
      assert.equal(await dataAt(store, ofConversation(theirs, otherBot)), '"theirs"')
      assert.equal(await dataAt(store, ofBoth('u1', theirs, otherBot)), '"theirs"')
    })

    test('of a conversation goes with it, and what is of the user alone stays', async t => {
      const store = await open(t)
      const ids = [await started(store, 'a'), await started(store, 'b', bot, noonMs - dayMs), await started(store, 'c')]
      const [forgotten, unused, stays] = ids as [ConversationId, ConversationId, ConversationId]
      for (const id of ids) for (const key of keysOf('u1', id)) await kept(store, key, `"${id}"`)
      await store.forget(forgotten)
      assert.deepEqual(await store.forgetUnused(noonMs - 1, 10), [unused])
      for (const gone of [forgotten, unused])
        for (const key of [ofConversation(gone), ofBoth('u1', gone)]) assert.equal(await store.bag(key), undefined)
      assert.equal(await dataAt(store, ofUser('u1')), `"${stays}"`)
      assert.equal(await dataAt(store, ofConversation(stays)), `"${stays}"`)
      assert.equal(await dataAt(store, ofBoth('u1', stays)), `"${stays}"`)
    })

    test('of a conversation is not met again by one that begins under its id, or in its place', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of keysOf('u1', id)) await kept(store, key, '"before"')
      await store.forget(id)
      const next = await started(store, 'b')
      await started(store, 'a')
      for (const each of [id, next])
        for (const key of [ofConversation(each), ofBoth('u1', each)]) assert.equal(await store.bag(key), undefined)
    })

    test('about a user is dropped in all conversations of the bot, and nobody else’s', async t => {
      const store = await open(t)
      const [a, b] = [await started(store, 'a'), await started(store, 'b')]
      const theirs = await started(store, 'c', otherBot)
      const dropped = [ofUser('u1'), ofBoth('u1', a), ofBoth('u1', b)]
      const left = [
        ofUser('u2'),
        ofUser('U1'),
        ofUser('u1', otherBot),
        ofConversation(a),
        ofConversation(b),
        ofBoth('u2', a),
        ofBoth('u1', theirs, otherBot),
        ofConversation(theirs, otherBot),
      ]
      for (const key of [...dropped, ...left]) await kept(store, key, '1')
      await store.dropBags(bot, userId('u1'))
      for (const key of dropped) assert.equal(await store.bag(key), undefined)
      for (const key of left) assert.equal(await dataAt(store, key), '1')
      await store.dropBags(bot, userId('nobody'))
    })

    test('that was dropped is not brought back by an eTag from before', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const key of [ofUser('u1'), ofBoth('u1', id)]) {
        const before = await kept(store, key, '"before"')
        await store.dropBags(bot, userId('u1'))
        assert.equal(await store.putBag(key, '"back"', before), 'stale')
        assert.notEqual(await kept(store, key, '"anew"'), before)
        assert.equal(await store.putBag(key, '"back"', before), 'stale')
        assert.equal(await dataAt(store, key), '"anew"')
      }
    })
  })
}

test('SQLite: data of bots is there with its eTags when the store is opened again', async () => {
  await using folder = await makeFolder()
  const before: [BagKey, string, string][] = []
  {
    await using store = await openSqliteStore({ dir: folder.path })
    const id = await started(store, 'a')
    for (const key of [...keysOf('u1', id), ofUser('a\0b'), ofUser('lone \ud800')])
      before.push([key, JSON.stringify(key.user ?? null), await kept(store, key, JSON.stringify(key.user ?? null))])
  }
  await using store = await openSqliteStore({ dir: folder.path })
  for (const [key, data, eTag] of before) {
    assert.deepEqual(await bagAt(store, key), { data, eTag })
    await kept(store, key, '"goes on"', eTag)
  }
})

test('SQLite: data of bots about a conversation is erased with it, not only out of reach', async () => {
  await using folder = await makeFolder()
  await using store = await openSqliteStore({ dir: folder.path })
  const id = await started(store, 'a')
  for (const key of keysOf('u1', id)) await kept(store, key, '"about"')
  await store.forget(id)
  using database = new DatabaseSync(databaseFile(folder.path), { readOnly: true })
  assert.equal(database.prepare('SELECT count(*) AS bags FROM bags').get()?.['bags'], 1, "the user's own")
})
