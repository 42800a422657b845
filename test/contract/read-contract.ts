/**
 * What every store promises to who reads, as one suite.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConversationStore } from '../../src/domain/ports.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import {
  appended,
  conversationId,
  entriesOf,
  everything,
  messageAppend,
  type OpenStore,
  started,
  upTo,
} from './log-samples.ts'

/** Declares the tests of reading. */
export function readContract(adapter: string, open: OpenStore): void {
  describe(`${adapter}: reading`, () => {
    const page = async (
      store: ConversationStore,
      id: ConversationId,
      after: number,
      entries: number,
      characters = Number.MAX_SAFE_INTEGER,
    ) => {
      const { entries: found, end, more } = await store.read(id, position(after), { entries, characters })
      return { positions: found.map(entry => entry.position as number), end: end as number, more }
    }

    test('gives pages of so many entries, and says whether the log goes on', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const n of upTo(5)) await store.append(messageAppend(id, `${n}`))
      assert.deepEqual(await page(store, id, 0, 2), { positions: [1, 2], end: 2, more: true })
      assert.deepEqual(await page(store, id, 2, 2), { positions: [3, 4], end: 4, more: true })
      assert.deepEqual(await page(store, id, 4, 2), { positions: [5], end: 5, more: false })
      assert.deepEqual(await page(store, id, 3, 2), { positions: [4, 5], end: 5, more: false })
      assert.deepEqual(await page(store, id, 5, 2), { positions: [], end: 5, more: false })
    })

    test('gives pages of so many characters, and at least one entry', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const n of upTo(4)) await store.append(messageAppend(id, `${n}`))
      const length = (await entriesOf(store, id))[0]?.text.length ?? 0
      assert.deepEqual(await page(store, id, 0, 10, 2 * length), { positions: [1, 2], end: 2, more: true })
      assert.deepEqual(await page(store, id, 0, 10, 2 * length - 1), { positions: [1], end: 1, more: true })
      assert.deepEqual(await page(store, id, 1, 10, 1), { positions: [2], end: 2, more: true })
      assert.deepEqual(await page(store, id, 0, 10, 4 * length), { positions: [1, 2, 3, 4], end: 4, more: false })
    })

    test('passes over what has given way, also at the end of the log', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      for (const n of upTo(3)) await store.append(messageAppend(id, `${n}`))
      await store.replace({ ...messageAppend(id, 'x'), target: position(2), erase: false })
      await store.replace({ ...messageAppend(id, 'y'), target: position(2), erase: false })
      assert.deepEqual(await page(store, id, 0, 2), { positions: [1, 3], end: 3, more: true })
      assert.deepEqual(await page(store, id, 3, 1), { positions: [5], end: 5, more: false })
      await store.replace({ ...messageAppend(id, 'z'), target: position(3), erase: true })
      assert.deepEqual(await page(store, id, 1, 1), { positions: [5], end: 5, more: true })
    })

    test('a position beyond the log is answered with the end of the log', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      assert.deepEqual(await page(store, id, 7, 10), { positions: [], end: 0, more: false })
      await store.append(messageAppend(id, 'x'))
      assert.deepEqual(await page(store, id, 7, 10), { positions: [], end: 1, more: false })
      assert.deepEqual(await page(store, conversationId('b'), 7, 10), { positions: [], end: 0, more: false })
    })

    test('tells the newest positions of many at once, in their order', async t => {
      const store = await open(t)
      const [one, two] = [await started(store, 'a'), await started(store, 'b')]
      for (const n of upTo(3)) await store.append(messageAppend(one, `${n}`))
      await store.find(one)
      await store.append(messageAppend(one, '4'))
      assert.deepEqual(await store.newest([two, conversationId('nobody'), one, two]), [0, 0, 4, 0])
      assert.deepEqual(await store.newest([]), [])
    })

    test('whoever reads while others write sees a prefix that only grows, with all that was acknowledged', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      let acknowledged = 0
      let writing = true
      const writers = upTo(4).map(async () => {
        for (let n = 0; n < 50; n += 1) {
          const { entry } = await appended(store.append(messageAppend(id, 'x')))
          acknowledged = Math.max(acknowledged, entry.position)
        }
      })
      const written = Promise.all(writers).then(() => (writing = false))
      let seen = 0
      let reads = 0
      while (writing) {
        const least = acknowledged
        const { entries, end, more } = await store.read(id, beginning, everything)
        assert.deepEqual(
          entries.map(entry => entry.position),
          upTo(end),
        )
        assert.ok(end >= seen && end >= least, `read ${end} after ${seen} was seen and ${least} acknowledged`)
        assert.equal(more, false)
        seen = end
        reads += 1
        await new Promise(resolve => setImmediate(resolve))
      }
      await written
      assert.ok(reads > 0)
      assert.equal((await store.find(id))?.last, 200)
    })
  })
}
