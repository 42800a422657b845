/**
 * The last three minutes, a point a second: read once, then added to by the live socket.
 */
import type { SeriesBody, StatsPoint } from '../../../src/protocol/admin-live.ts'

/** How far back is shown: seconds. */
export const windowSeconds = 180

/** How many seconds the figures are the mean of: a single second jumps. */
const meanSeconds = 5

/** The points of a series. */
export const pointsOf = ({ t, ...rest }: SeriesBody): readonly StatsPoint[] =>
  t.map((second, at) => ({
    t: second,
    in: rest.in[at] ?? 0,
    out: rest.out[at] ?? 0,
    p50: rest.p50[at] ?? null,
    p99: rest.p99[at] ?? null,
    sockets: rest.sockets[at] ?? 0,
    failed: rest.failed[at] ?? 0,
  }))

/** The points with newer ones, each second once, and no more than the window holds. */
export function added(points: readonly StatsPoint[], newer: readonly StatsPoint[]): readonly StatsPoint[] {
  const last = points.at(-1)?.t ?? 0
  return [...points, ...newer.filter(({ t }) => t > last)].slice(-windowSeconds)
}

/**
 * Whether newer points do not follow on these: seconds passed between the reading of the series and the first news of
 * it, or while news was on its way.
 */
export function isTorn(points: readonly StatsPoint[], newer: readonly StatsPoint[]): boolean {
  const last = points.at(-1)?.t
  const next = newer.find(({ t }) => last === undefined || t > last)?.t
  return next !== undefined && (last === undefined || next > last + 1)
}

/** What the six figures say. */
export type Figures = {
  /** Activities a second. */
  readonly in: number
  readonly out: number
  /** Milliseconds; null where no bot was called in the window. */
  readonly p50: number | null
  readonly p99: number | null
  readonly sockets: number
  readonly failed: number
}

/** The figures of now. */
export function figuresOf(points: readonly StatsPoint[]): Figures {
  const recent = points.slice(-meanSeconds)
  const mean = (name: 'in' | 'out') => recent.reduce((sum, point) => sum + point[name], 0) / Math.max(recent.length, 1)
  return {
    in: mean('in'),
    out: mean('out'),
    p50: points.findLast(({ p50 }) => p50 !== null)?.p50 ?? null,
    p99: points.findLast(({ p99 }) => p99 !== null)?.p99 ?? null,
    sockets: points.at(-1)?.sockets ?? 0,
    failed: points.reduce((sum, point) => sum + point.failed, 0),
  }
}

/** A rate as it is written: whole from ten on, else with one decimal, and a bare 0. */
export const rate = (number: number): string =>
  number === 0 || number >= 9.95 ? Math.round(number).toLocaleString('en') : number.toFixed(1).replace(/\.0$/, '')

/** Whether anything at all has happened in the window. */
export const isQuiet = (points: readonly StatsPoint[]): boolean =>
  points.every(point => point.in === 0 && point.out === 0 && point.p50 === null && point.failed === 0)
