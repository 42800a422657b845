/**
 * Waiting for what nobody tells of: it is asked for again and again, for as long as a person would wait.
 */
import { setTimeout as pause } from 'node:timers/promises'

const patienceMs = 10_000
const againMs = 50

/**
 * Resolves with the first answer that is neither undefined nor false.
 *
 * @param what is said to be missing, in the error of a wait that was in vain
 */
export async function eventually<Found>(what: string, look: () => Promise<Found | undefined | false>): Promise<Found> {
  for (const startMs = performance.now(); performance.now() - startMs < patienceMs; await pause(againMs)) {
    const found = await look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`Waited ${patienceMs} ms in vain: ${what}.`)
}
