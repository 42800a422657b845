/**
 * Durations and sizes as people write them: `14d`, `15s`, `16KiB`.
 */

/** What a duration is counted in. */
export type TimeUnit = 'ms' | 's' | 'm' | 'h' | 'd'

const millisecondsOf: Readonly<Record<TimeUnit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const bytesOf: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
}

/** A duration with its unit. */
export const durationPattern = /^(\d{1,15}(?:\.\d{1,6})?) ?(ms|s|m|h|d)$/

/** A size with its unit. */
export const sizePattern = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|[KMGT]iB|[kMGT]B)$/

/** A duration as a number of `unit`; NaN for what is none. */
export function readDuration(text: string, unit: TimeUnit): number {
  const [, number, given] = durationPattern.exec(text) ?? []
  return exact(Number(number) * (millisecondsOf[given as TimeUnit] / millisecondsOf[unit]))
}

/** A size in bytes; NaN for what is none. */
export function readSize(text: string): number {
  const [, number, given = ''] = sizePattern.exec(text) ?? []
  return exact(Number(number) * (bytesOf[given] ?? Number.NaN))
}

/** A duration in the largest unit that makes it a whole number. */
export function writeDuration(number: number, unit: TimeUnit): string {
  const ms = number * millisecondsOf[unit]
  const best = (['d', 'h', 'm', 's'] as const).find(
    larger => ms >= millisecondsOf[larger] && ms % millisecondsOf[larger] === 0,
  )
  return `${ms / millisecondsOf[best ?? 'ms']}${best ?? 'ms'}`
}

/** A size in the largest power of 1024 that makes it a whole number. */
export function writeSize(bytes: number): string {
  const best = (['TiB', 'GiB', 'MiB', 'KiB'] as const).find(
    unit => bytes >= (bytesOf[unit] ?? 1) && bytes % (bytesOf[unit] ?? 1) === 0,
  )
  return `${bytes / (bytesOf[best ?? 'B'] ?? 1)}${best ?? 'B'}`
}

/** 0.1 + 0.2: fractions of what is counted in whole numbers come from arithmetic, not from people. */
const exact = (number: number): number => Number(number.toFixed(6))
