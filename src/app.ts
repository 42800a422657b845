/**
 * The whole service: joins the domain, the adapters and the surfaces.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebChatBundle } from './adapters/web-chat-package/bundle.ts'
import { openBots } from './bots.ts'
import { Attachments } from './domain/attachments.ts'
import { OldBots } from './domain/bot-v1.ts'
import { Conversations } from './domain/conversations.ts'
import { Credentials } from './domain/credentials.ts'
import { Delivery } from './domain/delivery.ts'
import type { Events } from './domain/events.ts'
import { Hub } from './domain/hub.ts'
import { InFlight } from './domain/in-flight.ts'
import { Joins } from './domain/joins.ts'
import { Links } from './domain/links.ts'
import { Members } from './domain/members.ts'
import { Opening } from './domain/opening.ts'
import { Patience } from './domain/patience.ts'
import type { Random } from './domain/ports.ts'
import { Recorder } from './domain/record.ts'
import { Replies } from './domain/replies.ts'
import { Retention } from './domain/retention.ts'
import { type Site, Sites } from './domain/sites.ts'
import { turnsOf } from './domain/turns.ts'
import { writeBasic } from './http/bot-v1/bot-authorization.ts'
import { oldBots } from './http/bot-v1/routes.ts'
import { chatPage } from './http/chat-page/routes.ts'
import { connector } from './http/connector/routes.ts'
import { oldDirectLine } from './http/direct-line-v1/routes.ts'
import { directLine } from './http/direct-line-v3/routes.ts'
import { stream } from './http/direct-line-v3/stream.ts'
import { files } from './http/files/routes.ts'
import { operations } from './http/operations/routes.ts'
import { Origins } from './http/paths.ts'
import { openServer, type Surface } from './http/server.ts'
import type { Outside } from './outside.ts'
import { userId } from './protocol/ids.ts'
import type { BotSettings, Settings } from './settings.ts'

/** A running service. */
export type Landline = {
  /** The address listened on, without a slash at its end. */
  readonly origin: string
  readonly port: number
  /** The first secret of the first site. */
  readonly secret: string
  /** Ends turns that are running, closes sockets, listens no more. What was opened outside stays open. */
  stop(): Promise<void>
}

/** Characters of the random part of a visitor's user id. */
const visitorCharacters = 16

/** How long answers that are being written may still take when a stop has waited long enough: milliseconds. */
const breakOffMs = 300

/** No port was free. */
export class PortTakenError extends Error {}

/**
 * Starts the service.
 *
 * @throws PortTakenError
 */
export async function startLandline(settings: Settings, outside: Outside, events: Events): Promise<Landline> {
  const { store, bus, keys, clock, random, bots } = outside
  const { sites: listed, secret } = await openBots(settings.bots, outside)
  const sites = new Sites(listed)
  let stopping = false
  const isStopping = () => stopping
  const publicUrl = () => settings.publicUrl?.replace(/\/+$/, '') ?? listening()

  const hub = new Hub({ store, bus, clock, events })
  const recorder = new Recorder({ store, bus, hub, clock })
  const links = new Links({ keys, clock, publicUrl, fileLifetimeSeconds: settings.fileLifetimeSeconds })
  const attachments = new Attachments({ ...outside, links, fileLifetimeSeconds: settings.fileLifetimeSeconds })
  const credentials = new Credentials({
    sites,
    keys,
    clock,
    random,
    issuer: () => `${publicUrl()}/`,
    lifetimeSeconds: settings.tokenLifetimeSeconds,
  })
  const inFlight = new InFlight()
  const delivery = new Delivery({ bots, clock, events, inFlight })
  const replies = new Replies({ store, recorder, attachments, links, sites, publicUrl })
  const patience = new Patience({ clock, events })
  const takeTurn = turnsOf({ delivery, replies, oldBots: new OldBots({ delivery, replies, store, basic: writeBasic }) })
  const joins = new Joins({
    store,
    takeTurn,
    clock,
    random,
    events,
    serviceUrl: conversation => links.serviceUrl(conversation),
  })
  const conversations = new Conversations({
    store,
    hub,
    recorder,
    joins,
    patience,
    inFlight,
    takeTurn,
    links,
    keys,
    clock,
    random,
    events,
  })
  const opening = new Opening({ store, conversations, credentials, clock, random, events, patience })
  const members = new Members({ store, replies, joins })
  const retention = new Retention(
    { store, files: outside.files, hub, clock, events },
    { conversationSeconds: settings.conversationLifetimeSeconds, fileSeconds: settings.fileLifetimeSeconds },
  )

  const origins = new Origins(settings.publicUrl?.replace(/\/+$/, ''), () => listening())
  const surfaces: Surface[] = [
    directLine({ credentials, opening, conversations, attachments, origins, isStopping, grammarIdOf }),
    oldDirectLine({ credentials, opening, conversations, attachments, origins, clock, isStopping }),
    stream({ credentials, conversations, clock, events, isStopping }),
    connector({ bags: store, links, store, sites, attachments, replies, members, readBase64: outside.readBase64 }),
    oldBots({ sites, replies, bags: store }),
    files({ attachments }),
    operations({ isStopping }),
  ]
  const [site] = listed
  if (settings.development && site !== undefined) {
    surfaces.push(
      chatPage({ webChat: new WebChatBundle(), origins, issueToken: () => tokenForVisitor(opening, site, random) }),
    )
  }
  const app = openServer(surfaces, events, isStopping)
  const listening = () => addressOf(app, settings.listen.host)
  const stop = async () => {
    stopping = true
    retention.stop()
    const isIdle = await within(settings.stopTimeoutMs, inFlight.idle())
    hub.closeAll(1001, 'the service is stopping')
    // What has not ended by now is broken off, so that it does not hold up what has.
    const breakOff = isIdle ? undefined : setTimeout(() => app.server.closeAllConnections(), breakOffMs)
    await app.close()
    clearTimeout(breakOff)
  }
  try {
    const port = await listen(app, settings.listen, settings.bots)
    return { origin: listening(), port, secret, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A token for whoever opens the chat page: a person of their own, so that a reload speaks as the same one. */
const tokenForVisitor = (opening: Opening, site: Site, random: Random) => {
  const user = { id: userId(`dl_${random.text(visitorCharacters)}`), name: undefined }
  const { conversation, ...issued } = opening.generate(
    { by: 'secret', site },
    { user, trustedOrigins: [], locale: undefined },
  )
  return { ...issued, conversationId: conversation }
}

/** Listens on the first free port that is not a bot's own. @throws PortTakenError */
async function listen(
  app: FastifyInstance,
  { host, port, further }: Settings['listen'],
  bots: readonly BotSettings[],
): Promise<number> {
  const kept = new Set(bots.map(bot => Number(new URL(bot.endpoint).port)))
  for (let tried = port; ; tried += 1) {
    if (tried > port && kept.has(tried)) continue
    try {
      await app.listen({ host, port: tried })
      return (app.server.address() as AddressInfo).port
    } catch (cause) {
      const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
      if (!isTaken) throw cause
      if (tried >= port + further) throw new PortTakenError(`Port ${port} on ${host} is taken.`, { cause })
    }
  }
}

/** The address listened on, asked of the server: clients that never stopped knocking may be in before `listen` returns. */
function addressOf(app: FastifyInstance, host: string): string {
  const { port } = app.server.address() as AddressInfo
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** A UUID made of a bot's id: version and variant bits as RFC 9562 has them for free-form ones. */
function grammarIdOf(bot: string): string {
  const bytes = createHash('sha256').update(`grammar of ${bot}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Whether the work ends within so many milliseconds. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const ended = await Promise.race([work.then(() => true), time])
  clearTimeout(timer)
  return ended
}
