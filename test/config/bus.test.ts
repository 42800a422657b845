/**
 * How news gets from node to node, as the settings say it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith } from './files.ts'

const store = 'postgres://landline@db.example.org/landline'
const postgres = {
  LANDLINE_STORE_KIND: 'postgres',
  LANDLINE_STORE_URL: store,
  LANDLINE_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
}
const redis = 'redis://:s3cret@cache.example.org:6379'

test('news goes nowhere from a store of one process, and through PostgreSQL from a store there, unless told otherwise', async () => {
  await using folder = await folderWith({})
  const busOf = (environment: Record<string, string>) => folder.read({ environment }).settings.bus
  assert.deepEqual(busOf({}), { kind: 'local' })
  assert.deepEqual(busOf(postgres), { kind: 'postgres', url: store })
  const direct = 'postgresql://landline@direct.example.org/landline'
  assert.deepEqual(busOf({ ...postgres, LANDLINE_BUS_URL: direct }), { kind: 'postgres', url: direct })
  assert.deepEqual(busOf({ ...postgres, LANDLINE_BUS_KIND: 'local' }), { kind: 'local' })
  const byRedis = { ...postgres, LANDLINE_BUS_KIND: 'redis', LANDLINE_BUS_URL: redis }
  assert.deepEqual(busOf(byRedis), { kind: 'redis', url: redis })
  assert.ok(!JSON.stringify(folder.read({ environment: byRedis }).lines).includes('s3cret'))
})

test('how news goes is shown as it is in effect, by whatever it was decided', async () => {
  await using folder = await folderWith({})
  const shown = (environment: Record<string, string>) => {
    const { lines } = folder.read({ environment })
    const { value, origin } = lines.find(({ name }) => name === 'bus.kind') ?? assert.fail('it is not shown')
    return [value, origin]
  }
  assert.deepEqual(shown({}), ['local', 'default'])
  assert.deepEqual(shown(postgres), ['postgres', 'default'])
  assert.deepEqual(shown({ ...postgres, LANDLINE_BUS_KIND: 'local' }), ['local', 'env'])
})

test('what can carry no news is refused, without its secret', async () => {
  await using folder = await folderWith({})
  const wrong: readonly (readonly [Record<string, string>, string])[] = [
    [{ LANDLINE_BUS_KIND: 'redis', LANDLINE_BUS_URL: redis }, 'BUS_KIND: goes with a store in PostgreSQL'],
    [{ LANDLINE_BUS_URL: redis }, 'BUS_URL: goes with the kinds'],
    [{ ...postgres, LANDLINE_BUS_KIND: 'redis' }, 'BUS_KIND: redis takes a bus.url'],
    [{ ...postgres, LANDLINE_BUS_KIND: 'redis', LANDLINE_BUS_URL: `${store}?password=s3cret` }, 'BUS_URL: begins with'],
    [{ ...postgres, LANDLINE_BUS_URL: redis }, 'BUS_URL: begins with postgres://'],
  ]
  for (const [environment, problem] of wrong) {
    const problems = folder.problems({ environment })
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.ok(problems[0]?.includes(problem), problems[0])
    assert.ok(!problems[0]?.includes('s3cret'))
  }
})
