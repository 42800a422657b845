/**
 * The rules of our signing keys: what is published long enough, what signs when, and what a clock that jumps can't do.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  isDue,
  isWaiting,
  onlyKey,
  publishedAfterMs,
  publishedBeforeMs,
  type SigningKeys,
  settled,
  signerAt,
  signingLifetimeMs,
  withNext,
} from './signing-keys.ts'

const startMs = Date.UTC(2026, 10, 21)
const dayMs = 24 * 60 * 60 * 1000
const pair = (id: string) => ({ id, secret: `secret of ${id}` })
const idsOf = (keys: SigningKeys) => keys.map(({ id }) => id)
const first = onlyKey(pair('first'), startMs)
const both = withNext(first, pair('second'), startMs)

test('the first key signs at once', () => {
  assert.equal(signerAt(first, startMs).id, 'first')
  assert.equal(isWaiting(first, startMs), false)
})

test('a next key is published a day before it signs, and the old one for a day after', () => {
  assert.deepEqual([publishedBeforeMs, publishedAfterMs], [dayMs, dayMs])
  for (const [atMs, signer, published] of [
    [0, 'first', ['first', 'second']],
    [dayMs - 1, 'first', ['first', 'second']],
    [dayMs, 'second', ['first', 'second']],
    [2 * dayMs - 1, 'second', ['first', 'second']],
    [2 * dayMs, 'second', ['second']],
  ] as const) {
    assert.equal(signerAt(both, startMs + atMs).id, signer, `${atMs}`)
    assert.deepEqual(idsOf(settled(both, startMs + atMs)), published, `${atMs}`)
  }
})

test('the next key is due so early that it signs when the one before is 90 days old', () => {
  assert.equal(signingLifetimeMs, 90 * dayMs)
  assert.equal(isDue(first, startMs + 89 * dayMs - 1), false)
  assert.equal(isDue(first, startMs + 89 * dayMs), true)
  const next = withNext(first, pair('second'), startMs + 89 * dayMs)
  assert.equal(isDue(next, startMs + 89 * dayMs), false)
  assert.equal(signerAt(next, startMs + 90 * dayMs).id, 'second')
})

test('a list that needs no change is the very same list', () => {
  assert.equal(settled(first, startMs + 5 * dayMs), first)
  assert.equal(settled(both, startMs + dayMs), both)
})

test('a service that was away for a year comes back with its old key, and announces the next', () => {
  const nowMs = startMs + 365 * dayMs
  assert.equal(settled(first, nowMs), first)
  assert.equal(signerAt(first, nowMs).id, 'first')
  assert.equal(isDue(first, nowMs), true)
  assert.equal(signerAt(withNext(first, pair('second'), nowMs), nowMs).id, 'first')
})

test('a clock that goes back before every key leaves the oldest one signing', () => {
  for (const keys of [first, both]) {
    assert.equal(signerAt(keys, 0).id, 'first')
    assert.equal(signerAt(settled(keys, 0), 0).id, 'first')
  }
})

test('a key made while the clock was a century ahead signs a day after the clock is right again', () => {
  const aheadMs = startMs + 36_500 * dayMs
  const keys = settled(withNext(first, pair('second'), aheadMs), startMs)
  assert.equal(signerAt(keys, startMs).id, 'first')
  assert.equal(isWaiting(keys, startMs), true)
  assert.equal(signerAt(keys, startMs + dayMs).id, 'second')
  assert.deepEqual(idsOf(settled(keys, startMs + 2 * dayMs)), ['second'])
  assert.equal(isDue(keys, startMs + 90 * dayMs), true)
})

test('whatever the clock does, there is a key, and the one that signs is published', () => {
  let seed = 20261121
  const dice = (max: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % max
  }
  let keys = first
  for (let step = 1; step <= 5_000; step += 1) {
    const jumpMs = [1, dayMs, 100 * dayMs, 40_000 * dayMs][dice(4)] ?? 0
    const nowMs = startMs + (dice(2) === 0 ? -1 : 1) * dice(1_000) * (jumpMs / 1_000)
    keys = settled(keys, nowMs)
    if (isDue(keys, nowMs)) keys = withNext(keys, pair(`key ${step}`), nowMs)
    assert.ok(keys.length >= 1 && keys.length <= 3, `step ${step}: ${keys.length} keys`)
    assert.ok(keys.includes(signerAt(keys, nowMs)))
    assert.ok(idsOf(settled(keys, nowMs)).includes(signerAt(keys, nowMs).id), `step ${step}`)
  }
})
