/**
 * Everything a Landline is told, as the rest of the house takes it, with its defaults.
 */
import {
  conversationLifetimeSeconds,
  defaultLimits,
  fileLifetimeSeconds,
  type Limits,
  tokenLifetimeSeconds,
} from './protocol/limits.ts'

/** One site of a bot. */
export type SiteSettings = {
  readonly id: string
  /** A site that is switched off takes no secret, token or ticket. */
  readonly enabled: boolean
  /** Whether clients of Direct Line 3.0, and of 1.1, are served. */
  readonly v3: boolean
  readonly v1: boolean
  /** Secrets given from outside. Without any, one is made at first start and kept. */
  readonly secrets: readonly string[]
  /** Tokens must carry a user id, and user ids in requests of a secret must start with `dl_`. */
  readonly enhancedAuthentication: boolean
  /** Origins that may bind a sign-in session. If set, it wins over the list in a token. */
  readonly trustedOrigins: readonly string[]
  /** Refuses requests and sockets whose `Origin` is not trusted. */
  readonly enforceOrigins: boolean
  /** Shows the bot's `trace` activities to clients. */
  readonly debug: boolean
  /** Lets clients send `tokens/response` events, which otherwise only a token service may. */
  readonly allowTokenResponse: boolean
}

/** One bot. */
export type BotSettings = {
  readonly id: string
  readonly name: string
  /** The messaging endpoint: an http or https URL. */
  readonly endpoint: string
  /** What it speaks: activities, or the messages of Bot Framework v1. */
  readonly schema: 'v3' | 'v1'
  /** The bot's app id, and its password: without one given, one is made and kept. Undefined: the bot has no credential. */
  readonly app: { readonly id: string; readonly password: string | undefined } | undefined
  /** Who issues the tokens a v3 bot with an app id is shown and shows: this service, Microsoft's public cloud, or nobody. */
  readonly authority: 'landline' | 'microsoft' | 'none'
  /** The tenant that stands in those tokens' addresses: lower case. Undefined: `landline`, or Microsoft's for bots of many tenants. */
  readonly tenant: string | undefined
  /** Whether the bot may be at a link-local or cloud metadata address. */
  readonly allowLinkLocal: boolean
  /** How long a turn may take: milliseconds. */
  readonly timeoutMs: number
  /** When clients see what a user sent: before the bot's turn, or after it. */
  readonly echo: 'before' | 'after'
  /** The bot answers in the body of the turn instead of calling back. */
  readonly expectReplies: boolean
  /** The bot is sent the client's `deliveryMode`, such as `stream`. */
  readonly passDeliveryMode: boolean
  /** Whether the bot may update and delete what it has sent. */
  readonly updates: boolean
  readonly sites: readonly SiteSettings[]
}

/** Where the log is kept. */
export type StoreSettings = { readonly kind: 'memory' } | { readonly kind: 'sqlite'; readonly dir: string }

/** Everything a Landline is told. */
export type Settings = {
  readonly listen: {
    readonly host: string
    /** 0: any free port. */
    readonly port: number
    /** How many ports after `port` are tried when it is taken. */
    readonly further: number
  }
  /** What clients and bots are told as our address: an absolute URL without query. Undefined: the address listened on. */
  readonly publicUrl: string | undefined
  readonly store: StoreSettings
  /** Serves the chat page and hands tokens to pages opened on this machine. */
  readonly development: boolean
  readonly tokenLifetimeSeconds: number
  readonly conversationLifetimeSeconds: number
  readonly fileLifetimeSeconds: number
  /** Opens the admin API. Undefined: one is made at first start and kept. */
  readonly adminKey: string | undefined
  /** Whether the admin API shows secrets that are in use. */
  readonly revealSecrets: boolean
  /** Whether callers are held to the rates in `limits`. Everything else in `limits` holds either way. */
  readonly rateLimits: boolean
  readonly limits: Limits
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Where Microsoft's public cloud issues tokens: an absolute URL without a slash at its end. */
  readonly entraUrl: string
  /** How long a stop waits for turns that are running: milliseconds. */
  readonly stopTimeoutMs: number
  readonly bots: readonly BotSettings[]
}

/** A site with every setting at its default. */
export const defaultSite: SiteSettings = {
  id: 'default',
  enabled: true,
  v3: true,
  v1: true,
  secrets: [],
  enhancedAuthentication: false,
  trustedOrigins: [],
  enforceOrigins: false,
  debug: false,
  allowTokenResponse: false,
}

/** A bot with every setting at its default: where the SDKs' samples listen. */
export const defaultBot: BotSettings = {
  id: 'bot',
  name: 'Bot',
  endpoint: 'http://localhost:3978/api/messages',
  schema: 'v3',
  app: undefined,
  authority: 'landline',
  tenant: undefined,
  allowLinkLocal: false,
  timeoutMs: 15_000,
  echo: 'before',
  expectReplies: false,
  passDeliveryMode: false,
  updates: true,
  sites: [defaultSite],
}

/** Every setting at its default, as `npm start` takes them. */
export const defaults: Settings = {
  listen: { host: '127.0.0.1', port: 3977, further: 20 },
  publicUrl: undefined,
  store: { kind: 'sqlite', dir: '.landline' },
  development: true,
  tokenLifetimeSeconds,
  conversationLifetimeSeconds,
  fileLifetimeSeconds,
  adminKey: undefined,
  revealSecrets: true,
  rateLimits: true,
  limits: defaultLimits,
  trustedProxies: [],
  entraUrl: 'https://login.microsoftonline.com',
  stopTimeoutMs: 30_000,
  bots: [defaultBot],
}
