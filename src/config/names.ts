/**
 * Finds the parts of a file by the names of settings, and says which names are none.
 */
import { nearest } from './nearest.ts'
import type { Reading } from './reading.ts'
import type { Tree } from './tree.ts'

/** Every value in the file, by the name of its setting. Inside one of them nothing is looked at. */
export type Placed = ReadonlyMap<string, Tree>

/**
 * Places the parts of a mapping.
 *
 * @param names all settings it may have, such as `listen.port`
 * @param at what the mapping itself is called, before which names problems are told; with its dot
 */
export function place(reading: Reading, tree: Tree | undefined, names: readonly string[], at = ''): Placed {
  const placed = new Map<string, Tree>()
  if (tree !== undefined) placeInto(placed, reading, tree, names, at, '')
  return placed
}

function placeInto(
  placed: Map<string, Tree>,
  reading: Reading,
  tree: Tree,
  names: readonly string[],
  at: string,
  prefix: string,
): void {
  const here = names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
  const children = new Set(here.map(name => name.split('.')[0] ?? ''))
  // A mapping without anything in it, because all of it is commented out.
  if (tree.kind === 'value' && tree.value === null) return
  if (tree.kind !== 'map') {
    const path = (at + prefix).replace(/\.$/, '')
    reading.refuse(reading.place(tree), path, `takes settings by name: ${[...children].join(', ')}`)
    return
  }
  for (const entry of tree.entries) {
    const name = prefix + entry.name
    if (here.includes(entry.name)) placed.set(name, entry.tree)
    else if (children.has(entry.name)) placeInto(placed, reading, entry.tree, names, at, `${name}.`)
    else {
      const meant = nearest(entry.name, [...children]) ?? nearest(name, names)
      const advice = meant === undefined ? '' : `: did you mean ${meant}?`
      reading.refuse(reading.place(entry), at + name, `is no setting${advice}`)
    }
  }
}
