/**
 * What a row of the bench comes to: figures, with the baseline each is held against; and the little arithmetic that
 * makes one figure of many measurements.
 */

/** One line of the table. */
export type Figure = {
  /** Stable, for targets and for programs that read the JSON: `loop.64.rate`. */
  readonly id: string
  readonly what: string
  readonly unit: '/s' | 'ms' | 'µs' | 'KB' | 'MB'
  readonly value: number
  /** The same of the floor, or of the small store, in the same run. */
  readonly baseline?: number
  readonly note?: string
}

/** Tells people at their terminal how far it is. */
export type Say = (progress: string) => void

/** The middle one; the mean of the two in the middle of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length / 2
  if (!Number.isInteger(middle)) return sorted[Math.floor(middle)] ?? Number.NaN
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** The value that this part of all do not exceed: 0.99 for the p99. NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

/** Runs each of the measurements once in every round, so that all meet the same moods of the machine. */
export async function interleaved<Name extends string, Result>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<Result>>>,
  say: Say = () => undefined,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(measurements) as Name[]
  const results = Object.fromEntries(names.map(name => [name, []])) as unknown as Record<Name, Result[]>
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`)
    for (const name of names) results[name].push(await measurements[name]())
  }
  return results
}

/** A round number as people say it: `10 k`, `1 M`. */
export const inWords = (number: number): string =>
  number >= 1_000_000 ? `${number / 1_000_000} M` : number >= 1_000 ? `${number / 1_000} k` : String(number)

/** What is said of a load that may be what is slow. 1 is a whole core. */
export const loadNote = (shares: {
  readonly Landline: readonly number[]
  readonly floor: readonly number[]
}): string => {
  const share = (side: keyof typeof shares) => `${(median(shares[side]) * 100).toFixed(0)} %`
  return `the load took ${share('Landline')} of a core, ${share('floor')} with the floor`
}
