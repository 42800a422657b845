/**
 * Everything a Landline is told, as the rest of the house takes it, with its defaults.
 */
import { type BotValues, botRows, type SiteValues, siteRows } from './config/bots-table.ts'
import { limitsOf } from './config/limits-table.ts'
import type { Table, ValuesOf } from './config/row.ts'
import { table, type Values } from './config/table.ts'
import type { WrittenBot, WrittenSite } from './domain/written-bot.ts'
import type { Limits } from './protocol/limits.ts'

/** One site of a bot. */
export type SiteSettings = WrittenSite

/** One bot. Those of the settings can be changed only there. */
export type BotSettings = WrittenBot & { readonly owner: 'settings' }

/** Where files are kept in an S3-compatible storage. */
export type S3Settings = {
  readonly bucket: string
  /** What all keys begin with: empty, or with a slash at its end. */
  readonly prefix: string
  readonly region: string
  readonly endpoint: string
  /** Whether the bucket stands in the path of addresses, and not before the host. */
  readonly pathStyle: boolean
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** How long the storage may take for an answer that carries no file: milliseconds. */
  readonly timeoutMs: number
}

/** Where the log is kept. */
export type StoreSettings =
  | { readonly kind: 'memory' }
  /** `filesDir`: the folder for uploaded files. Undefined: one in the folder of the store. `s3` wins over any folder. */
  | { readonly kind: 'sqlite'; readonly dir: string; readonly filesDir?: string; readonly s3?: S3Settings }
  /** `url` holds credentials. */
  | {
      readonly kind: 'postgres'
      readonly url: string
      /** The folder for uploaded files: one for all nodes. */
      readonly filesDir: string
      readonly s3?: S3Settings
      /** How many connections write at once, and how many read. */
      readonly writers: number
      readonly readers: number
    }

/** How news gets from node to node, and where what carries it is. */
export type BusSettings =
  | { readonly kind: 'local' }
  /** `url` holds credentials. */
  | { readonly kind: 'postgres' | 'redis'; readonly url: string }

/** Where the admin API and the console are. */
export type AdminSettings = {
  /** Without it there is neither. */
  readonly enabled: Values['admin.enabled']
  /** An address of their own. Undefined: where everything else is. */
  readonly listen: Values['admin.listen']
  /** Host names, beside loopback and the public URL's, under which they may be called. */
  readonly hosts: Values['admin.hosts']
  /** Whether other machines may reach them without https. */
  readonly allowPlainHttp: Values['admin.allowPlainHttp']
}

/** What is kept of the calls of bots, for people who look in. */
export type InspectSettings = {
  /** Whether bodies of what bots were sent and answered are kept. */
  readonly bodies: Values['inspect.bodies']
  /** How much of one body: bytes. */
  readonly maxBody: number
  /** How many turns are kept. */
  readonly turns: number
  /** How long they are kept. */
  readonly hours: number
  /** Names of headers, and of parameters in a bot's address, whose values are never kept, beside those of credentials. */
  readonly redact: readonly string[]
}

/** Everything a Landline is told. */
export type Settings = {
  /** How it was started: for a developer's own machine, or for others. */
  readonly mode: 'dev' | 'serve'
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
  readonly bus: BusSettings
  /** Hands tokens to pages opened on this machine. */
  readonly development: boolean
  readonly tokenLifetimeSeconds: number
  readonly conversationLifetimeSeconds: number
  readonly fileLifetimeSeconds: number
  /** The key that tokens, links and kept secrets hang on: 32 bytes in base64. Undefined: one is made and kept beside the store. */
  readonly masterKey: string | undefined
  readonly admin: AdminSettings
  readonly inspect: InspectSettings
  readonly webchat: {
    /** Whether Web Chat is served for pages of other people's. */
    readonly public: boolean
  }
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

/** A site of the values of the table. */
export function siteOf({ enhancedAuth, ...values }: SiteValues): SiteSettings {
  return { ...values, enhancedAuthentication: enhancedAuth }
}

/**
 * A bot of the values of the table.
 *
 * @param where it stands
 */
export function botOf(
  { appId, appPassword, tenantId, ...values }: BotValues,
  sites: readonly SiteSettings[],
  where: string | undefined,
): BotSettings {
  const app = appId === undefined ? undefined : { id: appId, password: appPassword }
  return { ...values, app, tenant: tenantId, owner: 'settings', where, sites }
}

/** What follows from several settings. */
export type Derived = Pick<Settings, 'mode' | 'development' | 'bots'> & {
  readonly further: number
  /** The folder of the store. */
  readonly dir: string
  /** The folder for files, if anybody has said which. */
  readonly filesDir: string | undefined
}

/** Everything a Landline is told, of the values of the table. */
export function settingsOf(values: Values, { further, dir, filesDir, ...derived }: Derived): Settings {
  return {
    ...derived,
    listen: { host: values['listen.host'], port: values['listen.port'], further },
    publicUrl: values.publicUrl,
    store: storeOf(values, dir, filesDir),
    bus: busOf(values),
    tokenLifetimeSeconds: values.tokenLifetime,
    conversationLifetimeSeconds: values['retention.conversations'],
    fileLifetimeSeconds: values['retention.files'],
    masterKey: values.masterKey,
    admin: {
      enabled: values['admin.enabled'],
      listen: values['admin.listen'],
      hosts: values['admin.hosts'],
      allowPlainHttp: values['admin.allowPlainHttp'],
    },
    inspect: {
      bodies: values['inspect.bodies'],
      maxBody: values['inspect.maxBody'],
      turns: values['inspect.turns'],
      hours: values['inspect.hours'],
      redact: values['inspect.redact'],
    },
    webchat: { public: values['webchat.public'] },
    adminKey: values['admin.key'],
    revealSecrets: values.revealSecrets,
    rateLimits: values.rateLimits,
    limits: limitsOf(values),
    trustedProxies: values.trustedProxies,
    entraUrl: values.entraUrl,
    stopTimeoutMs: values['shutdown.seconds'] * 1000,
  }
}

function storeOf(values: Values, dir: string, filesDir: string | undefined): StoreSettings {
  const { 'store.kind': kind, 'store.url': url, 'store.writers': writers, 'store.readers': readers } = values
  if (kind === 'memory') return { kind }
  const bucket = s3Of(values)
  const s3 = bucket === undefined ? {} : { s3: bucket }
  // Settings in which it is missing have been refused.
  if (kind === 'postgres' && url !== undefined)
    return { kind, url, filesDir: filesDir ?? sharedFilesDir, ...s3, writers, readers }
  return { kind: 'sqlite', dir, ...(filesDir === undefined ? {} : { filesDir }), ...s3 }
}

function s3Of(values: Values): S3Settings | undefined {
  const { 'files.s3.bucket': bucket, 'files.s3.region': region, 'files.s3.endpoint': endpoint } = values
  const { 'files.s3.accessKeyId': accessKeyId, 'files.s3.secretAccessKey': secretAccessKey } = values
  // Settings in which one is missing have been refused.
  if (bucket === undefined || region === undefined || endpoint === undefined) return undefined
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const { 'files.s3.prefix': prefix, 'files.s3.pathStyle': pathStyle, 'files.s3.sessionToken': sessionToken } = values
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
  const where = { bucket, prefix: prefix === undefined ? '' : `${prefix}/`, region, endpoint, pathStyle }
  return { ...where, ...keys, timeoutMs: values['files.s3.timeoutMs'] }
}

function busOf({ 'store.url': storeUrl, 'bus.kind': kind, 'bus.url': url }: Values): BusSettings {
  const at = url ?? (kind === 'postgres' ? storeUrl : undefined)
  // Settings in which it is missing have been refused.
  return kind === 'local' || at === undefined ? { kind: 'local' } : { kind, url: at }
}

/** Where files are kept beside PostgreSQL, unless somebody says otherwise. */
const sharedFilesDir = '.landline/files'

/** The defaults of a table, as `dev` has them. */
const defaultsOf = <Rows extends Table>(rows: Rows): ValuesOf<Rows> =>
  Object.fromEntries(Object.entries(rows).map(([name, { dev }]) => [name, dev])) as ValuesOf<Rows>

/** A site with every setting at its default. */
export const defaultSite: SiteSettings = siteOf(defaultsOf(siteRows))

/** A bot with every setting at its default: where the SDKs' samples listen. */
export const defaultBot: BotSettings = botOf(defaultsOf(botRows), [defaultSite], undefined)

/** Every setting at its default, as `npm start` takes them. */
export const defaults: Settings = settingsOf(defaultsOf(table), {
  mode: 'dev',
  development: true,
  bots: [defaultBot],
  further: 20,
  dir: '.landline',
  filesDir: undefined,
})
