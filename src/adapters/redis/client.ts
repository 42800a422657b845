/**
 * Clients of a Redis or Valkey, and of a cluster of them, made so that they live as long as their connections: what was
 * lost with one is not sent on the next.
 */
import { createClient, createCluster } from 'redis'

/** How long connecting may take: milliseconds. */
export const connectMs = 3_000

/** Something goes wrong with a connection, or it ends. */
export type Failed = (error: unknown) => void

const socket = { reconnectStrategy: false, connectTimeout: connectMs } as const

/** One connection: who subscribes has another than who publishes, which servers of every age understand. */
export function clientFor(url: string, failed: Failed) {
  const client = createClient({
    url,
    RESP: 2,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    socket: { ...socket },
  })
  client.on('error', failed)
  return client
}

/** Connections to all masters of a cluster. Channels that move to another are followed there. */
export function clusterFor(urls: readonly string[], failed: Failed) {
  const [url = ''] = urls
  const { username, password, protocol } = new URL(url)
  const cluster = createCluster({
    rootNodes: urls.map(root => ({ url: root })),
    RESP: 2,
    defaults: {
      maintNotifications: 'disabled',
      disableOfflineQueue: true,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      socket: protocol === 'rediss:' ? { ...socket, tls: true } : { ...socket },
    },
  })
  for (const event of ['error', 'node-error', 'sharded-channel-moved-error']) cluster.on(event, failed)
  return cluster
}

/** A connection. */
export type RedisClient = ReturnType<typeof clientFor>

/** What a server can do: whether it has sharded channels, and whether it is one of a cluster. */
export async function abilitiesOf(client: RedisClient): Promise<{ isSharded: boolean; isCluster: boolean }> {
  const [commands, cluster] = await Promise.all([
    // Whoever may not ask is taken to have plain channels only, which are understood everywhere.
    client.sendCommand<unknown>(['COMMAND', 'INFO', 'SSUBSCRIBE', 'SPUBLISH']).catch(() => undefined),
    client.info('cluster').catch(() => ''),
  ])
  return {
    isSharded: Array.isArray(commands) && commands.length === 2 && commands.every(Array.isArray),
    isCluster: cluster.includes('cluster_enabled:1'),
  }
}
