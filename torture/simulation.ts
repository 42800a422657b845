/**
 * The simulation: the whole inside of the service, without sockets and disks, through as many misbehaving worlds as
 * the time allows. What fails is shrunk to the shortest history that still does.
 */
import fc from 'fast-check'
import { calmHistory, type DomainHistory, wildHistory } from '../test/simulation/domain-steps.ts'
import { DomainWorld } from '../test/simulation/domain-world.ts'
import { atLeast, type Part } from './world.ts'

/** How long each kind of world is lived in at full length: milliseconds. */
const kindMs = 7_500

/** Histories between two looks at the clock. */
const batch = 250

/** Fewer would say that the simulation has become something else: histories a second, on a machine that is busy. */
const perSecondMin = 100

/** Runs the part. */
export const simulation: Part = async ({ dice, scale, tell }) => {
  const kinds: readonly (readonly [string, fc.Arbitrary<DomainHistory>, boolean])[] = [
    ['wild', wildHistory, true],
    ['calm', calmHistory, false],
  ]
  const figures = []
  const failures: string[] = []
  for (const [name, history, sweeps] of kinds) {
    const beganMs = performance.now()
    let histories = 0
    let steps = 0
    let crashes = 0
    const lived = async (one: DomainHistory) => {
      histories += 1
      steps += one.steps.length
      crashes += one.steps.filter(step => step.do === 'crash').length
      await new DomainWorld(one).live(sweeps)
    }
    while (failures.length === 0 && performance.now() - beganMs < kindMs * scale) {
      const seed = dice.below(2 ** 31)
      const result = await fc.check(fc.asyncProperty(history, lived), { numRuns: batch, seed })
      if (result.failed) failures.push(`${name} world, fast-check seed ${seed}: ${fc.defaultReportMessage(result)}`)
      tell(`${histories} ${name} histories`)
    }
    const seconds = (performance.now() - beganMs) / 1000
    figures.push(
      { name: `${name} histories`, value: histories },
      { name: `${name} steps`, value: steps },
      { name: `${name} crashes`, value: crashes },
      atLeast(`${name} histories a second`, histories / seconds, perSecondMin),
    )
  }
  return { figures, failures }
}
