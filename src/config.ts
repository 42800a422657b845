/**
 * What a Landline is told: its settings as the rest of the house takes them, with their defaults. Nothing else reads
 * the environment or the command line.
 */
import { parseArgs } from 'node:util'
import { type BotSettings, defaultBot, defaultSite, defaults, type Settings } from './settings.ts'

/** A word on the command line that can't be understood. The message is for the person who typed it. */
export class UsageError extends Error {}

/** What the command line asks for. */
export type CommandLine = { readonly settings: Settings; readonly botGiven: boolean; readonly help: boolean }

/** The text of `--help`. */
export const usage = `Usage: npm start -- [options]

  --port N      listen on this port (default 3977, or the next free one up to 3997)
  --bot URL     the bot's messaging endpoint (default http://localhost:3978/api/messages)
  --schema S    what the bot speaks: v3 (default), or v1 for bots of the Bot Framework of 2016
  --app ID:PWD  the app id and password of a v1 bot
  --dir DIR     where the store is kept (default ./.landline)
  --secret S    the first secret of the site, up to 256 characters (default: one is made and kept)
  --memory      keep nothing on disk
  --help        print this
`

const secretPattern = /^[\x21-\x7e]{1,256}$/

/**
 * Reads the command line.
 *
 * @throws UsageError for an unknown option or an unusable value
 */
export function readCommandLine(words: readonly string[]): CommandLine {
  const values = parseOptions(words)
  const site = values.secret === undefined ? defaultSite : { ...defaultSite, secrets: [readSecret(values.secret)] }
  const endpoint = values.bot === undefined ? defaultBot.endpoint : readEndpoint(values.bot)
  return {
    settings: {
      ...defaults,
      listen:
        values.port === undefined ? defaults.listen : { ...defaults.listen, port: readPort(values.port), further: 0 },
      store: values.memory ? { kind: 'memory' } : { kind: 'sqlite', dir: values.dir ?? '.landline' },
      bots: [{ ...defaultBot, endpoint, schema: readSchema(values.schema), app: readApp(values.app), sites: [site] }],
    },
    botGiven: values.bot !== undefined,
    help: values.help ?? false,
  }
}

function parseOptions(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        port: { type: 'string' },
        bot: { type: 'string' },
        schema: { type: 'string' },
        app: { type: 'string' },
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

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65_535) throw new UsageError(`--port takes a number from 0 to 65535, not "${text}"`)
  return port
}

function readEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`--bot takes an http or https address such as ${defaultBot.endpoint}, not "${text}"`)
  }
  return url.href
}

function readSchema(text: string | undefined): 'v3' | 'v1' {
  if (text !== undefined && text !== 'v3' && text !== 'v1')
    throw new UsageError(`--schema takes v3 or v1, not "${text}"`)
  return text ?? defaultBot.schema
}

function readApp(text: string | undefined): BotSettings['app'] {
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1)
    throw new UsageError('--app takes an app id and a password with a colon between')
  return { id: text.slice(0, colon), password: text.slice(colon + 1) }
}

function readSecret(text: string): string {
  if (!secretPattern.test(text)) throw new UsageError('--secret takes up to 256 printable characters without spaces')
  return text
}
