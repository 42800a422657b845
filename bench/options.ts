/**
 * What the bench is asked for on its command line.
 */
import { parseArgs } from 'node:util'
import { type RowName, rows, rowsOnPostgres } from './rows.ts'

/** What is asked for. */
export type Options = {
  readonly quick: boolean
  /** The rows to be measured, in their order. */
  readonly only: readonly RowName[]
  /** How many nodes, one figure after the other; undefined: as the scale says. */
  readonly nodes: readonly number[] | undefined
  readonly format: 'text' | 'markdown' | 'json'
  /** Whether the picture in `docs/` is drawn anew. */
  readonly svg: boolean
  readonly profile: boolean
  readonly help: boolean
}

type Store = 'sqlite' | 'postgres'

const rowsOn = (store: Store): readonly RowName[] =>
  (Object.keys(rows) as RowName[]).filter(row => rowsOnPostgres.includes(row) === (store === 'postgres'))

/** The text of `--help`. */
export const usage = `Usage: npm run bench -- [options]

  --quick      small sizes: whether everything works, in two minutes
  --only ROWS  these rows, with commas between: ${rowsOn('sqlite').join(', ')}
  --store S    sqlite, or postgres: several nodes over PostgreSQL instead, which must be installed
  --nodes N,M  with postgres: how many nodes, 1,2,3 if not said
  --markdown   the table in Markdown
  --json       the figures as JSON
  --svg        also draw docs/bench.svg
  --profile    instead of all that: where the service's time goes, 64 messages in flight
  --help       print this

TMPDIR says on which disk the stores are. Progress goes to the standard error.
`

/** Reads the command line. @throws Error for words that mean nothing */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      store: { type: 'string', default: 'sqlite' },
      nodes: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      svg: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, svg, profile, help } = values
  const store = readStore(values.store)
  const nodes = readNodes(values.nodes)
  if (nodes !== undefined && store !== 'postgres') throw new Error('--nodes goes with --store postgres')
  return { quick, svg, profile, help, nodes, only: readRows(values.only, store), format: formatOf(values) }
}

function readStore(text: string): Store {
  if (text === 'sqlite' || text === 'postgres') return text
  throw new Error(`--store takes sqlite or postgres, not ${text}`)
}

function readNodes(text: string | undefined): readonly number[] | undefined {
  const counts = text?.split(',').map(Number)
  if (counts?.every(count => Number.isInteger(count) && count >= 1 && count <= 16) ?? true) return counts
  throw new Error(`--nodes takes numbers from 1 to 16, with commas between, not ${text}`)
}

function readRows(text: string | undefined, store: Store): readonly RowName[] {
  const all = rowsOn(store)
  if (text === undefined) return all
  const asked = text.split(',').map(name => name.trim())
  const unknown = asked.filter(name => !all.some(row => row === name))
  if (unknown.length > 0) throw new Error(`--only takes ${all.join(', ')}, not ${unknown.join(', ')}`)
  return all.filter(row => asked.includes(row))
}

function formatOf({ json, markdown }: { readonly json: boolean; readonly markdown: boolean }): Options['format'] {
  if (json) return 'json'
  return markdown ? 'markdown' : 'text'
}
