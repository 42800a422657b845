/**
 * What the admin API says: the shapes of its JSON, for those who answer it and those who call it (the console, the
 * command line). Times are ISO 8601 in UTC unless a name ends in `Ms`; milliseconds have one decimal.
 */
import type { ProblemCode } from './admin-problems.ts'

/** Part of a list, and what to give as `cursor` for the next part; no `next` at the end. */
export type ListBody<Item> = { readonly items: readonly Item[]; readonly next?: string | undefined }

/** `GET /about`. */
export type AboutBody = {
  readonly version: string
  readonly mode: 'dev' | 'serve'
  /** What clients and bots are told as our address. */
  readonly publicUrl: string
  /** What Direct Line clients take as `domain` that reach us as whoever asks does. */
  readonly domain: string
  readonly store: 'memory' | 'sqlite' | 'postgres'
  readonly bus: 'local' | 'redis' | 'postgres'
  readonly node: string
  readonly startedAt: string
  /** Whether no conversation has ever begun here, or all have been forgotten. */
  readonly isUnused: boolean
  /** What this service can do that not every service can: `devToken`, `reveal`, `memory`. */
  readonly features: readonly string[]
  /** The release of Web Chat under `/webchat/{version}`; absent where it is not served for people's own pages. */
  readonly webChat?: string | undefined
}

/** One line of `GET /settings`. A secret's value is `•••`. */
export type SettingBody = {
  readonly name: string
  readonly value: unknown
  readonly origin: 'default' | 'file' | 'env' | 'flag'
  /** `file:line:column`, the variable or the flag. */
  readonly where?: string | undefined
  readonly secret: boolean
}

/** How a bot was found when it was last looked at. */
export type BotHealth = {
  readonly state: 'up' | 'down' | 'unknown'
  readonly at?: string | undefined
  readonly problem?: ProblemCode | undefined
}

/** A bot. */
export type BotBody = {
  readonly id: string
  readonly name: string
  /** The messaging endpoint. */
  readonly endpoint: string
  readonly schema: 'v3' | 'v1'
  readonly appId?: string | undefined
  readonly hasPassword: boolean
  readonly authority: 'landline' | 'microsoft' | 'none'
  readonly tenantId?: string | undefined
  /** What the bot is told as our address, if not the public URL. */
  readonly serviceUrl?: string | undefined
  readonly timeoutMs: number
  readonly expectReplies: boolean
  /** Whether a certificate that nobody vouches for is taken. */
  readonly allowSelfSigned: boolean
  readonly echo: 'before' | 'after'
  readonly updates: boolean
  /** Where it is written down: bots that stand in the settings can be changed only there. */
  readonly owner: 'settings' | 'store'
  /** Where somebody wrote it down in the settings: `file:line`, a flag, a variable. */
  readonly where?: string | undefined
  readonly health: BotHealth
}

/** What `POST /bots` and `PATCH /bots/{bot}` answer: with a password that has just been made for the bot, and is never shown again. */
export type ChangedBotBody = BotBody & { readonly appPassword?: string | undefined }

/** What `POST /bots` and `PATCH /bots/{bot}` take. `id` and `name` come from the endpoint if absent. */
export type BotChange = Partial<
  Pick<
    BotBody,
    | 'id'
    | 'name'
    | 'endpoint'
    | 'schema'
    | 'authority'
    | 'timeoutMs'
    | 'expectReplies'
    | 'allowSelfSigned'
    | 'echo'
    | 'updates'
  >
> & {
  /** null takes it away. */
  readonly appId?: string | null | undefined
  readonly appPassword?: string | null | undefined
  readonly tenantId?: string | null | undefined
  readonly serviceUrl?: string | null | undefined
}

/** A secret of a site, without the secret. */
export type SecretBody = { readonly id: string; readonly created: string; readonly lastUsed?: string | undefined }

/** A site. */
export type SiteBody = {
  readonly id: string
  readonly bot: string
  readonly name: string
  readonly enabled: boolean
  readonly v3: boolean
  readonly v1: boolean
  readonly enhancedAuth: boolean
  readonly trustedOrigins: readonly string[]
  readonly enforceOrigins: boolean
  readonly uploads: boolean
  readonly owner: 'settings' | 'store'
  readonly secrets: readonly SecretBody[]
}

/** What `POST /bots/{bot}/sites` and `PATCH /sites/{site}` take. */
export type SiteChange = Partial<
  Pick<
    SiteBody,
    'id' | 'name' | 'enabled' | 'v3' | 'v1' | 'enhancedAuth' | 'trustedOrigins' | 'enforceOrigins' | 'uploads'
  >
>

/** A token, as it is handed out. */
export type TokenBody = { readonly token: string; readonly conversationId: string; readonly expires_in: number }

/** The body of every refusal. */
export type AdminError = { readonly error: { readonly code: string; readonly message: string } }
