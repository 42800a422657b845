/**
 * The whole service: joins the domain, the adapters and the surfaces.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { aboutOf, isUnused } from './about.ts'
import { WebChatBundle } from './adapters/web-chat-package/bundle.ts'
import { consoleDir } from './console-build.ts'
import type { Events } from './domain/events.ts'
import type { Opening } from './domain/opening.ts'
import type { Random } from './domain/ports.ts'
import type { Reloaded } from './domain/registry.ts'
import { type Bot, ownSecret, type Site } from './domain/sites.ts'
import { Addresses } from './http/addresses.ts'
import { admin } from './http/admin/routes.ts'
import { Sessions } from './http/admin/session.ts'
import { oldBots } from './http/bot-v1/routes.ts'
import { connector } from './http/connector/routes.ts'
import { consolePage } from './http/console/routes.ts'
import { oldDirectLine } from './http/direct-line-v1/routes.ts'
import { directLine } from './http/direct-line-v3/routes.ts'
import { stream } from './http/direct-line-v3/stream.ts'
import { files } from './http/files/routes.ts'
import { identity } from './http/identity/routes.ts'
import { operations } from './http/operations/routes.ts'
import { OwnNames, refuseOtherNames } from './http/own-names.ts'
import { Origins } from './http/paths.ts'
import { openServer, type Surface } from './http/server.ts'
import { Throttle } from './http/throttle.ts'
import { devToken } from './http/web-chat/dev-token.ts'
import { WebChatFiles, webChatFiles } from './http/web-chat/files.ts'
import { chatFrame } from './http/web-chat/frame.ts'
import { WrongCredentials } from './http/wrong-credentials.ts'
import { openInside } from './inside.ts'
import type { Outside } from './outside.ts'
import type { SettingBody } from './protocol/admin.ts'
import { ProtocolError } from './protocol/errors.ts'
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
  /** Where the console and the admin API are: the same as `origin` unless they have an address of their own. */
  readonly adminOrigin: string
  /** Takes bots and sites of settings that have been read again. @throws Error for one that can't be opened: then none changes */
  reload(bots: readonly BotSettings[]): Promise<Reloaded>
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
 * @param settingLines the settings as people are shown them
 * @throws PortTakenError
 */
export async function startLandline(
  settings: Settings,
  outside: Outside,
  events: Events,
  settingLines: readonly SettingBody[] = [],
): Promise<Landline> {
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
  const { sites, rates, authority, opening, conversations, credentials, attachments, replies, heeding } = inside
  const servers: FastifyInstance[] = []
  const stop = async () => {
    stopping = true
    rates.letGo()
    inside.retention.stop()
    inside.overload.stop()
    inside.watch.stop()
    inside.live.stop()
    const heedingStopped = heeding?.stop()
    const closeSockets = () => inside.hub.closeAll(1001, 'the service is stopping')
    // Other nodes have the same log: windows go over at once, and hear there what turns in flight still bring.
    if (outside.isShared) closeSockets()
    await authority.stop()
    const isIdle = await within(settings.stopTimeoutMs, inside.inFlight.idle())
    await inside.botCheck.stop()
    closeSockets()
    // What has not ended by now is broken off, so that it does not hold up what has.
    const cut = () => {
      for (const { server } of servers) server.closeAllConnections()
    }
    const breakOff = isIdle ? undefined : setTimeout(cut, breakOffMs)
    await Promise.all(servers.map(server => server.close()))
    clearTimeout(breakOff)
    inside.inspection.stop()
    // Last: a store that is away holds up nobody who waits to be let go.
    await heedingStopped
  }
  // The inside runs by the clock: a start that fails stops it, or the process would not end.
  await using unfinished = new AsyncDisposableStack()
  unfinished.defer(stop)
  const adminKey = await openAdminKey(settings.adminKey, outside)

  const wrongCredentials = new WrongCredentials({ rates, addresses })
  const held = { throttle: new Throttle(rates, inside.overload), wrongCredentials, inspection: inside.inspection }
  const origins = new Origins(configured, listening, { addresses, anyHost: settings.development })
  const surfaces: Surface[] = [
    directLine({
      ...{ credentials, opening, conversations, agents: inside.agents, attachments },
      ...{ origins, isStopping, grammarIdOf, ...held },
    }),
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
    identity({ authority, credentials: inside.botCredentials, wrongCredentials }),
    oldBots({ sites, replies, bags: store, ...held }),
    files({ attachments }),
    operations({ isStopping, readiness: inside.readiness }),
  ]
  const names = new OwnNames({ publicUrl: settings.publicUrl, hosts: settings.admin.hosts, addresses })
  surfaces.unshift(refuseOtherNames(names))
  const apart = settings.admin.enabled ? settings.admin.listen : undefined
  // Where the console has an address of its own, its name says nothing about ours.
  const told = { addresses: new Addresses([]), anyHost: false }
  const seen = apart === undefined ? origins : new Origins(configured, listening, told)
  const webChat = new WebChatFiles(new WebChatBundle())
  const sessions = await Sessions.open(outside, adminKey)
  heeding?.tell(names => sessions.takeUp(names))
  const startedAt = new Date(clock.nowMs()).toISOString()
  const steering: readonly Surface[] = [
    admin({
      ...{ sites, opening, addresses, clock, events, names, key: adminKey },
      ...{ access: inside.access, registry: inside.registry, botCheck: inside.botCheck },
      ...{ looking: inside.looking, live: inside.live, steering: inside.steering, inspection: inside.inspection },
      ...{ isStopping, seenFrom: seen },
      sessions,
      upToDate: heeding && (() => heeding.upToDate()),
      revealSecrets: settings.revealSecrets,
      rotateKeys: how => authority.rotate(how),
      healthOf: bot => inside.watch.healthOf(bot),
      looked: () => inside.watch.looked(),
      about: async () => ({
        ...aboutOf(settings, publicUrl(), startedAt, webChat.version),
        isUnused: await isUnused(store, sites),
      }),
      settingLines,
    }),
    chatFrame({ files: webChat, origins: seen }),
    consolePage({ dir: consoleDir, isHome: settings.development }),
  ]
  if (settings.admin.enabled && apart === undefined) surfaces.push(...steering)
  if (settings.webchat.public) surfaces.push(webChatFiles(webChat))
  const [site] = sites.all
  if (settings.development) {
    // The first site there is when somebody asks: bots come and go.
    const issueToken = () => tokenForVisitor(opening, sites.all[0], random)
    surfaces.push(devToken({ issueToken, origins }))
  }
  const app = openServer(surfaces, events, isStopping, limits)
  servers.push(app)
  const steered =
    apart === undefined ? undefined : openServer([refuseOtherNames(names), ...steering], events, isStopping, limits)
  if (steered !== undefined) servers.push(steered)
  const port = await listen(app, settings.listen, settings.bots)
  if (steered !== undefined && apart !== undefined) await listenAt(steered, apart.host, apart.port)
  const isNew = await isFirstStart(outside)
  unfinished.move()
  return {
    ...{ origin: listening(), port, secret: inside.firstSecret, adminKey, isNew, app: site?.bot.app, stop },
    adminOrigin: steered === undefined || apart === undefined ? listening() : addressOf(steered, apart.host),
    reload: bots => inside.registry.reload(bots),
  }
}

/** A token for whoever tries the service: a person of their own, so that a reload speaks as the same one. */
const tokenForVisitor = async (opening: Opening, site: Site | undefined, random: Random) => {
  if (site === undefined) throw new ProtocolError('UnknownSite', 'There is no bot yet.')
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
      return await listenAt(app, host, tried)
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error
      if (tried >= port + further) throw new PortTakenError(`Port ${port} on ${host} is taken.`, { cause: error })
    }
  }
}

/** Listens, and answers the port. @throws PortTakenError */
async function listenAt(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port })
    return (app.server.address() as AddressInfo).port
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    throw isTaken ? new PortTakenError(`Port ${port} on ${host} is taken.`, { cause }) : cause
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
