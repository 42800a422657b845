/**
 * What the bench is asked for on its command line.
 */
import { parseArgs } from 'node:util'
import { type RowName, rows } from './rows.ts'

/** What is asked for. */
export type Options = {
  readonly quick: boolean
  /** The rows to be measured, in their order. */
  readonly only: readonly RowName[]
  readonly format: 'text' | 'markdown' | 'json'
  /** Whether the picture in `docs/` is drawn anew. */
  readonly svg: boolean
  readonly profile: boolean
  readonly help: boolean
}

/** The text of `--help`. */
export const usage = `Usage: npm run bench -- [options]

  --quick      small sizes: whether everything works, in two minutes
  --only ROWS  these rows, with commas between: ${Object.keys(rows).join(', ')}
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
      markdown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      svg: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, svg, profile, help } = values
  return { quick, svg, profile, help, only: readRows(values.only), format: formatOf(values) }
}

function readRows(text: string | undefined): readonly RowName[] {
  const all = Object.keys(rows) as RowName[]
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
