/**
 * A disk that takes no more: an error for who writes, nothing for who reads, and gone when its cause is gone.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

/** What any file of the process may hold, in blocks of 512 or 1024 bytes, as the shell has it. */
const blocksMax = 8_000

/** Lifts the limit again. */
const lifter = 'prlimit'
const skip = spawnSync(lifter, ['--version']).error !== undefined && `${lifter} is not installed`

test('a full disk refuses appends at once, leaves reads alone, and is no matter when there is room again', {
  skip,
}, async t => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(dir, { recursive: true }))
  const program = join(import.meta.dirname, 'full-disk.ts')
  const out = execFileSync(
    'sh',
    ['-c', `ulimit -S -f ${blocksMax} && exec "$@"`, 'sh', process.execPath, program, dir],
    { timeout: 60_000 },
  )
  const { acknowledged, full, stillFull, whileFull, after, positions } = JSON.parse(out.toString())
  assert.ok(acknowledged > 0)
  assert.equal(stillFull.refused, 20)
  // Three times the second that is promised: a busy machine stands still for longer than one.
  const slowestMs = Math.max(full.slowestMs, stillFull.slowestMs)
  assert.ok(slowestMs < 3_000, `${slowestMs} ms`)
  assert.deepEqual(
    whileFull,
    { last: acknowledged, read: acknowledged },
    'reads go on, and nothing refused is in the log',
  )
  assert.equal(after.appended, 20)
  assert.deepEqual(
    positions,
    Array.from({ length: acknowledged + 20 }, (_, at) => at + 1),
  )
})
