/**
 * News over PostgreSQL's LISTEN and NOTIFY: one connection that does both, one channel for all conversations, and as
 * many pieces of news in a message as it holds. Needs a connection of its own: a pooler that hands connections round
 * between transactions would not carry what is listened to.
 */
import { Client } from 'pg'
import type { NewsLink, OpenNewsLink } from '../../domain/news-port.ts'
import type { News } from '../../domain/ports.ts'
import { readNewsLine, writeNewsLine } from '../../protocol/news-line.ts'

/** Who listens is woken by every message of the database, whatever its channel: more channels would save nothing. */
const channel = 'landline_news'

/** How long a message may be: bytes. The server takes fewer than 8,000. */
const messageBytesMax = 7_900

/** How long connecting, and then an answer, may take: milliseconds. */
const connectMs = 3_000
const answerMs = 3_000

/** All messages of a batch in one statement: a statement each costs the database five times as much. */
const notify = {
  name: 'landline_notify',
  text: `SELECT pg_notify('${channel}', message) FROM unnest($1::text[]) AS message`,
}

/**
 * Says how to connect.
 *
 * @param node a name no other process has: what it sends is not told to itself
 */
export function postgresLink({ url, node }: { readonly url: string; readonly node: string }): OpenNewsLink {
  return async heard => {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      query_timeout: answerMs,
      application_name: 'landline news',
      keepAlive: true,
    })
    const broken = Promise.withResolvers<unknown>()
    client.on('error', broken.resolve)
    client.on('end', () => broken.resolve(new Error('The connection to PostgreSQL has ended.')))
    client.on('notification', ({ payload = '' }) => tell(payload, node, heard))
    try {
      await client.connect()
      // News can be lost: nothing is to wait for the disk.
      await client.query(`SET synchronous_commit = off; LISTEN ${channel}`)
    } catch (error) {
      client.end().catch(() => undefined) // The reason why it did not open is told already.
      throw error
    }
    return linkOf(client, node, broken.promise)
  }
}

function linkOf(client: Client, node: string, broken: Promise<unknown>): NewsLink {
  return {
    broken,
    async send(news) {
      const messages = messagesOf(news, node)
      if (messages.length > 0) await client.query({ ...notify, values: [messages] })
    },
    // All news comes on the one channel; whom it does not concern passes over it.
    follow: () => Promise.resolve(),
    unfollow: () => Promise.resolve(),
    async check() {
      await client.query('SELECT 1')
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** As few messages as hold the news: who sent it, and a line for each piece. What does not fit into one is left out. */
function messagesOf(news: readonly News[], node: string): readonly string[] {
  const messages: string[] = []
  let message = node
  let bytes = node.length
  for (const piece of news) {
    const line = writeNewsLine(piece)
    // Without an activity there is nothing in a line but ASCII.
    const lineBytes = 1 + (piece.shown === undefined ? line.length : Buffer.byteLength(line))
    if (node.length + lineBytes > messageBytesMax) continue
    if (bytes + lineBytes > messageBytesMax) {
      messages.push(message)
      message = node
      bytes = node.length
    }
    message += `\n${line}`
    bytes += lineBytes
  }
  if (bytes > node.length) messages.push(message)
  return messages
}

function tell(message: string, node: string, heard: (news: News) => void): void {
  const [sender, ...lines] = message.split('\n')
  if (sender === node) return
  for (const line of lines) {
    const news = readNewsLine(line)
    if (news !== undefined) heard(news)
  }
}
