/**
 * A migration that is cut off anywhere leaves a database that the next start can use.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { entriesOf, messageAppend, started } from '../contract/log-samples.ts'

/** More statements than all migrations have: this is how the loop finds the end. */
const statementsMax = 200

test('a migration killed after any of its statements leaves a database that opens and works', {
  timeout: 120_000,
}, async t => {
  const root = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(root, { recursive: true }))
  let killed = 0
  for (let statements = 1; statements <= statementsMax; statements += 1) {
    const dir = await mkdtemp(join(root, 'store-'))
    const { signal, status } = spawnSync(process.execPath, [
      join(import.meta.dirname, 'migrator.ts'),
      databaseFile(dir),
      String(statements),
    ])
    assert.ok(signal === 'SIGKILL' || status === 0)
    await using store = await openSqliteStore({ dir })
    const id = await started(store, 'a')
    await store.append(messageAppend(id, 'x'))
    assert.equal((await entriesOf(store, id)).length, 1)
    if (signal === null) break
    killed = statements
  }
  assert.ok(killed > 10 && killed < statementsMax, `killed after each of ${killed} statements`)
})
