/**
 * Times and durations as people read them here: clock times to the millisecond in the zone of whoever looks, the whole
 * time in UTC beside it.
 */
import { useEffect, useState } from '../ui.ts'

const two = (number: number): string => String(number).padStart(2, '0')

/** Milliseconds: `<1 ms`, `4.2 ms`, `238 ms`, `1.24 s`. */
export function duration(ms: number): string {
  const { number, unit } = durationParts(ms)
  return `${number} ${unit}`
}

/** The same in two parts, where the unit is set smaller than the number. */
export function durationParts(ms: number): { readonly number: string; readonly unit: 'ms' | 's' } {
  if (ms < 1) return { number: '<1', unit: 'ms' }
  // 9.96 is 10 to one decimal, and 999.6 a second.
  if (ms < 9.95) return { number: ms.toFixed(1), unit: 'ms' }
  if (ms < 999.5) return { number: ms.toFixed(0), unit: 'ms' }
  return { number: (ms / 1000).toFixed(2), unit: 's' }
}

/** `HH:MM:SS.mmm`, local. */
export function clock(at: string | number | Date): string {
  const time = new Date(at)
  return `${shortClock(time)}.${String(time.getMilliseconds()).padStart(3, '0')}`
}

/** `HH:MM:SS`, local. */
export function shortClock(at: string | number | Date): string {
  const time = new Date(at)
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** The day in front of a clock time, if it is not today's: `2026-11-20 10:31:36`. */
export function dayAndClock(at: string | number | Date): string {
  const time = new Date(at)
  const day = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return day(time) === day(new Date()) ? shortClock(time) : `${day(time)} ${shortClock(time)}`
}

/** How long ago, roughly: `just now`, `3 min ago`, `2 h ago`, `5 days ago`. */
function ago(at: string | number | Date, nowMs = Date.now()): string {
  const seconds = Math.max(0, (nowMs - new Date(at).getTime()) / 1000)
  if (seconds < 10) return 'just now'
  if (seconds < 90) return `${Math.round(seconds)} s ago`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`
  return `${Math.round(seconds / 86_400)} days ago`
}

/** A time: the clock to the millisecond unless told otherwise, and all of it on hovering. */
export function Time({ at, as = clock }: { readonly at: string; readonly as?: (at: string) => string }) {
  return (
    <time dateTime={at} title={new Date(at).toISOString()}>
      {as(at)}
    </time>
  )
}

/** How long ago something was, kept true while it is looked at. */
export function Ago({ at }: { readonly at: string }) {
  const [, setNow] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return <Time at={at} as={ago} />
}
