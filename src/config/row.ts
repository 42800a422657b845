/**
 * A row of the tables of settings: everything that is known about one setting.
 */
import type { Kind } from './kinds.ts'

/** A flag of the command line that says a setting. */
export type RowFlag = {
  /** Without dashes. */
  readonly name: string
  /** A placeholder for its value; undefined for a switch. */
  readonly takes: string | undefined
  /** What a switch stands for. */
  readonly sets?: string
}

/** One setting. */
export type Row<Value = unknown> = {
  readonly kind: Kind<Value>
  /** The default of `dev`, and of `serve`. */
  readonly dev: Value
  readonly serve: Value
  /** What it does, in a sentence. */
  readonly meaning: string
  readonly flag: RowFlag | undefined
  /** The variable, where it is not made of the path. */
  readonly variable: string | undefined
  /** What the reference says of the default, where the value does not say it. */
  readonly without: string | undefined
}

/** A table: rows by name. */
export type Table = Readonly<Record<string, Row>>

/** The values of a table, by name. */
export type ValuesOf<Rows extends Table> = { readonly [Name in keyof Rows]: Rows[Name]['dev'] }

type More<Value> = {
  readonly serve?: Value
  readonly flag?: RowFlag
  readonly variable?: string
  readonly without?: string
}

/** Makes a row. @param more what is not as usual */
export const row = <Value>(
  kind: Kind<Value>,
  dev: NoInfer<Value>,
  meaning: string,
  more: More<NoInfer<Value>> = {},
): Row<Value> => ({
  kind,
  dev,
  serve: 'serve' in more ? (more.serve as Value) : dev,
  meaning,
  flag: more.flag,
  variable: more.variable,
  without: more.without,
})

/** A flag with a value. */
export const flag = (name: string, takes: string): RowFlag => ({ name, takes })

/** The variable of a setting: `LANDLINE_` and the path in capitals, words apart. Lists and bots have none. */
export function variableOf(path: string, { kind, variable }: Row): string | undefined {
  if (variable !== undefined) return variable
  if (kind.item) return undefined
  return `LANDLINE_${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`
}
