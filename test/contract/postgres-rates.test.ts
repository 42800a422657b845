/**
 * What several nodes count together in PostgreSQL.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Connections } from '../../src/adapters/postgres/connections.ts'
import { migrate } from '../../src/adapters/postgres/migrations.ts'
import { PostgresRates } from '../../src/adapters/postgres/rates.ts'
import { eventually } from '../clients/support/eventually.ts'
import { withoutPostgres } from '../support/postgres.ts'
import { sharedPostgres } from '../support/postgres-store.ts'
import { query } from './postgres-nodes.ts'

/** So much that no test lives until it is free again: milliseconds. */
const much = 10_000_000

/** What may have become free again while a test ran: milliseconds. */
const aWhileMs = 200_000

const near = (owedMs: number | undefined, wantedMs: number) => {
  assert.ok(owedMs !== undefined && owedMs <= wantedMs && owedMs > wantedMs - aWhileMs, `${owedMs}, not ${wantedMs}`)
}

/** An empty database, and nodes that count in it. */
async function open(count: number, clearEveryMs?: number) {
  await using opened = new AsyncDisposableStack()
  const url = await (await sharedPostgres()).makeDatabase()
  await migrate(url)
  const nodes = Array.from({ length: count }, () => {
    const connections = new Connections(url, 2)
    opened.defer(() => connections.close())
    return new PostgresRates(connections, clearEveryMs)
  })
  const kept = opened.move()
  return { url, nodes, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

suite('rates of several nodes in PostgreSQL', { skip: withoutPostgres ?? false }, () => {
  test('add up for each caller and rate, and are answered in the order in which they were told', async () => {
    await using world = await open(2)
    const [one, two] = world.nodes
    const [a, b, other] = [
      { rate: 'sends', caller: 'a' },
      { rate: 'sends', caller: 'b' },
      { rate: 'polls', caller: 'a' },
    ]
    const first = await one?.add([
      { ...b, ms: much },
      { ...a, ms: 2 * much },
    ])
    near(first?.[0], much)
    near(first?.[1], 2 * much)
    const second = await two?.add([
      { ...a, ms: 3 * much },
      { ...other, ms: much },
      { ...b, ms: much / 2 },
    ])
    near(second?.[0], 5 * much)
    near(second?.[1], much)
    near(second?.[2], 1.5 * much)
  })

  test('count from now on what comes after everything was free again', async () => {
    await using world = await open(1)
    const a = { rate: 'sends', caller: 'a' }
    await world.nodes[0]?.add([{ ...a, ms: 1 }])
    await eventually('it to be free again', async () => {
      const rows = await query(world.url, 'SELECT 1 FROM landline.rates WHERE free_at < now() - interval $$1 s$$')
      return rows.length === 1
    })
    const [owed] = (await world.nodes[0]?.add([{ ...a, ms: much }])) ?? []
    near(owed, much)
    // A second of what had passed would be missing.
    assert.ok(owed !== undefined && owed > much - 1)
  })

  test('keep callers apart whatever their names are', async () => {
    await using world = await open(1)
    const names = ['', '\0', '\u0001', '\u0001\0', 'a\nb', '\ud800', '\ud801', '\ufffd', 'é', 'e\u0301', 'A', 'a', "'"]
    const told = names.map((caller, at) => ({ rate: 'sends', caller, ms: (at + 1) * much }))
    const owed = (await world.nodes[0]?.add(told)) ?? []
    for (const [at, { ms }] of told.entries()) near(owed[at], ms)
  })

  test('lose nothing, and hold nobody up, when many add to the same callers in every order', async () => {
    await using world = await open(4, 0)
    const callers = Array.from({ length: 20 }, (_, at) => ({ rate: 'sends', caller: `c${at}`, ms: much }))
    const rounds = 25
    await Promise.all(
      world.nodes.map(async (node, at) => {
        for (let round = 0; round < rounds; round += 1) {
          const turned = callers.slice((round + at) % callers.length)
          await node.add([...turned, ...callers.slice(0, callers.length - turned.length)].reverse())
        }
      }),
    )
    const owed = (await world.nodes[0]?.add(callers)) ?? []
    assert.equal(owed.length, callers.length)
    for (const ms of owed) near(ms, (world.nodes.length * rounds + 1) * much)
  })

  test('are removed when all is free again, and not before', async () => {
    await using world = await open(1, 0)
    const kept = { rate: 'sends', caller: 'kept', ms: much }
    await world.nodes[0]?.add([{ rate: 'sends', caller: 'over', ms: 1 }, kept])
    await eventually('the other to be removed', async () => {
      await world.nodes[0]?.add([{ ...kept, ms: 0 }])
      const rows = await query(world.url, 'SELECT caller FROM landline.rates')
      assert.ok(rows.some(({ caller }) => caller === 'kept'))
      return rows.length === 1
    })
  })
})
