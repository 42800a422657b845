/**
 * The credentials of v3 bots: what they are shown with each turn, what they show when they call, and what they are
 * issued for it. Those of v1 bots are a password, and not here.
 */
import { isAtHost } from '../protocol/endpoint.ts'
import { clockSkewSeconds } from '../protocol/limits.ts'
import type { Authority } from './authority.ts'
import type { Claims, Entra } from './authority-port.ts'
import type { Events } from './events.ts'
import type { Clock, Keys } from './ports.ts'
import { type Made, Renewals } from './renewals.ts'
import { type AuthenticatedBot, type Bot, isAuthenticated, type Sites } from './sites.ts'

/** What bots' tokens are for: the Connector, by the name that every SDK asks for, whoever serves it. */
export const connectorAudience = 'https://api.botframework.com'

/** The tenant in the addresses of our own tokens, where nothing else is said. */
export const defaultTenant = 'landline'

/** How long a bot may call with a token it has been issued: seconds. SDKs ask again five minutes before the end. */
export const botTokenSeconds = 60 * 60

/** How long what we show a bot is good for: seconds. SDKs allow five minutes more. */
const shownTokenSeconds = 10 * 60

/** How far the start of what we show lies back, for bots whose clock is behind: seconds. */
const backdatedSeconds = 60

/** Verified tokens are remembered, because a bot shows the same one for an hour. */
const rememberedTokensMax = 1_000

/** What a turn carries: the Authorization header, undefined for a bot that is shown none. Or why it can't be had. */
export type Authorization =
  | { readonly outcome: 'given'; readonly header: string | undefined }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Who a genuine token speaks for. Several bots may share one registration. */
export type BotIdentity = Pick<AuthenticatedBot, 'authority' | 'tenant'> & { readonly appId: string }

/** A token a bot has been issued. */
export type IssuedBotToken = {
  readonly token: string
  readonly expiresInSeconds: number
  /** Seconds since 1970. */
  readonly expiresAt: number
}

type BotCredentialsPorts = {
  readonly sites: Sites
  readonly authority: Authority
  /** Gives Microsoft's identity service. Asked for once, when a bot needs it. @throws Error if it may not be used */
  readonly openEntra: () => Entra
  readonly keys: Keys
  readonly clock: Clock
  readonly events: Events
  /** Our own address, without a slash at its end. */
  readonly publicUrl: () => string
}

type Remembered = { readonly identity: BotIdentity; readonly claims: Claims }

/** Shows, checks and issues credentials. */
export class BotCredentials {
  readonly #ports: BotCredentialsPorts
  readonly #shown: Renewals<Authorization>
  readonly #remembered = new Map<string, Remembered>()
  #entra: Entra | undefined

  constructor(ports: BotCredentialsPorts) {
    this.#ports = ports
    this.#shown = new Renewals(ports.clock)
  }

  /** Opens what these bots need, so that what can't work fails at the start, or when one is added. @throws Error */
  async open(given: readonly Bot[] = this.#ports.sites.bots): Promise<void> {
    const bots = given.filter(isAuthenticated)
    if (bots.some(bot => bot.authority === 'microsoft')) this.#openEntra()
    if (bots.some(isOfOurs)) await this.#ports.authority.open()
  }

  /**
   * What a turn of this bot carries: at once while a token is at hand, which it nearly always is. Never rejects.
   *
   * @param serviceUrl what the activity says, character for character
   */
  authorizationFor(bot: Bot, serviceUrl: string): Authorization | Promise<Authorization> {
    if (!isAuthenticated(bot)) return nothingToShow
    if (bot.authority === 'microsoft') {
      return this.#shown.get(nameOf('entra', bot.tenant, bot.app.id, bot.app.password), () => this.#askEntra(bot))
    }
    const name = nameOf('own', this.#ports.authority.generation, bot.tenant, bot.app.id, serviceUrl)
    return this.#shown.get(name, () => this.#sign(bot, serviceUrl))
  }

  /**
   * Who a token speaks for: at once if it has been verified before. Undefined for one that is forged, expired, meant
   * for something else or of no bot here; what we have shown a bot ourselves names no app, so it is none of them.
   *
   * @returns rejects with a ProtocolError `Unavailable` if it can't be verified now
   */
  verify(token: string): BotIdentity | undefined | Promise<BotIdentity | undefined> {
    const name = `${this.#ports.authority.generation} ${token}`
    const known = this.#remembered.get(name)
    if (known === undefined) return this.#verify(token, name)
    return this.#isCurrent(known.claims) ? known.identity : undefined
  }

  /** The bots a genuine token speaks for. */
  botsOf(identity: BotIdentity): readonly Bot[] {
    return this.#bots().filter(bot => speaksFor(identity, bot))
  }

  /** The bot whose app id and password these are. An unknown id and a wrong password are the same, also in time. */
  authenticate(appId: string, password: string): AuthenticatedBot | undefined {
    const { digest } = this.#ports.keys
    const shown = digest(nameOf(appId.toLowerCase(), password))
    const fitting = this.#bots().filter(
      bot => digest(nameOf(bot.app.id.toLowerCase(), bot.app.password)) === shown && isOfOurs(bot),
    )
    return fitting[0]
  }

  /**
   * Issues what a bot calls the Connector with. It is for the Connector alone, even if the bot names itself as the
   * audience: bots send their tokens to strangers along with downloads, and one for a bot could be shown to that bot.
   */
  async issue(bot: AuthenticatedBot): Promise<IssuedBotToken> {
    const now = this.#nowSeconds()
    const expiresAt = now + botTokenSeconds
    const token = await this.#ports.authority.sign({
      iss: this.#issuerFor(bot),
      aud: connectorAudience,
      appid: bot.app.id,
      ver: '1.0',
      iat: now,
      nbf: now,
      exp: expiresAt,
    })
    return { token, expiresInSeconds: botTokenSeconds, expiresAt }
  }

  /**
   * Our address for whoever asks at this host about a tenant: our own, or the one that a bot of the tenant is told in
   * its place. A name that was made up is answered with our own.
   *
   * @param host as in a `Host` header
   */
  addressAt(host: string | undefined, tenant: string): string {
    const own = this.#ports.publicUrl()
    const told = this.#bots().flatMap(bot => (isOfOurs(bot) && bot.tenant === tenant ? (bot.serviceUrl ?? []) : []))
    return [own, ...told].find(address => isAtHost(address, host)) ?? own
  }

  /** Who issues a bot's tokens, as the bot finds it at the address it is told. */
  #issuerFor(bot: AuthenticatedBot): string {
    return issuerAt(bot.serviceUrl ?? this.#ports.publicUrl(), bot.tenant)
  }

  /** Both SDKs take a token with `ver`, `azp` or `appid` for another kind, so there is nothing in it but this. */
  #sign(bot: AuthenticatedBot, serviceUrl: string): Promise<Made<Authorization>> {
    const now = this.#nowSeconds()
    const claims = {
      iss: this.#issuerFor(bot),
      aud: bot.app.id,
      serviceurl: serviceUrl,
      iat: now,
      nbf: now - backdatedSeconds,
      exp: now + shownTokenSeconds,
    }
    return this.#made(async () => ({
      outcome: 'issued',
      token: await this.#ports.authority.sign(claims),
      expiresInSeconds: shownTokenSeconds,
    }))
  }

  #askEntra({ tenant, app }: AuthenticatedBot): Promise<Made<Authorization>> {
    return this.#made(() => this.#openEntra().token({ tenant, ...app }))
  }

  async #made(ask: () => ReturnType<Entra['token']>): Promise<Made<Authorization>> {
    try {
      const asked = await ask()
      if (asked.outcome === 'refused') return { isGood: false, value: { outcome: 'failed', reason: asked.reason } }
      return {
        isGood: true,
        value: { outcome: 'given', header: `Bearer ${asked.token}` },
        lifetimeMs: asked.expiresInSeconds * 1000,
      }
    } catch (error) {
      this.#ports.events({ event: 'fault', during: "making a bot's credential", error })
      return { isGood: false, value: { outcome: 'failed', reason: 'the service has failed' } }
    }
  }

  async #verify(token: string, name: string): Promise<BotIdentity | undefined> {
    const bots = this.#bots()
    const read = (await this.#ofOurs(token, bots)) ?? (await this.#ofEntra(token, bots))
    if (read === undefined || !this.#isCurrent(read.claims)) return undefined
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size < rememberedTokensMax) break
      this.#remembered.delete(oldest)
    }
    this.#remembered.set(name, read)
    return read.identity
  }

  async #ofOurs(token: string, bots: readonly AuthenticatedBot[]): Promise<Remembered | undefined> {
    const own = bots.filter(isOfOurs)
    const claims = own.length === 0 ? undefined : await this.#ports.authority.verified(token)
    if (claims === undefined) return undefined
    const bot = own.find(one => claims['iss'] === this.#issuerFor(one) && isMeant(claims, one.app.id))
    return bot === undefined ? undefined : { identity: identityOf(bot), claims }
  }

  async #ofEntra(token: string, bots: readonly AuthenticatedBot[]): Promise<Remembered | undefined> {
    const registered = bots.filter(bot => bot.authority === 'microsoft')
    if (registered.length === 0) return undefined
    const botOf = (claims: Claims) => registered.find(bot => isMeantByEntra(claims, bot.app.id))
    const claims = await this.#openEntra().verified(token, said => botOf(said)?.tenant)
    const bot = claims === undefined ? undefined : botOf(claims)
    return claims === undefined || bot === undefined ? undefined : { identity: identityOf(bot), claims }
  }

  #openEntra(): Entra {
    this.#entra ??= this.#ports.openEntra()
    return this.#entra
  }

  #bots(): readonly AuthenticatedBot[] {
    return this.#ports.sites.speaking('v3').filter(isAuthenticated)
  }

  #isCurrent({ nbf, exp }: Claims): boolean {
    const now = this.#nowSeconds()
    if (typeof exp !== 'number' || now >= exp + clockSkewSeconds) return false
    return nbf === undefined || (typeof nbf === 'number' && now >= nbf - clockSkewSeconds)
  }

  #nowSeconds(): number {
    return Math.floor(this.#ports.clock.nowMs() / 1000)
  }
}

/** The issuer of a tenant's tokens, where we have this address. */
export const issuerAt = (address: string, tenant: string): string => `${address}/${tenant}/v2.0`

const isOfOurs = (bot: Bot): boolean => bot.authority === 'landline'

/** Whether a genuine token speaks for a bot. */
export const speaksFor = (identity: BotIdentity, bot: Bot): boolean =>
  isAuthenticated(bot) &&
  bot.authority === identity.authority &&
  bot.tenant === identity.tenant &&
  isSameApp(bot.app.id, identity.appId)

const nothingToShow: Authorization = { outcome: 'given', header: undefined }

const identityOf = ({ authority, tenant, app }: AuthenticatedBot): BotIdentity => ({
  authority,
  tenant,
  appId: app.id,
})

const nameOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts)

/** App ids are GUIDs, and Entra writes them in lower case whatever was registered. */
const isSameApp = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Whether a token is this app's own, for the Connector or, as after an Emulator's call, for itself. */
function isMeant({ aud, appid }: Claims, app: string): boolean {
  return typeof appid === 'string' && isSameApp(appid, app) && (aud === connectorAudience || isAppOf(aud, app))
}

/**
 * The same of Entra's tokens, whose second version says `azp`. One with `scp` speaks for a person who has signed in to
 * the app, not for the app.
 */
function isMeantByEntra(claims: Claims, app: string): boolean {
  const { ver, appid, azp, scp } = claims
  return scp === undefined && isMeant({ ...claims, appid: ver === '2.0' ? azp : appid }, app)
}

const isAppOf = (audience: unknown, app: string): boolean => typeof audience === 'string' && isSameApp(audience, app)
