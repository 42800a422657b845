/**
 * The way to a bot, step by step without sending it anything: the URL, the name, a connection to each address, TLS.
 * The first step that fails says what is wrong.
 */
import type { CheckStep } from '../protocol/admin-problems.ts'
import { type EndpointParts, hasPath, isLoopbackHost, placeOf } from '../protocol/endpoint.ts'
import {
  badUrl,
  type Finding,
  type FindingBot,
  nobodyListens,
  otherFamilyOnly,
  problemOfCertificate,
  problemOfReason,
} from './diagnosis.ts'
import type { Clock } from './ports.ts'
import type { BotProbe, Handshake, Place } from './probe-port.ts'
import type { Bot } from './sites.ts'

/** How far to go. */
export type ReachOptions = {
  /** Shakes hands where the endpoint is https. */
  readonly tls: boolean
  /** Looks at the ports where bots usually listen, if nobody listens on the bot's own and it is on this machine. */
  readonly otherPorts: boolean
  /** Whether a certificate that nobody vouches for may be accepted. */
  readonly mayAcceptCertificate: boolean
  /** Whether an endpoint without a path is none. */
  readonly needsPath: boolean
}

/** How far it was. */
export type Reached = {
  readonly steps: readonly CheckStep[]
  readonly problem: Finding | undefined
  /** Where the bot accepts connections, if it does. */
  readonly at: { readonly place: Place; readonly parts: EndpointParts } | undefined
}

/** What is looked at, as far as the way there needs to know it. */
export type ReachedBot = Pick<Bot, 'id' | 'endpoint' | 'allowLinkLocal' | 'allowSelfSigned'>

/** How long a name, a connection and a handshake may each take: milliseconds. A turn gives up as early. */
const stepTimeoutMs = 3_000

/** Where bots listen that were started with what the SDKs' samples say. */
const usualPorts = [3978, 3979, 8080]

/** There is no way: a network or a family of addresses that this machine does not have. */
const absent = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** Goes the way to a bot. Never rejects; takes ten seconds at most. */
export async function reach(
  ports: { readonly probe: BotProbe; readonly clock: Clock },
  bot: ReachedBot,
  options: ReachOptions,
): Promise<Reached> {
  const way = new Way(ports.clock)
  const about: FindingBot = { ...bot, mayAcceptCertificate: options.mayAcceptCertificate }
  const parts = way.url(ports.probe, about, options.needsPath)
  if (parts === undefined) return way.reached(undefined)
  const addresses = await way.name(ports.probe, bot, about, parts)
  if (addresses === undefined) return way.reached(undefined)
  const place = await way.connect(ports.probe, about, parts, addresses, options.otherPorts)
  if (place === undefined) return way.reached(undefined)
  if (options.tls && parts.scheme === 'https') await way.tls(ports.probe, bot, about, parts, place)
  return way.reached({ place, parts })
}

/** Milliseconds with one decimal, as steps tell them. */
export const tenths = (ms: number): number => Math.round(ms * 10) / 10

class Way {
  readonly #clock: Clock
  readonly #steps: CheckStep[] = []
  #problem: Finding | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  reached(at: Reached['at']): Reached {
    return { steps: this.#steps, problem: this.#problem, at: this.#problem === undefined ? at : undefined }
  }

  url(probe: BotProbe, bot: FindingBot, needsPath: boolean): EndpointParts | undefined {
    const startedMs = this.#clock.monotonicMs()
    const parts = probe.read(bot.endpoint)
    const isWhole = hasPath(bot.endpoint)
    if (parts === undefined || (needsPath && !isWhole)) return this.#failed('url', startedMs, badUrl(bot))
    this.#done('url', startedMs, `${bot.endpoint} is usable${isWhole ? '' : '; it has no path, so / is meant'}`)
    return parts
  }

  async name(
    probe: BotProbe,
    { allowLinkLocal }: ReachedBot,
    bot: FindingBot,
    { host }: EndpointParts,
  ): Promise<readonly string[] | undefined> {
    const startedMs = this.#clock.monotonicMs()
    const found = await probe.resolve(host, { allowLinkLocal, timeoutMs: stepTimeoutMs })
    if (found.outcome === 'failed') return this.#failed('name', startedMs, problemOfReason(found.reason, bot))
    this.#done('name', startedMs, `name resolves ${found.addresses.join(', ')}`)
    return found.addresses
  }

  /** A call tries every address, so one that accepts is enough. */
  async connect(
    probe: BotProbe,
    bot: FindingBot,
    { host, port }: EndpointParts,
    addresses: readonly string[],
    otherPorts: boolean,
  ): Promise<Place | undefined> {
    const startedMs = this.#clock.monotonicMs()
    const tried = await triedAt(probe, addresses, port)
    const accepting = tried.find(({ reason }) => reason === undefined)
    if (accepting !== undefined) {
      const others = tried.filter(({ reason }) => reason !== undefined).map(({ address }) => placeOf(address, port))
      const note = others.length === 0 ? '' : `; not to ${others.join(', ')}`
      this.#done('connect', startedMs, `connects to ${placeOf(accepting.address, port)}${note}`)
      return { address: accepting.address, port }
    }
    const refused = tried.filter(({ reason }) => reason === 'ECONNREFUSED')
    const lost = tried.find(({ reason = '' }) => reason !== 'ECONNREFUSED' && !absent.has(reason))
    if (refused.length === 0 || lost !== undefined) {
      return this.#failed('connect', startedMs, problemOfReason((lost ?? tried[0])?.reason ?? '', bot))
    }
    const other = otherFamilyOf(host)
    if (other !== undefined && (await probe.connect({ address: other, port }, stepTimeoutMs)) === undefined)
      return this.#failed('connect', startedMs, otherFamilyOnly(bot, host, other))
    const usual = otherPorts && isLoopbackHost(host) ? usualPorts.filter(usualPort => usualPort !== port) : []
    const accepted = await Promise.all(
      usual.map(async usualPort => ((await isAnywhere(probe, addresses, usualPort)) ? [usualPort] : [])),
    )
    return this.#failed('connect', startedMs, nobodyListens(bot, accepted.flat()))
  }

  async tls(
    probe: BotProbe,
    { allowSelfSigned }: ReachedBot,
    bot: FindingBot,
    { host }: EndpointParts,
    place: Place,
  ): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    const shaken = await probe.handshake(place, host, stepTimeoutMs)
    if (shaken.outcome === 'failed') this.#failed('tls', startedMs, problemOfReason(shaken.reason, bot))
    else if (shaken.outcome === 'trusted' || allowSelfSigned) this.#done('tls', startedMs, noteOf(shaken))
    else this.#failed('tls', startedMs, problemOfCertificate(shaken.reason, shaken.certificate, bot))
  }

  #done(name: CheckStep['name'], startedMs: number, note: string): void {
    this.#steps.push({ name, ok: true, ms: tenths(this.#clock.monotonicMs() - startedMs), note })
  }

  #failed(name: CheckStep['name'], startedMs: number, problem: Finding | undefined): undefined {
    const found: Finding = problem ?? { code: 'NoRoute', text: 'There is no way to the bot.' }
    this.#problem = found
    this.#steps.push({ name, ok: false, ms: tenths(this.#clock.monotonicMs() - startedMs), note: found.text })
  }
}

function noteOf(shaken: Exclude<Handshake, { outcome: 'failed' }>): string {
  const { issuer, validTo } = shaken.certificate
  return shaken.outcome === 'trusted'
    ? `TLS: certificate by ${issuer}, valid until ${validTo}`
    : `TLS: certificate by ${issuer} is accepted unchecked (${shaken.reason})`
}

/** Every address at once. */
const triedAt = (probe: BotProbe, addresses: readonly string[], port: number) =>
  Promise.all(
    addresses.map(async address => ({ address, reason: await probe.connect({ address, port }, stepTimeoutMs) })),
  )

async function isAnywhere(probe: BotProbe, addresses: readonly string[], port: number): Promise<boolean> {
  const tried = await triedAt(probe, addresses, port)
  return tried.some(({ reason }) => reason === undefined)
}

/** The other of the two loopback addresses. */
const otherFamilyOf = (host: string): string | undefined =>
  host === '127.0.0.1' ? '::1' : host === '::1' ? '127.0.0.1' : undefined
