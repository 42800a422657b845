/**
 * The torture in small: every part of `npm run torture` for a few seconds, with everything judged but how long things
 * took. `LANDLINE_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { badBots } from '../../torture/bad-bots.ts'
import { clockJumps } from '../../torture/clock-jumps.ts'
import { run } from '../../torture/command.ts'
import { drain } from '../../torture/drain.ts'
import { fullDisk } from '../../torture/full-disk.ts'
import { kills } from '../../torture/kills.ts'
import { powerCuts } from '../../torture/power-cuts.ts'
import { silentReaders } from '../../torture/silent-readers.ts'
import { soak } from '../../torture/soak.ts'
import { tornWrites } from '../../torture/torn-writes.ts'
import { leaveNothing, type Part } from '../../torture/world.ts'
import { seedOf } from '../support/seed.ts'

const seed = seedOf()
process.once('exit', leaveNothing)

/** How much of a full run: enough for each part to do what it is for. */
const scale = 0.05

const promises: readonly (readonly [name: string, part: Part, promise: string, share?: number])[] = [
  ['kills', kills(3), 'loses, doubles and disorders nothing when it is killed under load'],
  ['power', powerCuts, 'keeps through a power cut at any moment what it had acknowledged before'],
  ['torn', tornWrites, 'opens with exactly the whole commits, wherever its last writes were torn'],
  ['disk', fullDisk, 'refuses sends on a full disk, goes on reading, and recovers without a restart'],
  ['drain', drain, 'ends turns, takes the bot’s replies and closes every socket when it is stopped under load'],
  ['clock', clockJumps, 'keeps order, tokens and sockets through jumps of the clock'],
  ['bots', badBots, 'tells clients of bots that fail, and loses and doubles nothing by it'],
  ['readers', silentReaders, 'spends a bounded amount of memory on sockets that are never read'],
  ['soak', soak, 'stays flat while conversations come and go', 0.002],
]

for (const [name, part, promise, share = scale] of promises) {
  test(promise, { timeout: 120_000 }, async t => {
    t.diagnostic(`LANDLINE_SEED=${seed}`)
    const { figures, failures, skipped = [] } = await run(name, part, { seed, scale: share })
    for (const why of skipped) t.diagnostic(`not done here: ${why}`)
    const missed = figures.filter(({ isMet, isWait }) => isMet === false && isWait !== true)
    assert.deepEqual({ failures, missed }, { failures: [], missed: [] }, `LANDLINE_SEED=${seed}`)
  })
}
