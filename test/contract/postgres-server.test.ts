/**
 * The PostgreSQL server as it is found: a schema that is made once, however many start at the same time, and settings that
 * break a promise.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Connections } from '../../src/adapters/postgres/connections.ts'
import { migrate, schemaVersion } from '../../src/adapters/postgres/migrations.ts'
import { risksOf } from '../../src/adapters/postgres/risks.ts'
import { eventually } from '../clients/support/eventually.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { openOn, sharedPostgres } from '../support/postgres-store.ts'
import { appended, messageAppend, started, upTo } from './log-samples.ts'
import { nodes, query } from './postgres-nodes.ts'

suite('a PostgreSQL that may lose what was acknowledged', { skip: withoutPostgres ?? false }, () => {
  test('is told of: one that does not sync, and one whose standbys may be behind when they take over', async () => {
    await using server = await startPostgres({ durable: true })
    const change = async (setting: string) => {
      await server.query(`ALTER SYSTEM SET ${setting}`)
      await server.query('SELECT pg_reload_conf()')
    }
    const told = async (count: number) => {
      let risks: readonly string[] = []
      await eventually(`${count} risks`, async () => {
        risks = await risksOf(server.url)
        return risks.length === count
      })
      return risks.join(' ')
    }
    assert.equal(await told(0), '')
    using _standby = await server.attachStandby()
    assert.match(await told(1), /standbys and none is synchronous/)
    // It confirms what it has taken as soon as it is asked to.
    await change("synchronous_standby_names = 'somebody'")
    assert.equal(await told(0), '')
  })

  test('is told of where nothing is synced', async () => {
    assert.match((await risksOf((await sharedPostgres()).url)).join(), /runs with fsync off/)
  })
})

suite('the schema in PostgreSQL', { skip: withoutPostgres ?? false }, () => {
  test('is made once, however many start at the same time', async () => {
    const url = await (await sharedPostgres()).makeDatabase()
    const made = await Promise.all(upTo(8).map(() => migrate(url)))
    assert.deepEqual(made.map(({ from }) => from).sort(), [0, ...new Array(7).fill(schemaVersion)])
    assert.ok(made.every(({ to }) => to === schemaVersion))
  })

  test('of a newer program is refused where this one can’t go on beside it, and used where it can', async t => {
    const { url } = await nodes(t, 1)
    const add = 'INSERT INTO landline.steps (version, is_breaking) VALUES'
    await query(url, `${add} (${schemaVersion + 1}, false)`)
    assert.deepEqual(await migrate(url), { from: schemaVersion + 1, to: schemaVersion + 1 })
    await query(url, `${add} (${schemaVersion + 2}, true)`)
    await assert.rejects(migrate(url), /newer Landline has used it/)
  })

  test('is used by those who may not make one', async t => {
    const { url } = await nodes(t, 1)
    await query(
      url,
      `CREATE ROLE tenant LOGIN; GRANT USAGE ON SCHEMA landline TO tenant;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA landline TO tenant`,
    )
    const store = await openOn(t, url.replace('//landline@', '//tenant@'))
    const id = await started(store, 'a')
    await appended(store.append(messageAppend(id, 'x')))
  })

  test('is written to by connections that wait for their commits, whatever the database says', async () => {
    const url = await (await sharedPostgres()).makeDatabase()
    await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET synchronous_commit = off`)
    const connections = new Connections(url, 1)
    try {
      const rows = await connections.query<[string]>({ text: "SELECT current_setting('synchronous_commit')" }, [])
      assert.deepEqual(rows, [['on']])
    } finally {
      await connections.close()
    }
  })
})
