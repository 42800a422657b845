/**
 * `landline migrate`: a store of an older version, brought up to date while nothing serves.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { schemaVersion as postgresVersion } from '../../src/adapters/postgres/migrations.ts'
import { schemaVersion } from '../../src/adapters/sqlite/migrations.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { openDesk } from './desk.ts'

const versionOf = (file: string): number => {
  const database = new DatabaseSync(file)
  try {
    return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  } finally {
    database.close()
  }
}

suite('landline migrate', { concurrency: 2 }, () => {
  test('brings a store to the version of this program, once', async () => {
    await using desk = await openDesk()
    const store = join(desk.path, '.landline')
    mkdirSync(store, { mode: 0o700 })
    const file = join(store, 'landline.db')
    new DatabaseSync(file).close()
    const first = await desk.run(['migrate', '--dev'])
    assert.equal(first.code, 0, first.err)
    assert.equal(first.out, `The store is at version ${schemaVersion} now, from 0.\n`)
    assert.equal(first.err, '', 'no progress where nobody watches')
    assert.equal(versionOf(file), schemaVersion)
    const again = await desk.run(['migrate', '--dev', '--json'])
    assert.deepEqual(JSON.parse(again.out), { from: schemaVersion, to: schemaVersion })
    assert.deepEqual(readdirSync(desk.path), ['.landline'])
  })

  test('leaves a store alone that is in use, or of a newer program, and makes none', async () => {
    await using desk = await openDesk()
    const none = await desk.run(['migrate', '--dev'])
    assert.equal(none.code, 0)
    assert.match(none.out, /no store/)
    assert.deepEqual(readdirSync(desk.path), [])
    await using service = await desk.start(['--port', '0'])
    const busy = await desk.run(['migrate', '--dev'])
    assert.equal(busy.code, 7)
    assert.match(busy.err, /^landline: .*\.landline.* \(StoreInUse\)\n[^\n]+\n$/)
    assert.equal(await service.stop(), 0)
    const file = join(desk.path, '.landline', 'landline.db')
    const database = new DatabaseSync(file)
    database.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
    database.close()
    const newer = await desk.run(['migrate', '--dev'])
    assert.equal(newer.code, 1)
    assert.match(newer.err, /newer Landline/)
    assert.equal(versionOf(file), schemaVersion + 1)
  })

  test('brings a database in PostgreSQL to the version of this program', {
    skip: withoutPostgres ?? false,
  }, async () => {
    await using server = await startPostgres()
    await using desk = await openDesk()
    const env = {
      LANDLINE_STORE_KIND: 'postgres',
      LANDLINE_STORE_URL: server.url,
      LANDLINE_MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
    }
    const first = await desk.run(['migrate', '--json'], { env })
    assert.equal(first.code, 0, first.err)
    assert.deepEqual(JSON.parse(first.out), { from: 0, to: postgresVersion })
    const again = await desk.run(['migrate'], { env })
    assert.equal(again.out, `The store is up to date: version ${postgresVersion}.\n`)
    await server.stop()
    const away = await desk.run(['migrate'], { env })
    assert.equal(away.code, 1)
    assert.match(away.err, /ECONNREFUSED/)
  })
})
