/**
 * The machine's time.
 */
import type { Clock } from '../../domain/ports.ts'

/** The longest wait a Node timer can hold: milliseconds, nearly 25 days. A longer one would end at once. */
const waitMsMax = 2 ** 31 - 1

/** The system's wall clock and its monotonic one. `after` throws a RangeError for more than 24 days. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (ms, callback) => {
    if (ms > waitMsMax) throw new RangeError(`A wait of ${ms} ms is longer than a timer can hold.`)
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
