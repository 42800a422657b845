/**
 * Overload, held against a clock and a strain that are set by hand.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from '../protocol/errors.ts'
import { defaultLimits } from '../protocol/limits.ts'
import type { Event } from './events.ts'
import { Overload } from './overload.ts'

const calm = { loopLateMs: 20, memoryShare: 0.3, commitWaitMs: 5 }

/** An Overload in a world where everything is calm until it is told otherwise. */
function world() {
  const events: Event[] = []
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  let nowMs = 0
  let strain = calm
  const overload = new Overload(
    {
      load: { measure: () => strain, [Symbol.dispose]: () => undefined },
      store: {
        get waitingMs() {
          return strain.commitWaitMs
        },
      },
      clock: {
        nowMs: () => nowMs,
        monotonicMs: () => nowMs,
        after: (ms, callback) => {
          const timer = { atMs: nowMs + ms, callback }
          timers.add(timer)
          return () => timers.delete(timer)
        },
      },
      events: event => events.push(event),
    },
    defaultLimits.overload,
  )
  return {
    overload,
    events,
    timers,
    /** So much time goes by under this strain. */
    go: (ms: number, under: Partial<typeof calm> = {}) => {
      strain = { ...calm, ...under }
      for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 100) {
        for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.callback()
      }
    },
    /** What is turned away now. */
    refused: () =>
      (['admitOpening', 'admitSend'] as const).filter(what => {
        try {
          overload[what]()
          return false
        } catch (error) {
          assert.ok(error instanceof ProtocolError && error.failure === 'Unavailable' && error.cause === undefined)
          return true
        }
      }),
  }
}

for (const [what, beyond, within] of [
  ['a late loop', { loopLateMs: 251 }, { loopLateMs: 250 }],
  ['memory nearly used up', { memoryShare: 0.86 }, { memoryShare: 0.85 }],
  ['a commit that does not come', { commitWaitMs: 2_001 }, { commitWaitMs: 2_000 }],
] as const) {
  test(`${what} for a second turns away new conversations, for one more sends too; at the threshold it is nothing`, () => {
    const { go, refused } = world()
    go(10_000, within)
    assert.deepEqual(refused(), [])
    go(1_100, beyond)
    assert.deepEqual(refused(), ['admitOpening'])
    go(1_100, beyond)
    assert.deepEqual(refused(), ['admitOpening', 'admitSend'])
  })
}

test('memory that is a third of the way from its threshold to its end turns away both at the next look', () => {
  const { go, refused } = world()
  go(1_000, { memoryShare: 0.5 })
  go(500, { memoryShare: 0.91 })
  assert.deepEqual(refused(), ['admitOpening', 'admitSend'])
})

test('one pause, however long, is not overload, and neither are pauses apart', () => {
  const { go, refused, events } = world()
  for (let count = 0; count < 10; count += 1) {
    go(500, { loopLateMs: 4_000 })
    go(500)
    assert.deepEqual(refused(), [])
  }
  assert.deepEqual(events, [])
})

test('when it is calm sends are taken after a second, and new conversations after one more', () => {
  const { go, refused } = world()
  go(3_000, { loopLateMs: 300 })
  go(1_000)
  assert.deepEqual(refused(), ['admitOpening', 'admitSend'])
  go(600)
  assert.deepEqual(refused(), ['admitOpening'])
  go(1_100)
  assert.deepEqual(refused(), [])
})

test('just below a threshold nothing changes, so that it does not flutter', () => {
  const { go, refused } = world()
  go(1_200, { loopLateMs: 300 })
  go(10_000, { loopLateMs: 240 })
  assert.deepEqual(refused(), ['admitOpening'])
})

test('it is told once when it begins and once when it ends, with how many were turned away', () => {
  const { go, refused, events } = world()
  for (const memoryShare of [0.9, 0.95]) {
    events.splice(0)
    go(3_000, { memoryShare })
    for (let count = 0; count < 5; count += 1) refused()
    go(5_000)
    const figures = { event: 'overload', loopLateMs: 20, commitWaitMs: 5 }
    assert.deepEqual(events, [
      { ...figures, state: 'began', memoryShare, turnedAway: 0 },
      { ...figures, state: 'ended', memoryShare: 0.3, turnedAway: 10 },
    ])
  }
})

test('whoever is turned away is told when to come back, and sends sooner than new conversations', () => {
  const { go, overload } = world()
  go(3_000, { loopLateMs: 300 })
  assert.throws(() => overload.admitOpening(), { retryAfterSeconds: 5 })
  assert.throws(() => overload.admitSend(), { retryAfterSeconds: 1 })
})

test('stopped, it leaves no timer behind', () => {
  const { go, overload, timers } = world()
  go(2_000)
  assert.equal(timers.size, 1)
  overload.stop()
  assert.equal(timers.size, 0)
})
