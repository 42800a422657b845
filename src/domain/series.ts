/**
 * What happens, second by second: counted as it happens, and kept as one point a second for the last hour.
 */
import type { SeriesBody, StatsPoint } from '../protocol/admin-live.ts'

/** Numbers in one point: t, in, out, p50, p99, sockets, failed. */
const width = 7

/** Points kept: an hour of them. */
const pointsMax = 3_600

/** Times of bots taken into account in one second; of more, the newest. */
const timesMax = 2_048

/** The figures of each second. */
export class Series {
  readonly #points = new Float64Array(pointsMax * width)
  readonly #times = new Float64Array(timesMax)
  #count = 0
  #timesCount = 0
  #in = 0
  #out = 0
  #failed = 0

  /** A client's activity goes to a bot. */
  cameIn(): void {
    this.#in += 1
  }

  /** A bot's activity goes to clients. */
  wentOut(): void {
    this.#out += 1
  }

  /** A turn has ended. `ms`: how long its bot took. */
  turnEnded(ms: number, isFailed: boolean): void {
    if (isFailed) this.#failed += 1
    else this.#times[this.#timesCount++ % timesMax] = ms
  }

  /** Ends the second that runs. Answers its point. */
  close(seconds: number, sockets: number): StatsPoint {
    const times = this.#times.subarray(0, Math.min(this.#timesCount, timesMax)).sort()
    const quantile = (part: number) => times[Math.max(0, Math.ceil(times.length * part) - 1)] ?? Number.NaN
    const at = (this.#count % pointsMax) * width
    this.#points.set([seconds, this.#in, this.#out, quantile(0.5), quantile(0.99), sockets, this.#failed], at)
    this.#count += 1
    this.#in = 0
    this.#out = 0
    this.#failed = 0
    this.#timesCount = 0
    return this.#pointAt(this.#count - 1)
  }

  /** The last so many seconds, of the last hour at most: oldest first. */
  last(seconds: number): SeriesBody {
    const from = Math.max(0, this.#count - Math.min(seconds, pointsMax))
    const points = Array.from({ length: this.#count - from }, (_, at) => this.#pointAt(from + at))
    return {
      t: points.map(({ t }) => t),
      in: points.map(point => point.in),
      out: points.map(({ out }) => out),
      p50: points.map(({ p50 }) => p50),
      p99: points.map(({ p99 }) => p99),
      sockets: points.map(({ sockets }) => sockets),
      failed: points.map(({ failed }) => failed),
    }
  }

  #pointAt(number: number): StatsPoint {
    const at = (number % pointsMax) * width
    const value = (field: number) => this.#points[at + field] ?? 0
    return {
      t: value(0),
      in: value(1),
      out: value(2),
      p50: oneDecimal(value(3)),
      p99: oneDecimal(value(4)),
      sockets: value(5),
      failed: value(6),
    }
  }
}

/** Nothing was measured: no number says so. */
const oneDecimal = (ms: number): number | null => (Number.isNaN(ms) ? null : Math.round(ms * 10) / 10)
