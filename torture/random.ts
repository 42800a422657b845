/**
 * Dice that fall the same way again: a run is repeated by its seed. What the system's scheduler does is not repeated
 * with it, so a seed brings the same plan, not the same microsecond.
 */

/** Seeded dice. */
export type Dice = {
  /** From 0 up to, not including, 1. */
  readonly share: () => number
  /** A whole number from 0 up to, not including, `below`. */
  readonly below: (below: number) => number
  /** Whether something of this likelihood happens. */
  readonly happens: (likelihood: number) => boolean
  /** Dice of their own for a part of the work, so that parts do not disturb each other's falls. */
  readonly apart: (name: string) => Dice
}

/** Makes dice of a seed. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const share = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    share,
    below: below => Math.floor(share() * below),
    happens: likelihood => share() < likelihood,
    apart: name => diceOf([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed)),
  }
}
