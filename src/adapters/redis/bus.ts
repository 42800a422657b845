/**
 * News over Redis or Valkey: publish and subscribe, with a channel for each conversation. Where the server offers
 * sharded channels (Redis from 7.0 on) those are used, in a cluster each on the node that has it; else plain ones.
 */
import type { NewsLink, OpenNewsLink } from '../../domain/news-port.ts'
import type { News } from '../../domain/ports.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import { readNewsLine, writeNewsLine } from '../../protocol/news-line.ts'
import { abilitiesOf, clientFor, clusterFor, connectMs, type Failed, type RedisClient } from './client.ts'

/** What comes before a conversation's id in the name of its channel. */
const prefix = 'landline:news:'
const channelOf = (conversation: ConversationId): string => `${prefix}${conversation}`

/** How long a message may be: characters. Longer ones are activities that are only shown, and not worth their way. */
const messageCharactersMax = 64 * 1024

/** What is asked of a server, or of a cluster of them. */
type Channels = {
  publish(channel: string, message: string): Promise<unknown>
  subscribe(channels: readonly string[]): Promise<unknown>
  unsubscribe(channels: readonly string[]): Promise<unknown>
  check(): Promise<unknown>
}

/**
 * Says how to connect.
 *
 * @param url where the server is; of a cluster, any number of its nodes with commas between
 * @param node a name no other process has: what it sends is not told to itself
 */
export function redisLink({ url, node }: { readonly url: string; readonly node: string }): OpenNewsLink {
  const urls = url.split(',')
  let tried = 0
  return async heard => {
    const broken = Promise.withResolvers<unknown>()
    const opened: { destroy(): void }[] = []
    const close = () => {
      for (const client of opened.splice(0)) client.destroy()
    }
    // A server that takes the connection and then says nothing would be waited for without an end.
    const timer = setTimeout(close, connectMs)
    const first = urls[tried % urls.length] ?? url
    tried += 1
    const tell = (message: string) => {
      const end = message.indexOf(' ')
      const news = message.slice(0, end) === node ? undefined : readNewsLine(message.slice(end + 1))
      if (news !== undefined) heard(news)
    }
    try {
      const channels = await connect({ first, urls, opened, failed: broken.resolve, tell })
      return linkOf({ channels, node, broken: broken.promise, close })
    } catch (error) {
      close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}

type Connecting = {
  readonly first: string
  readonly urls: readonly string[]
  /** Takes everything that is to be closed. */
  readonly opened: { destroy(): void }[]
  readonly failed: Failed
  readonly tell: (message: string) => void
}

async function connect({ first, urls, opened, failed, tell }: Connecting): Promise<Channels> {
  const open = async (): Promise<RedisClient> => {
    const client = clientFor(first, failed)
    opened.push(client)
    await client.connect()
    return client
  }
  const publisher = await open()
  const { isSharded, isCluster } = await abilitiesOf(publisher)
  if (isSharded && isCluster) {
    const cluster = clusterFor(urls, failed)
    opened.push(cluster)
    await cluster.connect()
    return {
      publish: (channel, message) => cluster.sPublish(channel, message),
      // One at a time: those of one command must be on one node.
      subscribe: channels => Promise.all(channels.map(channel => cluster.sSubscribe(channel, tell))),
      unsubscribe: channels => Promise.all(channels.map(channel => cluster.sUnsubscribe(channel, tell))),
      check: () => Promise.all(cluster.masters.map(async master => (await cluster.nodeClient(master)).ping())),
    }
  }
  const subscriber = await open()
  const check = () => Promise.all([publisher.publish(prefix, ''), subscriber.ping()])
  // Of a server without sharded channels, and of a cluster of such, any node carries everything.
  return isSharded
    ? {
        publish: (channel, message) => publisher.sPublish(channel, message),
        subscribe: channels => subscriber.sSubscribe([...channels], tell),
        unsubscribe: channels => subscriber.sUnsubscribe([...channels], tell),
        check,
      }
    : {
        publish: (channel, message) => publisher.publish(channel, message),
        subscribe: channels => subscriber.subscribe([...channels], tell),
        unsubscribe: channels => subscriber.unsubscribe([...channels], tell),
        check,
      }
}

type LinkParts = {
  readonly channels: Channels
  readonly node: string
  readonly broken: Promise<unknown>
  readonly close: () => void
}

function linkOf({ channels, node, broken, close }: LinkParts): NewsLink {
  return {
    broken,
    async send(news: readonly News[]) {
      const published = news.flatMap(piece => {
        const message = `${node} ${writeNewsLine(piece)}`
        return message.length > messageCharactersMax ? [] : [channels.publish(channelOf(piece.conversation), message)]
      })
      // Asked for in one go, they travel in one go.
      await Promise.all(published)
    },
    async follow(conversations) {
      await channels.subscribe(conversations.map(channelOf))
    },
    async unfollow(conversations) {
      await channels.unsubscribe(conversations.map(channelOf))
    },
    async check() {
      await channels.check()
    },
    async [Symbol.asyncDispose]() {
      close()
    },
  }
}
