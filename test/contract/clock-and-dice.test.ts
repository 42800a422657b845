/**
 * What the machine's clocks and dice promise.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'

describe('dice and clocks', () => {
  it('throws base-62 text of the length asked for, every digit as often as any other', () => {
    assert.equal(systemRandom.text(0), '')
    for (const length of [1, 22, 43, 1_000])
      assert.match(systemRandom.text(length), new RegExp(`^[0-9A-Za-z]{${length}}$`))
    const counts = new Map<string, number>()
    const throws = 62 * 5_000
    for (const digit of systemRandom.text(throws)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
    assert.equal(counts.size, 62)
    // Chi-squared with 61 degrees of freedom: above 150 once in a hundred million runs; a remainder of 256 gives 2,000.
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 5_000) ** 2 / 5_000, 0)
    assert.ok(chiSquared < 150, String(chiSquared))
  })

  it('never throws the same twice', () => {
    const seen = new Set(Array.from({ length: 10_000 }, () => systemRandom.text(22)))
    assert.equal(seen.size, 10_000)
  })

  it('tells the time, and time that never goes back', () => {
    assert.ok(Math.abs(systemClock.nowMs() - Date.now()) < 1_000)
    let last = systemClock.monotonicMs()
    for (let look = 0; look < 1_000; look += 1) {
      const now = systemClock.monotonicMs()
      assert.ok(now >= last)
      last = now
    }
  })

  it('calls back once after the wait, or never if it is cancelled, and refuses a wait no timer can hold', async () => {
    const begun = systemClock.monotonicMs()
    let cancelled = 0
    const cancel = systemClock.after(1, () => (cancelled += 1))
    cancel()
    await new Promise<void>(resolve => systemClock.after(20, resolve))
    assert.ok(systemClock.monotonicMs() - begun >= 19)
    assert.equal(cancelled, 0)
    assert.throws(() => systemClock.after(2 ** 31, () => undefined), RangeError)
  })
})
