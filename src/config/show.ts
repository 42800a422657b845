/**
 * Settings as they are shown: every one with its value and where it comes from, secrets hidden.
 */
import type { SettingBody } from '../protocol/admin.ts'
import { botRows, siteRows } from './bots-table.ts'
import type { Read } from './read.ts'
import type { Found } from './reading.ts'
import type { Row } from './row.ts'
import { table } from './table.ts'

/** What stands for a secret. */
const hidden = '•••'

/**
 * A line for each setting, in the order of the tables.
 *
 * @param inEffect values that follow from others, where nobody gave them
 */
export function linesOf(
  { values, bots }: Read,
  inEffect: Readonly<Record<string, unknown>> = {},
): readonly SettingBody[] {
  const rows = Object.entries<Row>(table).map(([path, row]) => {
    const found: Found = values[path as keyof typeof table]
    const isImplied = found.origin === 'default' && path in inEffect
    return line(path, row, isImplied ? { ...found, value: inEffect[path] } : found)
  })
  const ofBots = bots.flatMap(bot => {
    const name = `bots.${bot.rows.id.value}`
    return [
      ...Object.entries<Row>(botRows).map(([path, row]) =>
        line(`${name}.${path}`, row, bot.rows[path as keyof typeof botRows]),
      ),
      ...bot.sites.flatMap(site =>
        Object.entries<Row>(siteRows).map(([path, row]) =>
          line(`${name}.sites.${site.rows.id.value}.${path}`, row, site.rows[path as keyof typeof siteRows]),
        ),
      ),
    ]
  })
  return [...rows, ...ofBots]
}

function line(name: string, { kind }: Row, { value, origin, where }: Found): SettingBody {
  const secret = kind.secret ?? false
  return { name, value: secret ? hide(value) : written(kind, value), origin, where, secret }
}

/** A value as it would stand in a file; undefined where there is none. */
export const written = ({ write }: Row['kind'], value: unknown): unknown =>
  value === undefined || write === undefined ? value : write(value)

function hide(value: unknown): unknown {
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.map(() => hidden) : hidden
}
