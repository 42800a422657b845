/**
 * Several nodes over a PostgreSQL, with news through Redis or through PostgreSQL itself. The first node's way to
 * PostgreSQL is a line that can be cut.
 */
import { join } from 'node:path'
import { startPostgres, type TestPostgres, withoutPostgres } from '../test/support/postgres.ts'
import { startRedis, type TestRedis, withoutRedis } from '../test/support/redis.ts'
import type { Bot } from './bot.ts'
import type { Target } from './crowd.ts'
import { Line } from './line.ts'
import { nodesFor, type Service } from './service.ts'

/** How news gets from node to node. */
export type News = 'redis' | 'postgres'

/** Why there can be no cluster here; undefined where there can. */
export const withoutCluster = (news: News): string | undefined =>
  withoutPostgres ?? (news === 'redis' ? withoutRedis : undefined)

/** Nodes and what they stand on. Disposing it kills the nodes and ends the rest. */
export type Cluster = AsyncDisposable & {
  readonly nodes: readonly [Service, ...Service[]]
  /** All of them, for clients. */
  readonly target: Target
  readonly postgres: TestPostgres
  /** Undefined where PostgreSQL carries the news. */
  readonly redis: TestRedis | undefined
  /** Between the first node and PostgreSQL. */
  readonly line: Line
}

/** The same for all nodes, as their operators give it. */
const masterKey = Buffer.alloc(32, 'torture').toString('base64')

/**
 * Starts PostgreSQL, Redis and the nodes, all nodes at once on an empty database.
 *
 * @param dir the folder the nodes share
 */
export async function openCluster(
  bot: Bot,
  { dir, count, news }: { readonly dir: string; readonly count: number; readonly news: News },
): Promise<Cluster> {
  await using opened = new AsyncDisposableStack()
  const postgres = opened.use(await startPostgres({ durable: true }))
  const redis = news === 'redis' ? opened.use(await startRedis()) : undefined
  const line = opened.use(new Line(postgres.port))
  const urls = { direct: new URL(postgres.url), byLine: new URL(postgres.url) }
  urls.byLine.port = String(await line.listen())
  const environments = Array.from({ length: count }, (_, at) => ({
    LANDLINE_MASTER_KEY: masterKey,
    LANDLINE_STORE_KIND: 'postgres',
    LANDLINE_STORE_URL: (at === 0 ? urls.byLine : urls.direct).href,
    LANDLINE_BUS_KIND: news,
    LANDLINE_FILES_PATH: join(dir, 'files'),
    ...(redis === undefined ? {} : { LANDLINE_BUS_URL: redis.url }),
  }))
  const [first, ...others] = await nodesFor(bot, dir, environments)
  if (first === undefined) throw new Error('A cluster has a node at least.')
  const nodes = [first, ...others] as const
  for (const node of nodes) opened.defer(() => node.kill())
  await Promise.all(nodes.map(node => node.start()))
  const kept = opened.move()
  return {
    ...{ nodes: [...nodes], postgres, redis, line },
    target: { base: first.base, others: others.map(({ base }) => base), secret: first.secret },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
