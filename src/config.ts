/**
 * Reads what a Landline is told from the command line and the environment. Nothing else reads either.
 */
import { BlockList, isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { type BotSettings, defaultBot, defaultSite, defaults, type Settings, type SiteSettings } from './settings.ts'

/** A word on the command line, or in the environment, that can't be understood. The message is for the person who typed it. */
export class UsageError extends Error {}

/** What the command line asks for. */
export type CommandLine = {
  readonly settings: Settings
  readonly botGiven: boolean
  readonly help: boolean
  /** What the operator should know about these settings: a sentence each. */
  readonly warnings: readonly string[]
}

/** Variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The text of `--help`. */
export const usage = `Usage: npm start -- [options]

  --port N          listen on this port (default 3977, or the next free one up to 3997)
  --host H          listen on this address (default 127.0.0.1)
  --public-url URL  what clients and bots are told as our address (default: the address listened on)
  --trust-proxy L   proxies whose X-Forwarded-For is believed: addresses and networks with commas between
  --bot URL         the bot's messaging endpoint (default http://localhost:3978/api/messages)
  --schema S        what the bot speaks: v3 (default), or v1 for bots of the Bot Framework of 2016
  --app ID[:PWD]    the bot's app id, and its password (default: one is made and kept)
  --authority A     who issues the bot's tokens: landline (default), microsoft, or none
  --tenant T        the tenant in the addresses of those tokens (default landline)
  --dir DIR         where the store is kept (default ./.landline)
  --secret S        the first secret of the site, up to 256 characters (default: one is made and kept)
  --memory          keep nothing on disk
  --help            print this

Environment:

  LANDLINE_SECRET, LANDLINE_APP_PASSWORD, LANDLINE_ADMIN_KEY
                    secrets that are not to stand on a command line
  LANDLINE_RATE_LIMITS=off
                    nobody is held to a rate, for load tests; every other limit holds
`

/** Secrets shorter than this are taken on a developer's machine only. */
const secretCharactersMin = 32
const secretPattern = /^[\x21-\x7e]{1,256}$/

/**
 * Reads the command line and the environment.
 *
 * @throws UsageError for an unknown option or an unusable value
 */
export function readCommandLine(words: readonly string[], environment: Environment = process.env): CommandLine {
  const values = parseOptions(words)
  const host = values.host ?? defaults.listen.host
  const publicUrl = values['public-url'] === undefined ? undefined : readPublicUrl(values['public-url'])
  const development = isLoopback(host) && (publicUrl === undefined || isLoopback(new URL(publicUrl).hostname))
  const settings: Settings = {
    ...defaults,
    listen: {
      host: readHost(host),
      ...(values.port === undefined ? { ...defaults.listen, host } : { port: readPort(values.port), further: 0 }),
    },
    publicUrl,
    development,
    revealSecrets: development,
    rateLimits: readSwitch('LANDLINE_RATE_LIMITS', environment, defaults.rateLimits),
    adminKey: readSecret('LANDLINE_ADMIN_KEY', environment['LANDLINE_ADMIN_KEY'], development),
    trustedProxies: readProxies(values['trust-proxy']),
    store: values.memory ? { kind: 'memory' } : { kind: 'sqlite', dir: values.dir ?? '.landline' },
    bots: [readBot(values, environment, readSite(values.secret, environment, development))],
  }
  return {
    settings,
    botGiven: values.bot !== undefined,
    help: values.help ?? false,
    warnings: warningsOf(settings),
  }
}

type Options = ReturnType<typeof parseOptions>

function parseOptions(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'public-url': { type: 'string' },
        'trust-proxy': { type: 'string' },
        bot: { type: 'string' },
        schema: { type: 'string' },
        app: { type: 'string' },
        authority: { type: 'string' },
        tenant: { type: 'string' },
        dir: { type: 'string' },
        secret: { type: 'string' },
        memory: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function readBot(values: Options, environment: Environment, site: SiteSettings): BotSettings {
  const app = readApp(values.app, environment['LANDLINE_APP_PASSWORD'])
  if (values.authority === 'microsoft' && app?.password === undefined)
    throw new UsageError('--authority microsoft takes the app id and password the bot is registered with: give --app')
  return {
    ...defaultBot,
    endpoint: values.bot === undefined ? defaultBot.endpoint : readEndpoint(values.bot),
    schema: readOneOf('--schema', ['v3', 'v1'], values.schema, defaultBot.schema),
    app,
    authority: readOneOf('--authority', ['landline', 'microsoft', 'none'], values.authority, defaultBot.authority),
    tenant: values.tenant === undefined ? undefined : readTenant(values.tenant),
    sites: [site],
  }
}

function readSite(flag: string | undefined, environment: Environment, development: boolean): SiteSettings {
  const name = flag === undefined ? 'LANDLINE_SECRET' : '--secret'
  const secret = readSecret(name, flag ?? environment['LANDLINE_SECRET'], development)
  return secret === undefined ? defaultSite : { ...defaultSite, secrets: [secret] }
}

/** What is unsafe, and still may be meant. */
function warningsOf({ listen, publicUrl, rateLimits }: Settings): readonly string[] {
  const warnings: string[] = []
  const isPublic = !isLoopback(listen.host) || (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname))
  if (!isLoopback(listen.host) && publicUrl === undefined) {
    warnings.push(
      'Clients and bots are told an address of this machine alone, because no --public-url says how others reach it.',
    )
  }
  if (isPublic && !publicUrl?.startsWith('https:')) {
    warnings.push(
      'Other machines can reach this service, and there is no https in front of it: secrets and messages can be read on the way. Put a TLS proxy in front and give its address as --public-url.',
    )
  }
  if (!rateLimits) warnings.push('LANDLINE_RATE_LIMITS=off: nobody is held to a rate. This is for load tests only.')
  return warnings
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether a host is this machine and nobody else's. */
function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  if (version === 0) return /^(?:.+\.)?localhost$/i.test(address)
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

function readHost(text: string): string {
  if (isIP(text) === 0 && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$/.test(text))
    throw new UsageError(`--host takes an address such as 0.0.0.0, not "${text}"`)
  return text
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65_535) throw new UsageError(`--port takes a number from 0 to 65535, not "${text}"`)
  return port
}

function readUrl(name: string, example: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`${name} takes an http or https address such as ${example}, not "${text}"`)
  }
  return url
}

const readEndpoint = (text: string): string => readUrl('--bot', defaultBot.endpoint, text).href

function readPublicUrl(text: string): string {
  const url = readUrl('--public-url', 'https://chat.example.org', text)
  if (url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UsageError('--public-url takes an address without query, fragment or user name')
  return url.href.replace(/\/+$/, '')
}

function readProxies(text: string | undefined): readonly string[] {
  const proxies = text?.split(',').map(part => part.trim()) ?? []
  for (const proxy of proxies) {
    const [address = '', bits, ...more] = proxy.split('/')
    const version = isIP(address)
    const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
    if (version === 0 || !isNetwork || more.length > 0) {
      throw new UsageError(
        `--trust-proxy takes addresses such as 10.0.0.7 or networks such as 10.0.0.0/8, not "${proxy}"`,
      )
    }
  }
  return proxies
}

function readOneOf<Word extends string>(
  name: string,
  words: readonly [Word, ...Word[]],
  text: string | undefined,
  otherwise: Word,
): Word {
  if (text === undefined) return otherwise
  const word = words.find(known => known === text)
  if (word === undefined) throw new UsageError(`${name} takes ${words.join(' or ')}, not "${text}"`)
  return word
}

function readApp(text: string | undefined, password: string | undefined): BotSettings['app'] {
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  if (text === '' || colon === 0 || colon === text.length - 1) {
    throw new UsageError('--app takes an app id, or an app id and a password with a colon between')
  }
  return colon === -1 ? { id: text, password } : { id: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Lower case, because SDKs write the addresses they are part of in lower case. */
function readTenant(text: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(text))
    throw new UsageError(`--tenant takes lower-case letters, digits, dots and dashes, not "${text}"`)
  return text
}

function readSecret(name: string, text: string | undefined, development: boolean): string | undefined {
  if (text === undefined) return undefined
  if (!secretPattern.test(text)) throw new UsageError(`${name} takes up to 256 printable characters without spaces`)
  if (!development && text.length < secretCharactersMin) {
    throw new UsageError(
      `${name} takes at least ${secretCharactersMin} characters where other machines reach the service`,
    )
  }
  return text
}

function readSwitch(name: string, environment: Environment, otherwise: boolean): boolean {
  const text = environment[name]?.toLowerCase()
  if (text === undefined || text === '') return otherwise
  if (text !== 'on' && text !== 'off') throw new UsageError(`${name} takes on or off, not "${text}"`)
  return text === 'on'
}
