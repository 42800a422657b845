/**
 * How long a crowd waits: for the next acknowledgement, and until what was acknowledged is shown.
 */
import type { Sent, Sighting } from './history.ts'
import { endsWithin } from './world.ts'

/** Hears of a crowd, and tells how long things took. */
export class Waits {
  /** Between an acknowledgement and the sight of it at another node, while it was watched: milliseconds. */
  readonly shownMs: number[] = []
  readonly #waiting = new Set<{ readonly who: string; readonly heard: () => void }>()
  /** What was acknowledged and not shown yet: mark → when and where. */
  readonly #unshown = new Map<string, { readonly atMs: number; readonly base: string }>()
  /** What was shown before it was acknowledged: mark → where. */
  readonly #shownFirst = new Map<string, string>()
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

  /** The database goes: what has not been shown by now says nothing of news. */
  dropUnshown(): void {
    this.#unshown.clear()
  }

  /** Hears of an acknowledgement at a node. */
  said({ mark }: Sent, base: string): void {
    for (const one of this.#waiting) if (mark.startsWith(one.who)) one.heard()
    if (!this.#isWatching) return
    const shownAt = this.#shownFirst.get(mark)
    if (shownAt === undefined) this.#unshown.set(mark, { atMs: performance.now(), base })
    else if (shownAt !== base) this.shownMs.push(0)
  }

  /** Hears of a sight at a node. */
  shown({ mark = '' }: Sighting, base: string): void {
    const said = this.#unshown.get(mark)
    if (said === undefined) {
      if (this.#isWatching) this.#shownFirst.set(mark, base)
      return
    }
    this.#unshown.delete(mark)
    if (said.base !== base) this.shownMs.push(performance.now() - said.atMs)
  }
}
