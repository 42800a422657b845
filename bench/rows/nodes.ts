/**
 * Several nodes over one PostgreSQL: the closed loop through one node against the same on SQLite, through more of them
 * against one, and what it takes for news to come from another node.
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { startPostgres, withoutPostgres } from '../../test/support/postgres.ts'
import { startRedis, withoutRedis } from '../../test/support/redis.ts'
import { type Figure, interleaved, median, type Say } from '../figures.ts'
import { makeFolder } from '../folder.ts'
import { startBot } from '../load/bot.ts'
import { openTalkers, type Talker } from '../load/talker.ts'
import type { Scale } from '../scale.ts'
import { type Side, startLandline } from '../side.ts'
import { measureLoop, type Round } from './closed-loop.ts'

/** Messages in flight in all, however many nodes there are. */
const inFlight = 64

/** The same for all nodes of this row. */
const masterKey = Buffer.alloc(32, 'bench').toString('base64')

type News = 'postgres' | 'redis'

/** A way to run the nodes, and what a round of it has come to. */
type Cluster = { readonly count: number; readonly news: News }
type Measured = { readonly all: Round; readonly each: readonly Round[] }

const nameOf = ({ count, news }: Cluster) => `${count}.${news}`

/** Runs the row. */
export async function nodes(scale: Scale, say: Say): Promise<readonly Figure[]> {
  if (withoutPostgres !== undefined) {
    say(`nodes: left out. ${withoutPostgres}`)
    return []
  }
  if (withoutRedis !== undefined) say(`nodes: without Redis. ${withoutRedis}`)
  // Every process that is started here ends with this one, and listens for its end.
  process.setMaxListeners(64)
  await using opened = new AsyncDisposableStack()
  const rig = await openRow(opened)
  const measurements: Record<string, () => Promise<Measured>> = { sqlite: await rig.sqlite(scale) }
  const clusters = clustersOf(scale)
  for (const cluster of clusters) {
    say(`nodes: starting ${cluster.count}, news through ${cluster.news}`)
    const sides = await rig.start(cluster)
    measurements[nameOf(cluster)] = await rig.loop(sides, scale, 0)
    if (cluster.count > 1) measurements[`${nameOf(cluster)}.apart`] = await rig.loop(sides, scale, 1)
  }
  say('nodes: warming up')
  for (const measure of Object.values(measurements)) await measure()
  const rounds = await interleaved(scale.rounds, measurements, round => say(`nodes: ${round}`))
  return clusters.flatMap(cluster => figuresOf(cluster, rounds))
}

/** One node needs no news; with Redis on the machine, more of them are measured with both. */
const clustersOf = ({ nodes: counts }: Scale): readonly Cluster[] =>
  counts.flatMap(count =>
    count > 1 && withoutRedis === undefined
      ? [
          { count, news: 'postgres' as const },
          { count, news: 'redis' as const },
        ]
      : [{ count, news: 'postgres' as const }],
  )

/** Starts what all share; everything is ended with the stack. */
async function openRow(opened: AsyncDisposableStack) {
  const bot = opened.use(await startBot())
  const postgres = opened.use(await startPostgres({ durable: true }))
  const redis = withoutRedis === undefined ? opened.use(await startRedis()) : undefined
  const ended = (side: Side) => {
    opened.defer(() => side.stop())
    return side
  }
  /** The closed loop through sides, with each one's people at the socket of the one so many further. */
  const loop = async (sides: readonly Side[], { loopMs }: Scale, apart: number) => {
    const talkers: (readonly [Side, readonly Talker[]])[] = []
    for (const [at, side] of sides.entries()) {
      const share = Math.ceil((inFlight - at) / sides.length)
      talkers.push([side, await openTalkers(side, share, sides[(at + apart) % sides.length])])
    }
    opened.defer(() => {
      for (const talker of talkers.flatMap(([, some]) => some)) talker.close()
    })
    return async () => together(await Promise.all(talkers.map(([side, some]) => measureLoop(side, some, loopMs))))
  }
  return {
    loop,
    sqlite: async (scale: Scale) => {
      const folder = opened.use(await makeFolder())
      return loop([ended(await startLandline(bot.url, folder.path))], scale, 0)
    },
    start: async ({ count, news }: Cluster): Promise<readonly Side[]> => {
      const folder = opened.use(await makeFolder())
      const environment = {
        ...environmentOf(await postgres.makeDatabase(), news, redis?.url),
        LANDLINE_FILES_PATH: join(folder.path, 'files'),
      }
      const sides: Side[] = []
      for (let at = 0; at < count; at += 1)
        sides.push(ended(await startLandline(bot.url, folder.path, { environment })))
      return sides
    },
  }
}

const environmentOf = (url: string, news: News, redis: string | undefined): Readonly<Record<string, string>> => ({
  LANDLINE_MASTER_KEY: masterKey,
  LANDLINE_STORE_KIND: 'postgres',
  LANDLINE_STORE_URL: url,
  LANDLINE_BUS_KIND: news,
  ...(news === 'redis' && redis !== undefined ? { LANDLINE_BUS_URL: redis } : {}),
})

/** What nodes that ran at once have come to together. */
function together(each: readonly Round[]): Measured {
  const sum = (of: (round: Round) => number) => each.reduce((total, round) => total + of(round), 0)
  const perSecond = sum(round => round.perSecond)
  const all: Round = {
    perSecond,
    p50Ms: median(each.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...each.map(({ p99Ms }) => p99Ms)),
    cpuUs: sum(({ cpuUs, perSecond: rate }) => cpuUs * rate) / perSecond,
    loadShare: Math.max(...each.map(({ loadShare }) => loadShare)),
  }
  return { all, each }
}

function figuresOf(cluster: Cluster, rounds: Readonly<Record<string, readonly Measured[]>>): readonly Figure[] {
  const { count, news } = cluster
  const name = nameOf(cluster)
  const value = (of: string, what: keyof Round) => median((rounds[of] ?? []).map(({ all }) => all[what]))
  const against = count === 1 ? 'sqlite' : '1.postgres'
  const people = count === 1 ? 'PostgreSQL, 1 node' : `PostgreSQL, ${count} nodes, news through ${inPrint[news]}`
  const figure = (id: string, what: string, unit: Figure['unit'], field: keyof Round, note?: string): Figure => ({
    id: `nodes.${count === 1 ? '1' : name}.${id}`,
    what: `${people}: ${what}`,
    unit,
    value: value(name, field),
    ...(rounds[against] === undefined ? {} : { baseline: value(against, field) }),
    ...(note === undefined ? {} : { note }),
  })
  const share = (value(name, 'loadShare') * 100).toFixed(0)
  const note = `against ${count === 1 ? 'one on SQLite' : 'one node'}; ${Math.round(value(name, 'perSecond') / count)}/s for each; the load took ${share} % of a core`
  return [
    // A node more is of use only where it has a core of its own beside the load's and the database's.
    figure(
      count === 1 || cpus().length >= count + 3 ? 'rate' : 'rate-crowded',
      'round trips in all',
      '/s',
      'perSecond',
      note,
    ),
    figure('p50', 'p50 of the reply on the socket', 'ms', 'p50Ms'),
    figure('p99', 'p99 of the reply on the socket', 'ms', 'p99Ms'),
    figure('cpu', 'CPU of the nodes for a round trip', 'µs', 'cpuUs'),
    ...(count === 1 ? [] : [apartOf(cluster, people, value)]),
  ]
}

/** What it adds to a reply that the socket is at another node. */
function apartOf(cluster: Cluster, people: string, value: (of: string, what: keyof Round) => number): Figure {
  const apart = `${nameOf(cluster)}.apart`
  const p99 = value(apart, 'p99Ms')
  return {
    id: `nodes.${apart}`,
    what: `${people}: p50 of the reply on a socket at another node`,
    unit: 'ms',
    value: value(apart, 'p50Ms'),
    baseline: value(nameOf(cluster), 'p50Ms'),
    note: `against a socket at the same node; p99 ${p99.toFixed(1)} ms`,
  }
}

const inPrint = { postgres: 'NOTIFY', redis: 'Redis' } as const
