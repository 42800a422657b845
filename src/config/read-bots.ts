/**
 * Reads bots and their sites: those of the file, or the one that flags and variables tell of.
 */
import { slugOf } from '../protocol/slug.ts'
import { botRows, siteRows } from './bots-table.ts'
import { place } from './names.ts'
import type { Candidate, Found, Reading } from './reading.ts'
import type { Row, Table } from './row.ts'
import type { Tree } from './tree.ts'

/** What was found for each row of a table. */
export type FoundRows<Rows extends Table> = { readonly [Name in keyof Rows]: Found }

/** A site as it was read. */
export type FoundSite = {
  readonly path: string
  /** `file:line:column` of one in the file. */
  readonly place: string | undefined
  readonly rows: FoundRows<typeof siteRows>
}

/** A bot as it was read. */
export type FoundBot = {
  readonly path: string
  /** `file:line:column` of one in the file. */
  readonly place: string | undefined
  /** `file:line`, a flag or a variable; undefined for one that nobody has told of. */
  readonly where: string | undefined
  readonly rows: FoundRows<typeof botRows>
  readonly sites: readonly FoundSite[]
}

/** What the command line says of a row. */
export type FlagOf = (row: Row) => Candidate | undefined

/** What the command line and the environment say of the one bot there is. */
type Told = {
  readonly bot: { readonly [Name in keyof typeof botRows]?: readonly (Candidate | undefined)[] }
  readonly secrets: readonly (Candidate | undefined)[]
}

/** @param app what `--app` says */
export function readBots(
  reading: Reading,
  tree: Tree | undefined,
  flagOf: FlagOf,
  app: string | undefined,
): readonly FoundBot[] {
  const told = readTold(reading, flagOf, app)
  const first = Object.values(told.bot).concat([told.secrets]).flat().find(isCandidate)
  const inFile = listed(reading, tree, 'bots')
  if (first !== undefined && inFile !== undefined && inFile.length > 1) {
    const where = first.origin === 'file' ? '' : first.where
    reading.refuse(where, 'bots', `tells of one bot, and the file has ${inFile.length}: change it there`)
    return []
  }
  // Without a word about it a developer has the usual bot; a service for others has those it is given later.
  const items = inFile ?? []
  if (items.length === 0 && (first !== undefined || (inFile === undefined && reading.mode === 'dev')))
    return [readBot(reading, undefined, 'bots[0]', told)]
  return items.map((item, at) => readBot(reading, item, `bots[${at}]`, at === 0 ? told : undefined))
}

const isCandidate = (candidate: Candidate | undefined) => candidate !== undefined

function readTold(reading: Reading, flagOf: FlagOf, app: string | undefined): Told {
  const given = (row: Row) => [flagOf(row), reading.variable(row.variable, row.kind)]
  const colon = app?.indexOf(':') ?? -1
  const said = (text: string): Candidate => ({ origin: 'flag', where: '--app', text })
  if (app !== undefined && (app === '' || colon === 0 || colon === app.length - 1)) {
    reading.refuse('--app', 'bots[0].appId', 'takes an app id, or an app id and a password with a colon between')
    return { bot: {}, secrets: [] }
  }
  const told = Object.fromEntries(Object.entries<Row>(botRows).map(([name, row]) => [name, given(row)]))
  return {
    bot: {
      ...told,
      appId: app === undefined ? [] : [said(colon === -1 ? app : app.slice(0, colon))],
      // By itself it tells of no bot: it may be in the environment for good.
      appPassword: app === undefined || colon === -1 ? [] : [said(app.slice(colon + 1))],
    },
    secrets: given(siteRows.secrets),
  }
}

function readBot(reading: Reading, tree: Tree | undefined, path: string, told: Told | undefined): FoundBot {
  const placed = place(reading, tree, [...Object.keys(botRows), 'sites'], `${path}.`)
  const password = told && reading.variable(botRows.appPassword.variable, botRows.appPassword.kind)
  const rows = readRows(reading, botRows, path, name => [
    ...(told?.bot[name] ?? []),
    ...(name === 'appPassword' ? [password] : []),
    inFile(placed.get(name)),
  ])
  const at = tree && reading.place(tree)
  const sites = listed(reading, placed.get('sites'), `${path}.sites`) ?? []
  const secretsOf = (at: number) => (at === 0 ? (told?.secrets ?? []) : [])
  return {
    path,
    place: at,
    where: at?.replace(/:\d+$/, '') ?? Object.values(rows).find(found => found.where !== undefined)?.where,
    rows: named(rows, 'bot', 'Bot'),
    sites: (sites.length === 0 ? [undefined] : sites).map((site, at) =>
      readSite(reading, site, `${path}.sites[${at}]`, secretsOf(at)),
    ),
  }
}

function readSite(
  reading: Reading,
  tree: Tree | undefined,
  path: string,
  secrets: readonly (Candidate | undefined)[],
): FoundSite {
  const placed = place(reading, tree, Object.keys(siteRows), `${path}.`)
  const rows = readRows(reading, siteRows, path, name => [
    ...(name === 'secrets' ? secrets : []),
    inFile(placed.get(name)),
  ])
  return { path, place: tree && reading.place(tree), rows: named(rows, 'default', 'Default') }
}

function readRows<Rows extends Table>(
  reading: Reading,
  rows: Rows,
  path: string,
  candidates: (name: keyof Rows & string) => readonly (Candidate | undefined)[],
): FoundRows<Rows> {
  const found = Object.entries<Row>(rows).map(([name, row]) => [
    name,
    reading.take(row, `${path}.${name}`, candidates(name)),
  ])
  return Object.fromEntries(found) as FoundRows<Rows>
}

/** An id is made of the name, or the name is the id. */
function named<Rows extends { readonly id: Found; readonly name: Found }>(rows: Rows, id: string, name: string): Rows {
  const [hasId, hasName] = [rows.id.origin !== 'default', rows.name.origin !== 'default']
  return {
    ...rows,
    id: hasId ? rows.id : { ...rows.id, value: hasName ? slugOf(String(rows.name.value), id) : id },
    name: hasName ? rows.name : { ...rows.name, value: hasId ? rows.id.value : name },
  }
}

const inFile = (tree: Tree | undefined): Candidate | undefined => tree && { origin: 'file', tree }

/** The items of a list; undefined if there is none. */
function listed(reading: Reading, tree: Tree | undefined, path: string): readonly Tree[] | undefined {
  if (tree === undefined || (tree.kind === 'value' && tree.value === null)) return undefined
  if (tree.kind === 'list') return tree.items
  reading.refuse(reading.place(tree), path, 'takes a list: each begins with a dash')
  return undefined
}
