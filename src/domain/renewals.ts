/**
 * Things that are good for a while and are made anew in time, so that hardly anybody waits for one.
 */
import type { Clock } from './ports.ts'

/** What was made: good for so long; or no good, for the reasons in it. */
export type Made<Value> =
  | { readonly isGood: true; readonly value: Value; readonly lifetimeMs: number }
  | { readonly isGood: false; readonly value: Value }

type Held<Value> = {
  readonly value: Value
  readonly isGood: boolean
  readonly madeMs: number
  readonly renewMs: number
  readonly untilMs: number
}

/** How long before its end a thing is made anew, if it lives twice as long: milliseconds. */
const renewBeforeMs = 5 * 60 * 1000

/** How long before its end a thing is given to nobody any more: milliseconds. It still has a way to go. */
const marginMs = 60 * 1000

/** How long a failure stands before it is tried again: milliseconds. */
const retryMs = 1_000

/** Things held; beyond it the oldest go. */
const heldMax = 1_000

/** Holds things by name. */
export class Renewals<Value> {
  readonly #clock: Clock
  readonly #held = new Map<string, Held<Value>>()
  readonly #making = new Map<string, Promise<Value>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The thing of this name: at once while it is good, else when it has been made. It is made once, however many ask,
   * and anew before its end while everybody still gets the old one. A clock that has gone back before it was made ends
   * it too.
   *
   * @param make must not reject
   */
  get(name: string, make: () => Promise<Made<Value>>): Value | Promise<Value> {
    const held = this.#held.get(name)
    const nowMs = this.#clock.nowMs()
    if (held === undefined || !isCurrent(held, nowMs)) return this.#make(name, make)
    if (nowMs >= held.renewMs) this.#make(name, make)
    return held.value
  }

  #make(name: string, make: () => Promise<Made<Value>>): Promise<Value> {
    const running = this.#making.get(name)
    if (running !== undefined) return running
    // What is made says its end by the clock of when that began, however long it takes.
    const beganMs = this.#clock.nowMs()
    const making = make().then(made => {
      this.#making.delete(name)
      return this.#hold(name, made, beganMs)
    })
    this.#making.set(name, making)
    return making
  }

  #hold(name: string, made: Made<Value>, beganMs: number): Value {
    const nowMs = this.#clock.nowMs()
    const before = this.#held.get(name)
    if (!made.isGood && before?.isGood && isCurrent(before, nowMs)) {
      this.#held.set(name, { ...before, renewMs: nowMs + retryMs })
      return before.value
    }
    const lifetimeMs = made.isGood ? made.lifetimeMs : retryMs
    const fromMs = made.isGood ? beganMs : nowMs
    this.#held.delete(name)
    for (const oldest of this.#held.keys()) {
      if (this.#held.size < heldMax) break
      this.#held.delete(oldest)
    }
    this.#held.set(name, {
      value: made.value,
      isGood: made.isGood,
      madeMs: fromMs,
      renewMs: fromMs + lifetimeMs - Math.min(renewBeforeMs, lifetimeMs / 2),
      untilMs: fromMs + lifetimeMs - (made.isGood ? Math.min(marginMs, lifetimeMs / 4) : 0),
    })
    return made.value
  }
}

const isCurrent = (held: Held<unknown>, nowMs: number): boolean =>
  nowMs >= held.madeMs - marginMs && nowMs < held.untilMs
