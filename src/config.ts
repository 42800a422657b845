/**
 * Reads what a Landline is told: from flags, the environment and a settings file, by the tables in `config/`. Nothing
 * else reads the environment.
 */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { botRows, siteRows } from './config/bots-table.ts'
import { check, isDevelopment, warningsOf } from './config/checks.ts'
import { likelyMistakes } from './config/environment.ts'
import type { Problem } from './config/problem.ts'
import { type Flags as FlagValues, type FoundValues, type Read, read } from './config/read.ts'
import type { FoundBot, FoundRows } from './config/read-bots.ts'
import type { Environment as Variables } from './config/reading.ts'
import type { Table, ValuesOf } from './config/row.ts'
import { impliedS3 } from './config/s3.ts'
import { sample } from './config/sample.ts'
import { linesOf } from './config/show.ts'
import { table, type Values } from './config/table.ts'
import type { SettingBody } from './protocol/admin.ts'
import { type BotSettings, botOf, type Settings, settingsOf, siteOf } from './settings.ts'

/** A word on the command line, or in the environment, that can't be understood. The message is for the person who typed it. */
export class UsageError extends Error {}

/** One thing that is wrong with the settings. Never says the value of a secret. */
export type SettingProblem = Problem

/** Everything that is wrong with the settings, at once. The message has a line for each problem. */
export class SettingsError extends UsageError {
  readonly problems: readonly SettingProblem[]
  /** The settings file, if there is one. */
  readonly file: string | undefined
  /** What the operator should know besides. */
  readonly warnings: readonly string[]

  constructor(
    problems: readonly SettingProblem[],
    { file, warnings }: Pick<ReadSettings, 'file' | 'warnings'> = { file: undefined, warnings: [] },
  ) {
    super(problems.map(writeProblem).join('\n'))
    this.problems = problems
    this.file = file
    this.warnings = warnings
  }

  /** Whether all of it stands on the command line: wrong usage (exit code 2) and not invalid settings (3). */
  get isUsage(): boolean {
    return this.problems.every(({ where }) => where.startsWith('--'))
  }
}

/** A problem as a line: `file:line:column  path: message`, or `VARIABLE: message`. */
export function writeProblem({ where, path, message }: SettingProblem): string {
  if (where.startsWith('--') || where.startsWith('LANDLINE_')) return `${where}: ${message}`
  return path === '' ? `${where}  ${message}` : `${where}  ${path}: ${message}`
}

/** Variables of the environment, by name. */
export type Environment = Variables

/** Variables of this process. Only this file reads them: whoever needs one that is no setting takes it from here. */
export const ownEnvironment: Environment = process.env

/** Flags by name, as commander gives them: `publicUrl` for `--public-url`. */
export type Flags = FlagValues

/** What settings are read from. */
export type SettingSources = {
  /** Those of `flagOptions` that were given; others are ignored. */
  readonly flags: Flags
  /** The process's own if not given. */
  readonly environment?: Environment | undefined
  /** Where the settings file is looked for, and what paths of flags and variables start from. The process's own if not given. */
  readonly cwd?: string | undefined
  readonly mode: 'dev' | 'serve'
}

/** Settings, and how they came to be. */
export type ReadSettings = {
  readonly settings: Settings
  /** Every setting with its value and where it comes from: secrets as `•••`. */
  readonly lines: readonly SettingBody[]
  /** What the operator should know about these settings: a sentence each. */
  readonly warnings: readonly string[]
  /** The settings file, if there is one. */
  readonly file: string | undefined
  /** Whether anybody has said where the bot is. Without it, the sample bot stands in. */
  readonly botGiven: boolean
  /** Every setting but those of bots, by name, secrets among them: to be compared and never shown. */
  readonly values: Values
}

/** How many ports after the usual one a developer's service tries. */
const furtherPorts = 20

/**
 * Reads the settings: what a flag says wins over a variable, which wins over the file, which wins over the default.
 *
 * @throws SettingsError with everything that is wrong
 */
export function readSettings(sources: SettingSources): ReadSettings {
  const { flags, mode, environment = ownEnvironment, cwd = process.cwd() } = sources
  const found = read({ flags, environment, cwd, mode })
  const given = valuesOf(found.values)
  const development = isDevelopment(mode, given)
  const implied = { ...impliedBy(found.values, given, development), ...impliedS3(found.values, given, environment) }
  const values: Values = { ...given, ...implied }
  check(found, values)
  const { reading, bots, file, warnings } = found
  if (reading.problems.length > 0) throw new SettingsError(inOrder(reading.problems), { file: file?.name, warnings })
  const settings = settingsOf(values, {
    mode,
    development,
    bots: bots.map(botFrom),
    further: mode === 'dev' && found.values['listen.port'].origin === 'default' ? furtherPorts : 0,
    dir: storeDir(found, values),
    filesDir: filesDir(found, values),
  })
  return {
    settings,
    lines: linesOf(found, implied),
    warnings: [...warnings, ...likelyMistakes(environment), ...warningsOf(values)],
    file: file?.name,
    botGiven: bots.some(({ rows }) => rows.endpoint.origin !== 'default'),
    values,
  }
}

/** What follows from other settings, unless somebody says otherwise. */
function impliedBy(
  { revealSecrets, 'bus.kind': busKind }: FoundValues,
  given: Values,
  development: boolean,
): Pick<Values, 'revealSecrets' | 'bus.kind'> {
  const busOfStore = given['store.kind'] === 'postgres' ? 'postgres' : 'local'
  return {
    // Secrets are shown only where nobody but this machine can ask for them.
    revealSecrets: revealSecrets.origin === 'default' ? development : given.revealSecrets,
    'bus.kind': busKind.origin === 'default' ? busOfStore : given['bus.kind'],
  }
}

/** As they stand: those of flags and variables first, then from the top of the file to its end. */
const inOrder = (problems: readonly Problem[]): readonly Problem[] =>
  problems
    .map(problem => ({ problem, place: /:(\d+):(\d+)$/.exec(problem.where)?.slice(1).map(Number) ?? [0, 0] }))
    .sort(({ place: [a = 0, b = 0] }, { place: [c = 0, d = 0] }) => a - c || b - d)
    .map(({ problem }) => problem)

/** The values of what was found, of the types their rows have: each has been through its kind. */
const valuesOf = (found: FoundValues): Values =>
  Object.fromEntries(Object.entries(found).map(([path, { value }]) => [path, value])) as Values

const rowValues = <Rows extends Table>(rows: FoundRows<Rows>): ValuesOf<Rows> =>
  Object.fromEntries(Object.entries(rows).map(([name, { value }]) => [name, value])) as ValuesOf<Rows>

const botFrom = ({ rows, sites, where }: FoundBot): BotSettings =>
  botOf(
    rowValues<typeof botRows>(rows),
    sites.map(site => siteOf(rowValues<typeof siteRows>(site.rows))),
    where,
  )

/** A path to the database means the folder it is in: everything else of the store lies beside it. */
function storeDir({ reading, values: found }: Read, values: Values): string {
  const path = reading.resolve(values['store.path'], found['store.path'].origin)
  const isFolder = basename(path) !== 'landline.db' || (existsSync(path) && statSync(path).isDirectory())
  return isFolder ? path : dirname(path)
}

const filesDir = ({ reading, values: found }: Read, values: Values): string | undefined =>
  values['files.path'] === undefined ? undefined : reading.resolve(values['files.path'], found['files.path'].origin)

/** A flag, for the command line's help and its reference. */
export type FlagOption = {
  /** Without dashes: `public-url`. */
  readonly name: string
  /** A placeholder for its value, such as `URL`; undefined for a switch. */
  readonly takes: string | undefined
  /** A sentence. */
  readonly meaning: string
}

/** The flags that say a setting, `--config` among them. */
export const flagOptions: readonly FlagOption[] = [
  {
    name: 'config',
    takes: 'F',
    meaning: 'The settings file; else landline.yaml, landline.yml or landline.json of this folder.',
  },
  ...[...Object.values(table), ...Object.values(botRows), ...Object.values(siteRows)].flatMap(({ flag, meaning }) => {
    if (flag === undefined) return []
    const { name, takes, sets } = flag
    return [{ name, takes, meaning: sets === undefined ? meaning : 'Keep nothing on disk.' }]
  }),
  { name: 'app', takes: 'ID[:PWD]', meaning: "The bot's app id, and its password: without one, one is made and kept." },
]

/** The JSON Schema of the settings file. */
export async function settingsSchema(): Promise<Readonly<Record<string, unknown>>> {
  const { jsonSchema } = await import('./config/json-schema.ts')
  return jsonSchema()
}

/** A settings file to start from, as `config init` writes it. */
export function sampleSettings(): string {
  return sample
}

/** The names of the settings outside `bots` that differ: those need a restart. */
export function changedSettings(before: ReadSettings, after: ReadSettings): readonly string[] {
  const isSame = (path: keyof Values) => JSON.stringify(before.values[path]) === JSON.stringify(after.values[path])
  return (Object.keys(table) as (keyof Values)[]).filter(path => !isSame(path))
}
