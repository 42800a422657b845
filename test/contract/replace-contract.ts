/**
 * What every store promises about entries that give way to others, as one suite.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { position } from '../../src/protocol/watermark.ts'
import {
  appended,
  entriesOf,
  messageAppend,
  minuteMs,
  noonMs,
  type OpenStore,
  started,
  suggestion,
  textsOf,
} from './log-samples.ts'

/** Declares the tests of replacing. */
export function replaceContract(adapter: string, open: OpenStore): void {
  describe(`${adapter}: replacing`, () => {
    test('a replacement stands at a new position with the id and timestamp of its target, which is passed over', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const text of ['one', 'two', 'three']) await store.append(messageAppend(id, text))
      const replaced = await appended(
        store.replace({ ...messageAppend(id, 'TWO', { atMs: noonMs + minuteMs }), target: position(2), erase: false }),
      )
      assert.equal(replaced.entry.position, 4)
      assert.equal(replaced.id, `${id}|0000002`)
      assert.equal(replaced.timestampMs, noonMs + 1)
      assert.equal(JSON.parse(replaced.entry.text).id, replaced.id)
      assert.equal(JSON.parse(replaced.entry.text).timestamp, '2026-01-01T12:00:00.001Z')
      const entries = await entriesOf(store, id)
      assert.deepEqual(
        entries.map(entry => entry.position),
        [1, 3, 4],
      )
      assert.deepEqual(textsOf(entries), ['one', 'three', 'TWO'])
      assert.equal((await store.find(id))?.last, 4)
    })

    test('the clock of the log goes on from its newest entry, not from a replacement', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const text of ['one', 'two']) await store.append(messageAppend(id, text))
      await store.replace({
        ...messageAppend(id, 'ONE', { atMs: noonMs + minuteMs }),
        target: position(1),
        erase: false,
      })
      assert.equal((await store.find(id))?.lastTimestampMs, noonMs + 1)
      assert.equal((await appended(store.append(messageAppend(id, 'three')))).timestampMs, noonMs + 2)
    })

    test('of several replacements only the newest is shown', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'one'))
      for (const text of ['ONE', 'One', 'oNe']) {
        await appended(store.replace({ ...messageAppend(id, text), target: position(1), erase: false }))
        assert.deepEqual(textsOf(await entriesOf(store, id)), [text])
        assert.deepEqual(await store.entryAt(id, position(1)), (await entriesOf(store, id))[0])
      }
    })

    test('an erased entry is missing from then on; what stands for it is shown', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'one'))
      await store.replace({ ...messageAppend(id, 'ONE'), target: position(1), erase: false })
      await appended(store.replace({ ...messageAppend(id, 'gone'), target: position(1), erase: true }))
      for (const erase of [true, false]) {
        assert.deepEqual(await store.replace({ ...messageAppend(id, 'late'), target: position(1), erase }), {
          outcome: 'missing',
        })
      }
      const [stands, ...others] = await entriesOf(store, id)
      assert.deepEqual(others, [])
      assert.deepEqual(await store.entryAt(id, position(1)), stands)
      assert.equal(stands?.position, 3)
    })

    test('only a first position can be the target', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'one'))
      await store.replace({ ...messageAppend(id, 'ONE'), target: position(1), erase: false })
      for (const target of [0, 2, 3, 1_000_000]) {
        const answer = await store.replace({ ...messageAppend(id, 'x'), target: position(target), erase: false })
        assert.deepEqual(answer, { outcome: 'missing' }, `target ${target}`)
        assert.equal(await store.entryAt(id, position(target)), undefined)
      }
      assert.equal((await store.find(id))?.last, 2)
    })

    test('the same key again is the same replacement, even of what has been erased', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'one', { key: 'first' }))
      const erasing = { ...messageAppend(id, 'gone', { key: 'k' }), target: position(1), erase: true }
      await appended(store.replace(erasing))
      const repeated = { outcome: 'repeated', id: `${id}|0000001`, timestampMs: noonMs, turn: 'open' }
      assert.deepEqual(await store.replace(erasing), { ...repeated, position: 2 })
      assert.deepEqual(await store.append(messageAppend(id, 'one', { key: 'first' })), { ...repeated, position: 1 })
    })

    test('an entry keeps whom it is for, and its replacement says so anew', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const person of ['ann', 'b\0b', 'lone \ud800', '']) {
        const { entry } = await appended(
          store.append({ ...messageAppend(id, ''), activity: suggestion(id, person, 'psst') }),
        )
        assert.equal(entry.audience, person)
      }
      await store.append(messageAppend(id, 'all'))
      await store.replace({ ...messageAppend(id, 'everybody'), target: position(1), erase: false })
      const audiences = (await entriesOf(store, id)).map(entry => entry.audience)
      assert.deepEqual(audiences, ['b\0b', 'lone \ud800', '', undefined, undefined])
      assert.equal((await store.entryAt(id, position(3)))?.audience, 'lone \ud800')
    })
  })
}
