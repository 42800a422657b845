/**
 * Seeds of what tests try at random. One of the environment repeats a run: the gate names one, so that a change is
 * judged by what it changes, and by hand each run tries something else.
 */
import { randomInt } from 'node:crypto'

/** The seed that the environment names, or a new one: a whole number below 2^31. Whoever takes it prints it. */
export function seedOf(variable: 'LANDLINE_SEED' | 'LANDLINE_FUZZ_SEED' = 'LANDLINE_SEED'): number {
  return Number(process.env[variable] ?? randomInt(2 ** 31))
}
