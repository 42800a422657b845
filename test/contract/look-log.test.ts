/**
 * The contract of those who look into the log of one conversation, run against every adapter.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Look } from '../../src/domain/look-port.ts'
import { nobody, stampDeletion, stampFromChannel } from '../../src/domain/stamp.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import {
  bot,
  conversationId,
  everything,
  message,
  messageAppend,
  noonMs,
  started,
  suggestion,
  textsOf,
} from './log-samples.ts'
import { adapters } from './look-opened.ts'

for (const [adapter, open] of adapters) {
  describe(`looking into a log: ${adapter}`, () => {
    it('reads a log forwards and backwards, always in order, within both limits', async t => {
      const { store, look } = await open(t)
      const id = await started(store, 'a')
      for (let at = 1; at <= 10; at += 1) await store.append(messageAppend(id, `t${at}`))
      const read = async (range: Parameters<Look['entries']>[1], entries = 100, characters = 1e9) => {
        const found = await look.entries(id, range, { entries, characters })
        assert.equal(found?.last, 10)
        return found?.entries.map(({ position }) => position)
      }
      assert.deepEqual(await read({ after: beginning }, 3), [1, 2, 3])
      assert.deepEqual(await read({ after: position(8) }), [9, 10])
      assert.deepEqual(await read({ after: position(10) }), [])
      assert.deepEqual(await read({ after: position(99) }), [])
      assert.deepEqual(await read({ before: position(4) }), [1, 2, 3])
      assert.deepEqual(await read({ before: position(4) }, 2), [2, 3])
      assert.deepEqual(await read({ before: position(1_000) }, 2), [9, 10])
      assert.deepEqual(await read({ before: position(1) }), [])
      assert.deepEqual(await read({ after: beginning }, 5, 1), [1])
      assert.deepEqual(await read({ before: position(11) }, 5, 1), [10])
      const text = (await store.read(id, beginning, everything)).entries[0]?.text ?? ''
      assert.deepEqual(await read({ after: beginning }, 5, text.length * 2), [1, 2])
      assert.equal(
        await look.entries(conversationId('none'), { after: beginning }, { entries: 1, characters: 1 }),
        undefined,
      )
    })

    it('shows what has given way, what has been erased, and what was meant for one person', async t => {
      const { store, look } = await open(t)
      const id = await started(store, 'a')
      for (const text of ['one', 'two']) await store.append(messageAppend(id, text))
      const change = (target: number, text: string | undefined) => ({
        ...messageAppend(id, ''),
        activity: text === undefined ? stampDeletion(id, { id: bot, name: 'Bot' }) : message(id, text),
        target: position(target),
        erase: text === undefined,
      })
      await store.replace(change(1, 'one, again'))
      await store.replace(change(1, 'one, at last'))
      await store.replace(change(2, undefined))
      await store.append({ ...messageAppend(id, ''), activity: suggestion(id, 'u2', 'psst') })
      const { entries } = (await look.entries(id, { after: beginning }, everything)) ?? assert.fail('not there')
      assert.deepEqual(
        entries.map(({ position, state, target, audience }) => [position, state, target, audience]),
        [
          [1, 'replaced', 1, undefined],
          [2, 'erased', 2, undefined],
          [3, 'replaced', 1, undefined],
          [4, 'shown', 1, undefined],
          [5, 'shown', 2, undefined],
          [6, 'shown', 6, 'u2'],
        ],
      )
      assert.equal(entries[1]?.text, '')
      assert.deepEqual(textsOf(entries.filter(({ text }) => text !== '')), [
        'one',
        'one, again',
        'one, at last',
        undefined,
        'psst',
      ])
      assert.equal(entries[0]?.timestampMs, noonMs)
      assert.equal(entries[3]?.timestampMs, noonMs)
      assert.equal(await look.before(id, 2), 4)
      assert.equal(await look.before(id, 3), undefined)
    })

    it('shows what no client is shown, in its place and to be told apart', async t => {
      const { store, look } = await open(t)
      const id = await started(store, 'a')
      const unseen = stampFromChannel({ type: 'event', name: 'knock' }, id, { id: 'u1' })
      const append = { ...messageAppend(id, ''), activity: unseen }
      for (const each of [messageAppend(id, 'one'), append, messageAppend(id, 'two'), append]) await store.append(each)
      const places = [
        [1, undefined],
        [2, nobody],
        [3, undefined],
        [4, nobody],
      ]
      const from = async (after: number, entries: number) => {
        const found = await look.entries(id, { after: position(after) }, { ...everything, entries })
        return found?.entries.map(({ position, audience }) => [position, audience])
      }
      assert.deepEqual(await from(0, 10), places)
      assert.deepEqual(await from(1, 1), places.slice(1, 2))
      const [, entry] = (await store.read(id, beginning, everything)).entries
      assert.equal(entry?.audience, nobody, 'nor is it to clients')
    })

    it('tells where so many activities are left', async t => {
      const { store, look } = await open(t)
      const id = await started(store, 'a')
      assert.equal(await look.before(id, 0), undefined)
      for (let at = 1; at <= 60; at += 1) await store.append(messageAppend(id, `t${at}`))
      assert.equal(await look.before(id, 50), 10)
      assert.equal(await look.before(id, 60), undefined)
      assert.equal(await look.before(id, 0), 60)
      assert.equal(await look.before(conversationId('none'), 1), undefined)
    })
  })
}
