/**
 * How a bot behaves whose turns end when the test says so.
 */
import type { WireActivity } from '../../support/http.ts'

/** Answers for `startBot`, and what ends a turn. */
export type Holding = {
  readonly answer: (activity: WireActivity) => number | Promise<number>
  /** Ends the turn of an activity, with 200 unless another status is said; before or after it has begun. */
  release(id: string | undefined, status?: number): void
  /** Ends every turn that is held, and holds no more. */
  releaseAll(): void
}

/** @param holds which turns are held; the others are accepted at once */
export function holding(holds: (activity: WireActivity) => boolean = ({ type }) => type === 'message'): Holding {
  const ends = new Map<string | undefined, { readonly promise: Promise<number>; resolve(status: number): void }>()
  let holdsNone = false
  const endOf = (id: string | undefined) => {
    const known = ends.get(id) ?? Promise.withResolvers<number>()
    ends.set(id, known)
    return known
  }
  return {
    answer: activity => (holdsNone || !holds(activity) ? 200 : endOf(activity.id).promise),
    release: (id, status = 200) => endOf(id).resolve(status),
    releaseAll() {
      holdsNone = true
      for (const { resolve } of ends.values()) resolve(200)
    },
  }
}
