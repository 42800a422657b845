/**
 * Reads all settings from flags, variables and the file, and says what is wrong with them.
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { place } from './names.ts'
import type { Problem } from './problem.ts'
import { type FlagOf, type FoundBot, readBots } from './read-bots.ts'
import { type Candidate, type Environment, type Found, Reading, type SettingsFile } from './reading.ts'
import { type Row, variableOf } from './row.ts'
import { table } from './table.ts'
import { readTree, type Tree } from './tree.ts'

/** Flags by name, as commander gives them: `publicUrl` for `--public-url`. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>

/** What was found for each row of the table. */
export type FoundValues = { readonly [Path in keyof typeof table]: Found }

/** Everything that was read. */
export type Read = {
  readonly reading: Reading
  readonly values: FoundValues
  readonly bots: readonly FoundBot[]
  readonly warnings: readonly string[]
  readonly file: SettingsFile | undefined
}

/** Names a settings file goes by, where nobody says. */
const fileNames = ['landline.yaml', 'landline.yml', 'landline.json']

/** A settings file may be this long: bytes. */
const fileBytesMax = 4 * 1024 * 1024

/** Reads. What is wrong is in `reading.problems`. */
export function read(from: {
  readonly flags: Flags
  readonly environment: Environment
  readonly cwd: string
  readonly mode: 'dev' | 'serve'
}): Read {
  const problems: Problem[] = []
  const warnings: string[] = []
  const { file, tree } = openFile(from.flags['config'], from.cwd, problems, warnings)
  const reading = new Reading({ ...from, file })
  reading.problems.push(...problems)
  const placed = place(reading, tree, [...Object.keys(table), 'bots'])
  const flagOf: FlagOf = ({ flag }) => {
    const given = flag && from.flags[flag.name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())]
    if (flag === undefined || given === undefined || given === false) return undefined
    return { origin: 'flag', where: `--${flag.name}`, text: flag.sets ?? String(given) }
  }
  const inFile = (path: string): Candidate | undefined => {
    const found = placed.get(path)
    return found && { origin: 'file', tree: found }
  }
  const values = Object.fromEntries(
    Object.entries<Row>(table).map(([path, row]) => {
      const variable = reading.variable(variableOf(path, row), row.kind)
      return [path, reading.take(row, path, [flagOf(row), variable, inFile(path)])]
    }),
  ) as FoundValues
  const app = typeof from.flags['app'] === 'string' ? from.flags['app'] : undefined
  const bots = readBots(reading, placed.get('bots'), flagOf, app)
  if (file?.isOpen && reading.literals.length > 0) {
    warnings.push(
      `Others on this machine can read ${file.name}, and secrets stand in it (${reading.literals.join(', ')}). Run "chmod 600 ${file.name}", or write them as {file: PATH} or {env: NAME}.`,
    )
  }
  return { reading, values, bots, warnings, file }
}

function openFile(
  flag: string | boolean | undefined,
  cwd: string,
  problems: Problem[],
  warnings: string[],
): { readonly file: SettingsFile | undefined; readonly tree: Tree | undefined } {
  const there = typeof flag === 'string' ? [flag] : fileNames.filter(name => isThere(join(cwd, name)))
  const [given, ...others] = there
  if (given === undefined) return { file: undefined, tree: undefined }
  if (others.length > 0) warnings.push(`${given} is read, and ${others.join(' and ')} beside it is not.`)
  const path = resolve(cwd, given)
  const short = relative(cwd, path)
  const name = short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
  try {
    const { size, mode } = statSync(path)
    const file = { name, dir: dirname(path), isOpen: process.platform !== 'win32' && (mode & 0o044) !== 0 }
    if (size > fileBytesMax) throw new Error('it is too long')
    const { tree, faults } = readTree(new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)))
    for (const { line, column, message } of faults)
      problems.push({ where: `${name}:${line}:${column}`, path: '', message })
    return { file, tree }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : (code ?? 'it is too long')
    problems.push({ where: name, path: '', message: `can't be read (${String(why)})` })
    return { file: undefined, tree: undefined }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
