/**
 * What every store promises about appending, as one suite.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { placed } from '../../src/protocol/activity.ts'
import { activityIdAt, position } from '../../src/protocol/watermark.ts'
import {
  appended,
  conversationId,
  entriesOf,
  everything,
  message,
  messageAppend,
  noonMs,
  type OpenStore,
  otherBot,
  started,
  textsOf,
  upTo,
} from './log-samples.ts'

/** Declares the tests of appending. */
export function appendContract(adapter: string, open: OpenStore): void {
  describe(`${adapter}: appending`, () => {
    test('numbers activities from 1 without a gap, however many are appended at once', async t => {
      const store = await open(t)
      const [a, b] = [await started(store, 'a'), await started(store, 'b')]
      const answers = await Promise.all(
        upTo(200).flatMap(n => [store.append(messageAppend(a, `a${n}`)), store.append(messageAppend(b, `b${n}`))]),
      )
      assert.ok(answers.every(answer => answer.outcome === 'appended'))
      for (const [id, word] of [
        [a, 'a'],
        [b, 'b'],
      ] as const) {
        const entries = await entriesOf(store, id)
        assert.deepEqual(
          entries.map(entry => entry.position),
          upTo(200),
        )
        assert.deepEqual(
          textsOf(entries),
          upTo(200).map(n => `${word}${n}`),
        )
        assert.equal((await store.find(id))?.last, 200)
      }
    })

    test('changes of one conversation take effect in the order they were asked for, and resolve in that order', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const resolved: number[] = []
      const noted = (n: number) => () => resolved.push(n)
      const asked = upTo(50).map(n => {
        if (n % 5 === 1) return store.append(messageAppend(id, `${n}`)).then(noted(n))
        if (n % 5 === 2) return store.settle(id, position(1)).then(noted(n))
        if (n % 5 === 3) return store.join(id, otherBot, { id: 'u' as never, name: undefined }).then(noted(n))
        if (n % 5 === 4) return store.append(messageAppend(id, `${n}`, { bot: otherBot })).then(noted(n))
        return store.replace({ ...messageAppend(id, `${n}`), target: position(1), erase: false }).then(noted(n))
      })
      await Promise.all(asked)
      assert.deepEqual(resolved, upTo(50))
      const latest = await store.entryAt(id, position(1))
      assert.equal(latest && JSON.parse(latest.text).text, '50')
    })

    test('answers and gives exactly the text that was placed', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const texts = [
        'plain',
        'NUL \0 inside',
        'lone \ud800 surrogate \udfff',
        '😀 é 汉',
        '"\\/\u2028',
        'x'.repeat(256 * 1024 - 300),
      ]
      for (const [at, text] of texts.entries()) {
        const activity = message(id, text)
        const { entry, timestampMs } = await appended(store.append({ ...messageAppend(id, ''), activity }))
        assert.equal(entry.text, placed(activity.rest, activityIdAt(id, position(at + 1)), timestampMs))
        assert.deepEqual((await store.read(id, position(at), everything)).entries, [entry])
      }
      assert.deepEqual(textsOf(await entriesOf(store, id)), texts)
    })

    test('keeps characters that are not escaped in the text', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const activity = { ...message(id, ''), rest: '"text":"raw NUL \0, DEL \x7f, \ufeff and \uffff"}' }
      const { entry } = await appended(store.append({ ...messageAppend(id, ''), activity }))
      assert.equal((await entriesOf(store, id))[0]?.text, entry.text)
      assert.ok(entry.text.endsWith(activity.rest))
    })

    test('gives each activity the id of its position and the time it was appended', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const { entry, timestampMs } = await appended(store.append(messageAppend(id, 'x', { atMs: noonMs + 5 })))
      assert.equal(timestampMs, noonMs + 5)
      assert.equal(JSON.parse(entry.text).id, `${id}|0000001`)
      assert.equal(JSON.parse(entry.text).timestamp, '2026-01-01T12:00:00.005Z')
      assert.equal((await store.find(id))?.lastTimestampMs, timestampMs)
    })

    test('timestamps strictly increase when the clock stands still or jumps back', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const given: number[] = []
      for (const atMs of [noonMs, noonMs, noonMs - 600_000, noonMs + 2, noonMs + 1_000, 0]) {
        given.push((await appended(store.append(messageAppend(id, 'x', { atMs })))).timestampMs - noonMs)
      }
      assert.deepEqual(given, [0, 1, 2, 3, 1_000, 1_001])
    })

    test('answers unknown for a conversation that is not there or is another bot’s', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'x', { key: 'k' }))
      for (const request of [
        messageAppend(conversationId('b'), 'x'),
        messageAppend(id, 'x', { bot: otherBot, key: 'k' }),
      ]) {
        assert.deepEqual(await store.append(request), { outcome: 'unknown' })
        assert.deepEqual(await store.replace({ ...request, target: position(1), erase: true }), { outcome: 'unknown' })
      }
      assert.deepEqual(textsOf(await entriesOf(store, id)), ['x'])
    })

    test('the same key again is the same activity, however many send it at once', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'before'))
      const answers = await Promise.all(
        upTo(20).map(n => store.append(messageAppend(id, `${n}`, { key: 'k', atMs: noonMs + n }))),
      )
      const [first, ...others] = answers
      assert.equal(first?.outcome, 'appended')
      const repeated = {
        outcome: 'repeated',
        position: 2,
        id: `${id}|0000002`,
        timestampMs: noonMs + 1,
        turn: 'open',
      }
      for (const other of others) assert.deepEqual(other, repeated)
      assert.deepEqual(textsOf(await entriesOf(store, id)), ['before', '1'])
    })

    test('a repeated send is told whether the bot’s turn was settled', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'one', { key: 'one' }))
      await store.append(messageAppend(id, 'two', { key: 'two' }))
      await store.settle(id, position(2))
      await store.settle(id, position(2))
      await store.settle(id, position(99))
      await store.settle(conversationId('b'), position(1))
      const accepted = async (key: string) => {
        const again = await store.append(messageAppend(id, 'again', { key }))
        return again.outcome === 'repeated' && again.turn === 'accepted'
      }
      assert.equal(await accepted('one'), false)
      assert.equal(await accepted('two'), true)
    })

    test('tells keys apart by every character, and between conversations', async t => {
      const store = await open(t)
      const [a, b] = [await started(store, 'a'), await started(store, 'b')]
      const keys = ['k', 'K', 'k\0', 'k\0\0', '', '\ud800', '\ud801', '\ufffd', '"\\ud800"', '1', '1.0', 'é', 'e\u0301']
      for (const id of [a, b]) {
        for (const key of keys) assert.equal((await store.append(messageAppend(id, key, { key }))).outcome, 'appended')
        for (const [at, key] of keys.entries()) {
          const again = await store.append(messageAppend(id, key, { key }))
          assert.equal(again.outcome === 'repeated' && again.position, at + 1)
        }
      }
    })

    test('refuses what is beyond the limit of entries or of characters, and still answers what it knows', async t => {
      const store = await open(t, { entriesMax: 2, charactersMax: 1_000 })
      const [a, b] = [await started(store, 'a'), await started(store, 'b')]
      for (const key of ['1', '2']) await appended(store.append(messageAppend(a, key, { key })))
      assert.deepEqual(await store.append(messageAppend(a, '3')), { outcome: 'full' })
      assert.deepEqual(await store.replace({ ...messageAppend(a, '3'), target: position(1), erase: false }), {
        outcome: 'full',
      })
      assert.equal((await store.append(messageAppend(a, '1', { key: '1' }))).outcome, 'repeated')
      assert.deepEqual(textsOf(await entriesOf(store, a)), ['1', '2'])
      assert.equal((await store.append(messageAppend(b, 'x'.repeat(1_000)))).outcome, 'full')
      await appended(store.append(messageAppend(b, 'x'.repeat(500))))
      assert.equal((await store.append(messageAppend(b, 'x'.repeat(500)))).outcome, 'full')
      assert.equal((await store.find(b))?.last, 1)
    })

    test('a full log still lets an entry be erased', async t => {
      const store = await open(t, { entriesMax: 1, charactersMax: 1_000_000 })
      const id = await started(store, 'a')
      await store.append(messageAppend(id, 'secret'))
      await appended(store.replace({ ...messageAppend(id, 'gone'), target: position(1), erase: true }))
      assert.deepEqual(textsOf(await entriesOf(store, id)), ['gone'])
    })
  })
}
