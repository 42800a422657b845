/**
 * The whole service: joins the domain, the adapters and the surfaces.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { WebChatBundle } from './adapters/web-chat-package/bundle.ts'
import type { Events } from './domain/events.ts'
import type { Opening } from './domain/opening.ts'
import type { Random } from './domain/ports.ts'
import { type Bot, ownSecret, type Site } from './domain/sites.ts'
import { Addresses } from './http/addresses.ts'
import { admin } from './http/admin/routes.ts'
import { oldBots } from './http/bot-v1/routes.ts'
import { chatPage } from './http/chat-page/routes.ts'
import { connector } from './http/connector/routes.ts'
import { oldDirectLine } from './http/direct-line-v1/routes.ts'
import { directLine } from './http/direct-line-v3/routes.ts'
import { stream } from './http/direct-line-v3/stream.ts'
import { files } from './http/files/routes.ts'
import { identity } from './http/identity/routes.ts'
import { operations } from './http/operations/routes.ts'
import { Origins } from './http/paths.ts'
import { openServer, type Surface } from './http/server.ts'
import { Throttle } from './http/throttle.ts'
import { WrongCredentials } from './http/wrong-credentials.ts'
import { openInside } from './inside.ts'
import type { Outside } from './outside.ts'
import { userId } from './protocol/ids.ts'
import { isFirstStart, openAdminKey } from './secrets.ts'
import type { BotSettings, Settings } from './settings.ts'

/** A running service. */
export type Landline = {
  /** The address listened on, without a slash at its end. */
  readonly origin: string
  readonly port: number
  /** The first secret of the first site. */
  readonly secret: string
  /** Opens the admin API. */
  readonly adminKey: string
  /** Whether the store was new: what was made for it has never been shown to anybody. */
  readonly isNew: boolean
  /** The app id and password of the first bot. */
  readonly app: Bot['app']
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
  const { store, clock, random } = outside
  const { limits } = settings
  let stopping = false
  const isStopping = () => stopping
  let heard: string | undefined
  const listening = () => {
    heard ??= addressOf(app, settings.listen.host)
    return heard
  }
  const configured = settings.publicUrl?.replace(/\/+$/, '')
  const publicUrl = () => configured ?? listening()
  const addresses = new Addresses(settings.trustedProxies)
  const inside = await openInside(settings, outside, events, publicUrl)
  const { sites, rates, authority, opening, conversations, credentials, attachments, replies } = inside
  const adminKey = await openAdminKey(settings.adminKey, outside)

  const wrongCredentials = new WrongCredentials({ rates, addresses })
  const held = { throttle: new Throttle(rates, inside.overload), wrongCredentials }
  const origins = new Origins(configured, listening, { addresses, anyHost: settings.development })
  const surfaces: Surface[] = [
    directLine({ credentials, opening, conversations, attachments, origins, isStopping, grammarIdOf, ...held }),
    oldDirectLine({ credentials, opening, conversations, attachments, origins, clock, isStopping, ...held }),
    stream({
      ...{ credentials, conversations, clock, events, isStopping, addresses, limits, ...held },
      frameRate: settings.rateLimits ? limits.rates.framesPerSocket : undefined,
    }),
    connector({
      ...held,
      bags: store,
      links: inside.links,
      store,
      sites,
      credentials: inside.botCredentials,
      attachments,
      replies,
      members: inside.members,
      readBase64: outside.readBase64,
    }),
    identity({ authority, credentials: inside.botCredentials, publicUrl, wrongCredentials }),
    oldBots({ sites, replies, bags: store, ...held }),
    files({ attachments }),
    operations({ isStopping, readiness: inside.readiness }),
    admin({
      key: adminKey,
      hosts: settings.publicUrl === undefined ? [] : [new URL(settings.publicUrl).hostname],
      sites,
      access: inside.access,
      opening,
      revealSecrets: settings.revealSecrets,
      addresses,
      clock,
      events,
      rotateKeys: how => authority.rotate(how),
    }),
  ]
  const [site] = sites.all
  if (settings.development && site !== undefined) {
    surfaces.push(
      chatPage({
        webChat: new WebChatBundle(),
        origins,
        issueToken: () => tokenForVisitor(opening, sites.of(site.bot.id, site.id) ?? site, random),
      }),
    )
  }
  const app = openServer(surfaces, events, isStopping, limits)
  const stop = async () => {
    stopping = true
    rates.letGo()
    inside.retention.stop()
    inside.overload.stop()
    await authority.stop()
    const isIdle = await within(settings.stopTimeoutMs, inside.inFlight.idle())
    inside.hub.closeAll(1001, 'the service is stopping')
    // What has not ended by now is broken off, so that it does not hold up what has.
    const breakOff = isIdle ? undefined : setTimeout(() => app.server.closeAllConnections(), breakOffMs)
    await app.close()
    clearTimeout(breakOff)
  }
  try {
    const port = await listen(app, settings.listen, settings.bots)
    const isNew = await isFirstStart(outside)
    return { origin: listening(), port, secret: inside.firstSecret, adminKey, isNew, app: site?.bot.app, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A token for whoever opens the chat page: a person of their own, so that a reload speaks as the same one. */
const tokenForVisitor = async (opening: Opening, site: Site, random: Random) => {
  const user = { id: userId(`dl_${random.text(visitorCharacters)}`), name: undefined }
  const { conversation, ...issued } = await opening.generate(
    { by: 'secret', site, secret: ownSecret },
    { user, trustedOrigins: [], locale: undefined, conversation: undefined },
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

/** The UUIDs of bots that have been asked for. */
const grammarIds = new Map<string, string>()

/** A UUID made of a bot's id. */
function grammarIdOf(bot: string): string {
  const known = grammarIds.get(bot)
  if (known !== undefined) return known
  const made = uuidOf(bot)
  grammarIds.set(bot, made)
  return made
}

/** Version and variant bits as RFC 9562 has them for free-form UUIDs. */
function uuidOf(bot: string): string {
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
