/**
 * Bots and their sites: who may be talked to, and through which pairs of secrets.
 */
import type { BotId, SiteId } from '../protocol/ids.ts'
import type { BotAccount } from './stamp.ts'
import type { WrittenBot, WrittenSite } from './written-bot.ts'

/** A bot as the service treats it: as it is written down, with its credential. */
export type Bot = BotAccount &
  Omit<WrittenBot, 'id' | 'name' | 'app' | 'tenant' | 'sites'> & {
    /** The bot's app id and password. A v1 bot is shown them, and shows them; a v3 bot gets its tokens with them. */
    readonly app: { readonly id: string; readonly password: string } | undefined
    /** The tenant in the addresses of those tokens: lower case. */
    readonly tenant: string
  }

/** A bot that is shown tokens, and shows its own when it calls. */
export type AuthenticatedBot = Bot & {
  readonly schema: 'v3'
  readonly app: NonNullable<Bot['app']>
  readonly authority: 'landline' | 'microsoft'
}

/** Whether a bot is shown tokens and must show its own. */
export const isAuthenticated = (bot: Bot): bot is AuthenticatedBot =>
  bot.schema === 'v3' && bot.app !== undefined && bot.authority !== 'none'

/** What an operator may turn off and on while the service runs. */
export type Switches = Pick<WrittenSite, 'enabled' | 'v3' | 'v1' | 'uploads'>

/** One of the two secrets of a site, without the secret. */
export type SecretMark = {
  /** What tokens made with it carry. Random: it tells nothing about the secret. */
  readonly id: string
  /** SHA-256 of the secret. */
  readonly digest: string
  /** Milliseconds since 1970. */
  readonly createdMs: number
}

/** Which of the two secrets of a site. */
export type SecretNumber = 1 | 2

/** Stands for a secret in what the service issues by itself: to its own page, and to whoever holds the admin key. */
export const ownSecret = 'self'

/** A site of a bot: as it is written down, but for what was switched since. */
export type Site = Omit<WrittenSite, 'id' | 'secrets'> & {
  readonly id: SiteId
  readonly bot: Bot
  /** The switches as they are written down. */
  readonly given: Switches
  readonly secrets: readonly [SecretMark, SecretMark]
}

/** All sites as they are now, to be looked up. */
export class Sites {
  readonly #byDigest = new Map<string, { readonly site: Site; readonly secret: SecretMark }>()
  readonly #byId = new Map<string, Site>()
  readonly #bots = new Map<BotId, Bot>()
  readonly #lastUsedMs = new Map<string, number>()

  /** @param bots those of the sites and any that have none */
  constructor(sites: readonly Site[], bots: readonly Bot[] = sites.map(({ bot }) => bot)) {
    for (const bot of bots) this.#bots.set(bot.id, bot)
    for (const site of sites) this.put(site)
  }

  /** Takes a site as it is from now on, in place of what it was. Its bot stays. */
  put(site: Site): void {
    for (const { digest } of this.of(site.bot.id, site.id)?.secrets ?? []) this.#byDigest.delete(digest)
    this.#byId.set(nameOf(site.bot.id, site.id), site)
    for (const secret of site.secrets) this.#byDigest.set(secret.digest, { site, secret })
  }

  /** Takes a bot as it is from now on, with these sites and no others. */
  putBot(bot: Bot, sites: readonly Site[]): void {
    this.#bots.set(bot.id, bot)
    const ids = new Set(sites.map(({ id }) => id))
    for (const old of this.sitesOf(bot.id)) if (!ids.has(old.id)) this.#remove(old)
    for (const site of sites) this.put(site)
  }

  /** Knows a bot and its sites no more. */
  removeBot(id: BotId): void {
    for (const site of this.sitesOf(id)) this.#remove(site)
    this.#bots.delete(id)
  }

  /**
   * The site a secret opens. Two digests are compared, never two secrets: how long it takes tells nothing about one,
   * and a near miss takes as long as any other.
   *
   * @param nowMs noted as when the secret was last used: milliseconds since 1970
   */
  bySecretDigest(digest: string, nowMs: number): { readonly site: Site; readonly secret: SecretMark } | undefined {
    const found = this.#byDigest.get(digest)
    if (found !== undefined) this.#lastUsedMs.set(found.secret.id, nowMs)
    return found
  }

  /** When a secret was last used since the service started: milliseconds since 1970. */
  lastUsedMs(secret: SecretMark): number | undefined {
    return this.#lastUsedMs.get(secret.id)
  }

  /** Every site: those of the settings first, in their order. */
  get all(): readonly Site[] {
    return [...this.#byId.values()]
  }

  /** Every bot: those of the settings first, in their order. */
  get bots(): readonly Bot[] {
    return [...this.#bots.values()]
  }

  /** The sites of a bot. */
  sitesOf(bot: BotId): readonly Site[] {
    return this.all.filter(site => site.bot.id === bot)
  }

  /** The site of this id if it is this bot's. */
  of(bot: BotId, site: SiteId): Site | undefined {
    return this.#byId.get(nameOf(bot, site))
  }

  /** The bot of this id. */
  bot(id: BotId): Bot | undefined {
    return this.#bots.get(id)
  }

  /** The bots that speak a schema. */
  speaking(schema: Bot['schema']): readonly Bot[] {
    return [...this.#bots.values()].filter(bot => bot.schema === schema)
  }

  #remove({ bot, id, secrets }: Site): void {
    for (const secret of secrets) {
      this.#byDigest.delete(secret.digest)
      this.#lastUsedMs.delete(secret.id)
    }
    this.#byId.delete(nameOf(bot.id, id))
  }
}

/** A name for a site of a bot: sites of two bots may have one id. */
export const nameOf = (bot: BotId, site: SiteId): string => JSON.stringify([bot, site])
