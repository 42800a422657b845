/**
 * Things held for a while: made once, given at once, made anew in time, and what happens when that fails.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from './ports.ts'
import { type Made, Renewals } from './renewals.ts'

const minuteMs = 60_000

/** Renewals by a clock that stands still, and a way to make things whose making a test ends. */
function setUp() {
  let nowMs = Date.UTC(2026, 10, 21)
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => undefined }
  const renewals = new Renewals<string>(clock)
  let asked = 0
  let next: Made<string> = { isGood: true, value: 'first', lifetimeMs: 10 * minuteMs }
  return {
    get: () =>
      renewals.get('name', async () => {
        asked += 1
        return next
      }),
    pass: (ms: number) => {
      nowMs += ms
    },
    willMake: (made: Made<string>) => {
      next = made
    },
    asked: () => asked,
  }
}

/** Lets what is being made be made. */
const settle = () => new Promise(resolve => setImmediate(resolve))

test('makes a thing once, however many ask, and then gives it at once', async () => {
  const { get, asked } = setUp()
  assert.deepEqual(await Promise.all([get(), get(), get()]), ['first', 'first', 'first'])
  assert.equal(asked(), 1)
  assert.equal(get(), 'first')
})

test('makes it anew five minutes before its end while everybody still gets the old one', async () => {
  const { get, pass, willMake, asked } = setUp()
  await get()
  willMake({ isGood: true, value: 'second', lifetimeMs: 10 * minuteMs })
  pass(5 * minuteMs - 1)
  assert.equal(get(), 'first')
  assert.equal(asked(), 1)
  pass(1)
  assert.equal(get(), 'first')
  assert.equal(get(), 'first')
  assert.equal(asked(), 2)
  await settle()
  assert.equal(get(), 'second')
})

test('gives nobody what has less than a minute left', async () => {
  const { get, pass, willMake } = setUp()
  await get()
  willMake({ isGood: true, value: 'second', lifetimeMs: 10 * minuteMs })
  pass(9 * minuteMs)
  assert.notEqual(get(), 'first')
  assert.equal(await get(), 'second')
})

test('goes on with the old one when a new one can’t be made, and tries again after a second', async () => {
  const { get, pass, willMake, asked } = setUp()
  await get()
  willMake({ isGood: false, value: 'failed' })
  pass(6 * minuteMs)
  assert.equal(get(), 'first')
  await settle()
  assert.equal(get(), 'first')
  assert.equal(asked(), 2)
  pass(1_000)
  assert.equal(get(), 'first')
  assert.equal(asked(), 3)
})

test('tells of a failure when there is no old one, and does not try again within half a second', async () => {
  const { get, pass, willMake, asked } = setUp()
  willMake({ isGood: false, value: 'failed' })
  assert.equal(await get(), 'failed')
  assert.equal(await get(), 'failed')
  assert.equal(asked(), 1)
  willMake({ isGood: true, value: 'first', lifetimeMs: 10 * minuteMs })
  pass(1_000)
  assert.equal(await get(), 'first')
})

test('a clock that has gone back ends a thing: others would take it for one of the future', async () => {
  const { get, pass, willMake } = setUp()
  await get()
  willMake({ isGood: true, value: 'second', lifetimeMs: 10 * minuteMs })
  pass(-10 * minuteMs)
  assert.equal(await get(), 'second')
})
