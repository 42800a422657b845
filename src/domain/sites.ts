/**
 * Bots and their sites: who may be talked to, and through which pairs of secrets.
 */
import type { BotId, SiteId } from '../protocol/ids.ts'
import type { BotAccount } from './stamp.ts'

/** A bot as the service treats it. */
export type Bot = BotAccount & {
  /** The messaging endpoint: an http or https URL. */
  readonly endpoint: string
  /** What it is sent: activities, or the messages of Bot Framework v1. */
  readonly schema: 'v3' | 'v1'
  /** The bot's app id and password. A v1 bot is shown them, and shows them; a v3 bot gets its tokens with them. */
  readonly app: { readonly id: string; readonly password: string } | undefined
  /** Who issues the tokens that a v3 bot with an app id is shown and shows. */
  readonly authority: 'landline' | 'microsoft' | 'none'
  /** The tenant in the addresses of those tokens: lower case. */
  readonly tenant: string
  /** Whether the bot may be at a link-local or cloud metadata address. */
  readonly allowLinkLocal: boolean
  /** How long a turn may take: milliseconds. */
  readonly timeoutMs: number
  /** When sockets are pushed what a user sent: before the bot's turn, or when it has ended or been answered. */
  readonly echo: 'before' | 'after'
  /** The bot answers in the body of the turn instead of calling back. */
  readonly expectReplies: boolean
  /** The bot is sent the client's `deliveryMode`. */
  readonly passDeliveryMode: boolean
  /** Whether the bot may update and delete what it has sent. */
  readonly updates: boolean
}

/** A site of a bot. */
export type Site = {
  readonly id: SiteId
  readonly bot: Bot
  /** A site that is switched off takes no secret, token or ticket. */
  readonly enabled: boolean
  /** Whether clients of Direct Line 3.0, and of 1.1, are served. */
  readonly v3: boolean
  readonly v1: boolean
  /** User ids must come from a token and start with `dl_`. */
  readonly enhancedAuthentication: boolean
  /** Wins over the origins in a token, unless empty. */
  readonly trustedOrigins: readonly string[]
  /** Refuses requests and sockets of pages from elsewhere. */
  readonly enforceOrigins: boolean
  /** Shows the bot's `trace` activities. */
  readonly debug: boolean
  /** Clients may send `tokens/response`. */
  readonly allowTokenResponse: boolean
  /** The SHA-256 digests of its secrets. */
  readonly secretDigests: readonly string[]
}

/** All sites, to be looked up. */
export class Sites {
  readonly #byDigest = new Map<string, Site>()
  readonly #byId = new Map<string, Site>()
  readonly #bots = new Map<BotId, Bot>()

  constructor(sites: readonly Site[]) {
    for (const site of sites) {
      this.#byId.set(nameOf(site.bot.id, site.id), site)
      this.#bots.set(site.bot.id, site.bot)
      for (const digest of site.secretDigests) this.#byDigest.set(digest, site)
    }
  }

  /** The site a secret opens. Looked up by digest, so that a near miss takes as long as any other. */
  bySecretDigest(digest: string): Site | undefined {
    return this.#byDigest.get(digest)
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
}

/** Sites of two bots may go by one name. */
const nameOf = (bot: BotId, site: SiteId): string => JSON.stringify([bot, site])
