/**
 * What is promised about how the service fares: by every store about its commits, and by the measure of the process.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, type TestContext, test } from 'node:test'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { openLoad } from '../../src/adapters/system/load.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import { openPostgres, postgresIfThere } from '../support/postgres-store.ts'
import { patienceMs } from '../support/until.ts'
import { entriesOf, messageAppend, started } from './log-samples.ts'

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

const adapters: Record<string, (t: TestContext) => Promise<ConversationStore>> = {
  memory: async () => new MemoryStore(),
  SQLite: async (t: TestContext) => openSqliteStore({ dir: await folder(t) }),
  ...Object.fromEntries(postgresIfThere(openPostgres)),
}

for (const [adapter, open] of Object.entries(adapters)) {
  describe(`${adapter}: health`, () => {
    test('probes resolve, any number of them beside anything else, and nobody sees them', async t => {
      await using store = await open(t)
      const id = await started(store, 'a')
      await Promise.all([
        ...Array.from({ length: 10 }, () => store.probe()),
        store.append(messageAppend(id, 'beside them')),
      ])
      await store.probe()
      assert.equal((await entriesOf(store, id)).length, 1)
    })

    test('nothing waits once everything that was asked for has been answered', async t => {
      await using store = await open(t)
      assert.equal(store.waitingMs, 0)
      const id = await started(store, 'a')
      await Promise.all(Array.from({ length: 20 }, (_, n) => store.append(messageAppend(id, `${n}`))))
      assert.equal(store.waitingMs, 0)
    })
  })
}

/** Resolves when it is so: looked at in every turn of the loop. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const giveUpMs = performance.now() + patienceMs; !isSo(); ) {
    assert.ok(performance.now() < giveUpMs, `waited in vain for ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

test('SQLite: each probe is written, which it would not be if it were the same as the one before', async t => {
  const dir = await folder(t)
  await using store = await openSqliteStore({ dir })
  const other = new DatabaseSync(databaseFile(dir), { readOnly: true })
  try {
    const version = () => Object.values(other.prepare('PRAGMA data_version').get() ?? {})[0]
    const versions = new Set([version()])
    for (let count = 0; count < 5; count += 1) {
      await store.probe()
      versions.add(version())
    }
    assert.equal(versions.size, 6)
  } finally {
    other.close()
  }
})

test('SQLite: while nothing can be written the oldest change tells how long it has waited, and a probe fails in the end; then all is well again', async t => {
  const dir = await folder(t)
  await using store = await openSqliteStore({ dir })
  const id = await started(store, 'a')
  const other = new DatabaseSync(databaseFile(dir))
  try {
    other.exec('BEGIN IMMEDIATE')
    const beginMs = performance.now()
    const probe = store.probe().then(
      () => 'stored',
      (error: unknown) => error,
    )
    await until('a change to have waited', () => store.waitingMs > 300)
    const later = store.append(messageAppend(id, 'later')).catch(() => undefined)
    assert.ok(store.waitingMs > 300, 'who comes later does not make the first one’s wait shorter')
    assert.ok(store.waitingMs <= performance.now() - beginMs)
    assert.match(String(await probe), /cannot store this now/)
    await later
  } finally {
    other.close()
  }
  await store.probe()
  assert.equal(store.waitingMs, 0)
})

test('SQLite: a store that is closed fails a probe', async t => {
  const store = await openSqliteStore({ dir: await folder(t) })
  await store[Symbol.asyncDispose]()
  await assert.rejects(store.probe())
})

/** Turns of the loop that take so long each, for half a second in all; then what they were measured as. */
async function measured(ms: number): Promise<number> {
  using load = openLoad()
  const half = async () => {
    for (const endMs = performance.now() + 500; performance.now() < endMs; ) {
      await new Promise(resolve => setImmediate(resolve))
      for (const untilMs = performance.now() + ms; performance.now() < untilMs; );
    }
    // The timers’ turn comes before whoever asks twice a second by a timer.
    await new Promise(resolve => setTimeout(resolve))
    return load.measure().loopLateMs
  }
  await half()
  return await half()
}

test('the lateness of the loop is how long its turns are', async () => {
  for (const ms of [30, 300]) {
    // A turn in which the machine stands still is longer than it was made, so one measure of several has to be close.
    const found: number[] = []
    while (found.length < 5 && !found.some(one => one < ms + 150)) found.push(await measured(ms))
    const least = Math.min(...found)
    assert.ok(least >= ms && least < ms + 150, `turns of ${ms} ms were measured as ${found.join(', ')}`)
  }
})

test('a loop that waits for work is not late, however long it waits', async () => {
  using load = openLoad()
  load.measure()
  await new Promise(resolve => setTimeout(resolve, 400))
  assert.equal(load.measure().loopLateMs, 0)
})

test('memory in use is a part of what the process may have, and grows with what is kept', async () => {
  using load = openLoad()
  const before = load.measure().memoryShare
  assert.ok(before > 0 && before < 0.85, `${before}`)
  const kept = Array.from({ length: 200 }, () => new Array<number>(50_000).fill(1.5))
  const after = load.measure().memoryShare
  assert.ok(after > before, `${kept.length} arrays made ${before} into ${after}`)
})
