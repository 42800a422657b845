/**
 * Several nodes in small: `npm run torture -- --nodes 3` for a few seconds, with everything judged but how long things
 * took. `LANDLINE_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type News, withoutCluster } from '../../torture/cluster.ts'
import { run } from '../../torture/command.ts'
import { nodes } from '../../torture/nodes.ts'
import { leaveNothing } from '../../torture/world.ts'
import { seedOf } from '../support/seed.ts'

const seed = seedOf()
process.once('exit', leaveNothing)

const promises: readonly (readonly [name: string, news: News, promise: string])[] = [
  [
    'nodes',
    'redis',
    'three nodes over PostgreSQL and Redis lose, double and disorder nothing, whichever of them fails',
  ],
  [
    'notify',
    'postgres',
    'three nodes over PostgreSQL alone lose, double and disorder nothing, whichever of them fails',
  ],
]

for (const [name, news, promise] of promises) {
  test(promise, { timeout: 200_000, skip: withoutCluster(news) ?? false }, async t => {
    t.diagnostic(`LANDLINE_SEED=${seed}`)
    const { figures, failures } = await run(name, nodes(3, news, 3), { seed, scale: 0.05 })
    const missed = figures.filter(({ isMet, isWait }) => isMet === false && isWait !== true)
    assert.deepEqual({ failures, missed }, { failures: [], missed: [] }, `LANDLINE_SEED=${seed}`)
  })
}
