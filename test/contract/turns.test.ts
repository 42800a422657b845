/**
 * The contract of the store of turns, run against every adapter.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import { type KeptTurn, reachMax, type TurnStore } from '../../src/domain/turn-port.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { openPostgres, postgresIfThere } from '../support/postgres-store.ts'
import { hourMs, messageAppend, noonMs, started } from './log-samples.ts'

type Store = ConversationStore & { readonly turns: TurnStore }

async function openSqlite(t: TestContext): Promise<Store> {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  const store = await openSqliteStore({ dir })
  t.after(async () => {
    await store[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  return store
}

const turn = (conversation: ConversationId, id: string, more: Partial<KeptTurn> = {}): KeptTurn => ({
  id,
  conversation,
  first: 1,
  last: 2,
  startedMs: noonMs,
  text: `{"id":"${id}"}`,
  exchange: '{"url":"http://bot"}',
  ...more,
})

const every = 1_000

for (const [adapter, open] of [
  ['memory', async (_t: TestContext): Promise<Store> => new MemoryStore()],
  ['SQLite', openSqlite],
  ...postgresIfThere(openPostgres),
] as const) {
  describe(`turns in ${adapter}`, () => {
    it('are found by their ids, with what was exchanged', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.turns.putTurns([turn(id, 'one'), turn(id, 'two', { text: '{"é":"\\ud800"}', exchange: undefined })])
      const one = await store.turns.turn('one')
      assert.deepEqual([one?.text, one?.exchange], ['{"id":"one"}', '{"url":"http://bot"}'])
      const two = await store.turns.turn('two')
      assert.deepEqual([two?.text, two?.exchange], ['{"é":"\\ud800"}', undefined])
      assert.equal(await store.turns.turn('three'), undefined)
    })

    it('are as they were put last, in the place where they were put first', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.turns.putTurns([turn(id, 'one'), turn(id, 'two')])
      await store.turns.putTurns([turn(id, 'one', { text: '"changed"', last: 9, exchange: undefined })])
      assert.deepEqual(await store.turns.turnsAbout(id, 9, 9, every), ['"changed"'])
      assert.deepEqual(await store.turns.turnsAbout(id, 1, 9, every), ['"changed"', '{"id":"two"}'])
      assert.equal((await store.turns.turn('one'))?.exchange, undefined)
    })

    it('are found by where they begin and how far they reach, in their order, in their own conversation', async t => {
      const store = await open(t)
      const [id, other] = [await started(store, 'a'), await started(store, 'b')]
      await store.turns.putTurns([
        turn(id, 'early', { first: 1, last: 3 }),
        turn(id, 'middle', { first: 4, last: 4 }),
        turn(id, 'far', { first: 2, last: 2 + reachMax }),
        turn(id, 'nowhere', { first: undefined, last: undefined }),
        turn(other, 'other', { first: 4, last: 4 }),
      ])
      const about = async (from: number, to: number, max = every) =>
        (await store.turns.turnsAbout(id, from, to, max)).map(text => JSON.parse(text).id)
      assert.deepEqual(await about(1, 4), ['early', 'middle', 'far'])
      assert.deepEqual(await about(4, 4), ['middle', 'far'])
      assert.deepEqual(await about(3, 3), ['early', 'far'])
      assert.deepEqual(await about(2 + reachMax, 9_999), ['far'])
      assert.deepEqual(await about(1, 4, 2), ['middle', 'far'], 'the newest, where there are more')
      assert.deepEqual(await about(5_000, 9_999), [])
    })

    it('go with their conversation, whichever way it goes', async t => {
      const store = await open(t)
      const [erased, unused, kept] = [
        await started(store, 'a'),
        await started(store, 'b'),
        await started(store, 'c', undefined, noonMs + hourMs),
      ]
      await store.turns.putTurns([turn(erased, 'erased'), turn(unused, 'unused'), turn(kept, 'kept')])
      await store.forget(erased)
      await store.forgetUnused(noonMs + 1, 10)
      const left = await Promise.all(['erased', 'unused', 'kept'].map(id => store.turns.turn(id)))
      assert.deepEqual(
        left.map(found => found !== undefined),
        [false, false, true],
      )
    })

    it('lose what was exchanged where an entry is erased that they are about, and nothing else', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.turns.putTurns([turn(id, 'about', { first: 3, last: 5 }), turn(id, 'not', { first: 6, last: 7 })])
      await store.turns.eraseExchanges(id, 4)
      assert.deepEqual(
        [(await store.turns.turn('about'))?.exchange, (await store.turns.turn('about'))?.text],
        [undefined, '{"id":"about"}'],
      )
      assert.notEqual((await store.turns.turn('not'))?.exchange, undefined)
    })

    it('never get back what was exchanged, whoever puts them again', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const exchangeOf = async (name: string) => (await store.turns.turn(name))?.exchange
      await store.turns.putTurns([turn(id, 'erased'), turn(id, 'kept', { first: 3, last: 4 })])
      await store.turns.eraseExchanges(id, 2)
      const exchange = '{"url":"http://bot","body":"newer"}'
      await store.turns.putTurns([
        turn(id, 'erased', { text: '"newer"', exchange }),
        turn(id, 'kept', { first: 3, last: 4, exchange }),
      ])
      assert.deepEqual([await exchangeOf('erased'), await exchangeOf('kept')], [undefined, exchange])
      assert.equal((await store.turns.turn('erased'))?.text, '"newer"', 'all else is as it was put last')
    })

    it('are forgotten by their age and their number, the oldest first, so many at a time', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const ages = [0, 1, 2, 3, 4, 5]
      await store.turns.putTurns(ages.map(hour => turn(id, `t${hour}`, { startedMs: noonMs + hour * hourMs })))
      const left = async () => {
        const found = await Promise.all(ages.map(hour => store.turns.turn(`t${hour}`)))
        return found.map(one => (one === undefined ? '-' : '+')).join('')
      }
      assert.equal(await store.turns.forgetTurns(noonMs, every, 10), 0)
      assert.equal(await store.turns.forgetTurns(noonMs + 3 * hourMs, every, 2), 2)
      assert.equal(await left(), '--++++')
      assert.equal(await store.turns.forgetTurns(noonMs + 3 * hourMs, every, 10), 1)
      assert.equal(await left(), '---+++')
      assert.equal(await store.turns.forgetTurns(0, 2, 10), 1, 'all but the newest two')
      assert.equal(await left(), '----++')
    })

    it('do not hold up messages: an append resolves while many turns wait', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const lots = Array.from({ length: 20 }, (_, lot) =>
        store.turns.putTurns(Array.from({ length: 64 }, (_unused, at) => turn(id, `${lot}-${at}`))),
      )
      assert.equal((await store.append(messageAppend(id, 'hello'))).outcome, 'appended')
      await Promise.all(lots)
      assert.notEqual(await store.turns.turn('19-63'), undefined)
    })
  })
}
