/**
 * Variables that look like settings and are none.
 */
import { botRows, siteRows } from './bots-table.ts'
import { nearest } from './nearest.ts'
import type { Environment } from './reading.ts'
import { type Row, variableOf } from './row.ts'
import { table } from './table.ts'

/** Every variable that says a setting. */
export const variables: readonly string[] = [
  ...Object.entries<Row>(table).map(([path, row]) => variableOf(path, row)),
  ...[...Object.values<Row>(botRows), ...Object.values<Row>(siteRows)].map(({ variable }) => variable),
].filter(name => name !== undefined)

/** Variables of ours that are no settings: the command line reads them. */
const others = ['LANDLINE_URL']

/** Names that come to mind by another one of ours: `--key` is the admin key, though another key ends the same. */
const misnamed: Readonly<Record<string, string>> = { LANDLINE_KEY: 'LANDLINE_ADMIN_KEY' }

/**
 * A sentence for each variable that is most likely a setting written wrongly. Not an error, and nothing is said of
 * others: where a service is called landline, Kubernetes sets variables of this prefix by itself.
 */
export function likelyMistakes(environment: Environment): readonly string[] {
  const known = new Set([...variables, ...variables.map(name => `${name}_FILE`), ...others])
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith('LANDLINE_') && !known.has(name) && !/^\w+:\/\//.test(value ?? ''))
    .flatMap(([name]) => {
      const meant = misnamed[name] ?? likely(name, known)
      return meant === undefined ? [] : [`${name} is no setting, and is ignored: did you mean ${meant}?`]
    })
}

function likely(name: string, known: ReadonlySet<string>): string | undefined {
  const bare = (full: string) => full.slice('LANDLINE_'.length)
  const meant = nearest(bare(name), [...known].map(bare))
  return meant === undefined ? undefined : `LANDLINE_${meant}`
}
