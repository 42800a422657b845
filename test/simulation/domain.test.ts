/**
 * The whole inside of the service in worlds that misbehave: however the news, the store, the bot and the clock behave,
 * and whenever the process dies, nothing is lost, doubled, out of order, invented or crossed over.
 * `LANDLINE_HISTORIES` says how many, `LANDLINE_SEED` repeats a run.
 */
import { test } from 'node:test'
import fc from 'fast-check'
import { seedOf } from '../support/seed.ts'
import { calmHistory, wildHistory } from './domain-steps.ts'
import { DomainWorld } from './domain-world.ts'

const numRuns = Number(process.env['LANDLINE_HISTORIES'] ?? 400)
const seed = seedOf()
const parameters = { numRuns, seed }

test('keeps every promise although news is lost, the store fails and the process dies', async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(wildHistory, history => new DomainWorld(history).live(true)),
    parameters,
  )
})

test('keeps every promise without a sweep where news comes, however late', async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(calmHistory, history => new DomainWorld(history).live(false)),
    parameters,
  )
})
