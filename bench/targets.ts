/**
 * What is to be reached. `must` is what a release may not fall short of, `aim` what is worked for; both for Landline
 * with everything on, on a machine with two cores that is otherwise quiet.
 */
import type { Figure } from './figures.ts'

/** What one figure is to reach. */
export type Target = {
  readonly must: number
  readonly aim: number
  /** Whether more is better, or less. */
  readonly better: 'more' | 'less'
  /** What is judged: the figure itself in its unit, or its ratio to the baseline. */
  readonly of: 'value' | 'ratio'
}

/** How a figure has come out. */
export type Verdict = 'aim reached' | 'must reached' | 'missed'

const more = (must: number, aim: number): Target => ({ must, aim, better: 'more', of: 'ratio' })
const less = (must: number, aim: number): Target => ({ must, aim, better: 'less', of: 'ratio' })
const lessThan = (must: number, aim: number): Target => ({ must, aim, better: 'less', of: 'value' })

/** By the figure's id. Stores are told by their size, and only the largest has targets. */
const targets: Readonly<Record<string, Target>> = {
  'loop.1.added50': lessThan(0.8, 0.4),
  'loop.1.added99': lessThan(4, 2),
  'loop.16.rate': more(0.8, 1),
  'loop.64.rate': more(1, 1.5),
  'loop.64.p99': less(1.2, 0.8),
  'loop.256.rate': more(1, 1.5),
  'polling.empty': more(0.5, 0.8),
  'polling.one': more(0.5, 0.8),
  storm: less(1.6, 1.2),
  'sockets.memory': lessThan(12, 8),
  // Half as many a second take twice the time.
  'store.10000000.append': more(1 / 2, 1 / 1.3),
  'store.10000000.replay-live': less(1.5, 1.1),
  'start.ready': lessThan(500, 200),
  'idle.memory': lessThan(90, 70),
  'inspect.none.rate': more(0.95, 0.98),
  'nodes.1.rate': more(0.6, 0.8),
  'nodes.2.postgres.rate': more(1.6, 1.9),
  'nodes.2.redis.rate': more(1.6, 1.9),
}

/** The figure's target, if it has one. */
export const targetOf = ({ id }: Figure): Target | undefined => targets[id]

/** The figure as a part of its baseline; undefined without one. */
export const ratioOf = ({ value, baseline }: Figure): number | undefined =>
  baseline === undefined ? undefined : value / baseline

/** How a figure has come out against its target; undefined without one, or where it could not be measured. */
export function verdictOn(figure: Figure): Verdict | undefined {
  const target = targetOf(figure)
  const judged = target?.of === 'ratio' ? ratioOf(figure) : figure.value
  if (target === undefined || judged === undefined || Number.isNaN(judged)) return undefined
  const reaches = (bar: number) => (target.better === 'more' ? judged >= bar : judged <= bar)
  if (reaches(target.aim)) return 'aim reached'
  return reaches(target.must) ? 'must reached' : 'missed'
}
