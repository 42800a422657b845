/**
 * A JSON value as lines that can be folded: what the tree draws.
 */

/** One line of the tree. */
export type JsonLine = {
  /** Where the value is: names and numbers from the top. Unique. */
  readonly path: readonly (string | number)[]
  readonly id: string
  readonly depth: number
  /** The name in front, if it has one. */
  readonly name: string | undefined
  readonly value: unknown
  /** How many values it holds; undefined for one that can't be folded. */
  readonly size: number | undefined
  readonly isOpen: boolean
}

/** Lines that are made at most. */
export const linesMax = 600

/** How deep a value is open before anybody has touched it. */
const openDepth = 3

/** A list longer than this is closed before anybody has touched it. */
const openItems = 40

/** What somebody has opened or closed, by the id of the line. */
export type Folds = ReadonlyMap<string, boolean>

/** The lines of a value: at most `linesMax`. */
export function linesOf(value: unknown, folds: Folds): readonly JsonLine[] {
  const lines: JsonLine[] = []
  const add = (name: string | undefined, item: unknown, path: readonly (string | number)[]) => {
    if (lines.length >= linesMax) return
    const entries = entriesOf(item)
    const id = JSON.stringify(path)
    const depth = path.length
    const isOpen = entries !== undefined && (folds.get(id) ?? (depth < openDepth && entries.length <= openItems))
    lines.push({ path, id, depth, name, value: item, size: entries?.length, isOpen })
    if (!isOpen) return
    for (const [key, part] of entries) add(typeof key === 'number' ? undefined : key, part, [...path, key])
  }
  add(undefined, value, [])
  return lines
}

function entriesOf(value: unknown): readonly (readonly [string | number, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item, at) => [at, item] as const)
  return typeof value === 'object' && value !== null ? Object.entries(value) : undefined
}

/** A place as people write it: `attachments[0].content.body`. */
export const pathText = (path: readonly (string | number)[]): string =>
  path
    .map(part => {
      if (typeof part === 'number') return `[${part}]`
      return /^[A-Za-z_$][\w$]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
    })
    .join('')
    .replace(/^\./, '')

/** The places at which a name or a plain value contains these words, whatever the case: at most so many. */
export function placesOf(value: unknown, words: string, max = 500): readonly (readonly (string | number)[])[] {
  const wanted = words.toLowerCase()
  const found: (readonly (string | number)[])[] = []
  const look = (item: unknown, path: readonly (string | number)[]) => {
    if (found.length >= max) return
    const name = path.at(-1)
    const entries = entriesOf(item)
    const isHit =
      (typeof name === 'string' && name.toLowerCase().includes(wanted)) ||
      (entries === undefined && String(item).toLowerCase().includes(wanted))
    if (isHit) found.push(path)
    for (const [key, part] of entries ?? []) look(part, [...path, key])
  }
  if (wanted !== '') look(value, [])
  return found
}
