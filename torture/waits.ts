/**
 * How long a crowd waits: for the next acknowledgement, and until what was acknowledged is shown.
 */
import type { Sent, Sighting } from './history.ts'
import { endsWithin } from './world.ts'

/** Hears of a crowd, and tells how long things took. */
export class Waits {
  /** Between an acknowledgement and the sight of it, for what was acknowledged while it was watched: milliseconds. */
  readonly shownMs: number[] = []
  readonly #waiting = new Set<{ readonly who: string; readonly heard: () => void }>()
  /** What was acknowledged and not shown yet: mark → when. */
  readonly #unshown = new Map<string, number>()
  readonly #shownFirst = new Set<string>()
  #isWatching = false

  /** Milliseconds until somebody is acknowledged, or one of them; infinite after `timeoutMs`. */
  async next(timeoutMs: number, who = ''): Promise<number> {
    const beganMs = performance.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    const one = { who, heard: resolve }
    this.#waiting.add(one)
    const wasInTime = await endsWithin(timeoutMs, promise)
    this.#waiting.delete(one)
    return wasInTime ? performance.now() - beganMs : Number.POSITIVE_INFINITY
  }

  /** From now on it is watched how long what is acknowledged takes to be shown. */
  beginShowing(): void {
    this.#unshown.clear()
    this.#shownFirst.clear()
    this.#isWatching = true
  }

  /** What is acknowledged from now on does not count; what was acknowledged before still does when it is shown. */
  endShowing(): void {
    this.#isWatching = false
  }

  said({ mark }: Sent): void {
    for (const one of this.#waiting) if (mark.startsWith(one.who)) one.heard()
    if (!this.#isWatching) return
    if (this.#shownFirst.has(mark)) this.shownMs.push(0)
    else this.#unshown.set(mark, performance.now())
  }

  shown({ mark = '' }: Sighting): void {
    const saidMs = this.#unshown.get(mark)
    if (saidMs !== undefined) {
      this.shownMs.push(performance.now() - saidMs)
      this.#unshown.delete(mark)
    } else if (this.#isWatching) this.#shownFirst.add(mark)
  }
}
