/**
 * A settings file as a tree in which everything knows where it stands. YAML 1.2, of which JSON is a part.
 */
import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

/** A part of a file, and where it begins. */
export type Tree = { readonly line: number; readonly column: number } & (
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
)

/** A name in a mapping, where it stands, and what it names. */
export type Entry = { readonly name: string; readonly line: number; readonly column: number; readonly tree: Tree }

/** Something in a file that can't be read. */
export type Fault = { readonly line: number; readonly column: number; readonly message: string }

/** Parts in one file, and aliases in it, each counted as often as it stands for something: a few bytes could make billions. */
const partsMax = 100_000
const aliasesMax = 1_000

/** What is wrong, by the code of the parser. Its own words repeat what stands in the file, which may be a secret. */
const sentences: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'an alias without its anchor before it',
  BAD_INDENT: 'this is not indented as what it belongs to',
  DUPLICATE_KEY: 'this name is here twice',
  MISSING_CHAR: 'a character is missing, such as a quote, a bracket or the space after a colon',
  MULTIPLE_DOCS: 'a settings file is one document',
  TAB_AS_INDENT: 'YAML is indented with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'this tag means nothing here',
  UNEXPECTED_TOKEN: 'this does not belong here',
}

/** Reads a file's text. `tree` is undefined for one without content, or that can't be read. */
export function readTree(text: string): { readonly tree: Tree | undefined; readonly faults: readonly Fault[] } {
  // Loaded when there is a file: most starts have none, and it takes as long as a tenth of them.
  const yaml = createRequire(import.meta.url)('yaml') as typeof Yaml
  const lines = new yaml.LineCounter()
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  try {
    const document = yaml.parseDocument(text, {
      version: '1.2',
      lineCounter: lines,
      prettyErrors: false,
      // Not `silent`: the parser would pass over further documents without a word.
      logLevel: 'error',
    })
    const faults = [...document.errors, ...document.warnings].map(({ pos, code }) => ({
      ...placeOf(pos[0]),
      message: sentences[code] ?? 'this is not YAML',
    }))
    if (faults.length > 0 || document.contents === null) return { tree: undefined, faults }
    return { tree: new Reader(yaml, document, placeOf).read(document.contents), faults }
  } catch (error) {
    if (error instanceof FileFault) return { tree: undefined, faults: [{ ...error.place, message: error.message }] }
    // The parser goes as deep as the text is nested, and the stack ends somewhere.
    if (error instanceof RangeError)
      return { tree: undefined, faults: [{ line: 1, column: 1, message: 'this is nested too deeply' }] }
    throw error
  }
}

type Place = { readonly line: number; readonly column: number }

class FileFault extends Error {
  readonly place: Place

  constructor(place: Place, message: string) {
    super(message)
    this.place = place
  }
}

/** Turns the parser's nodes into ours. */
class Reader {
  readonly #yaml: typeof Yaml
  readonly #document: Yaml.Document
  readonly #placeOf: (offset: number) => Place
  #parts = 0
  #aliases = 0

  constructor(yaml: typeof Yaml, document: Yaml.Document, placeOf: (offset: number) => Place) {
    this.#yaml = yaml
    this.#document = document
    this.#placeOf = placeOf
  }

  /** @param around where to say it is, if the node has no place of its own */
  read(node: unknown, around: Place = { line: 1, column: 1 }): Tree {
    const place = this.#place(node, around)
    this.#parts += 1
    if (this.#yaml.isAlias(node)) this.#aliases += 1
    if (this.#parts > partsMax || this.#aliases > aliasesMax) throw new FileFault(place, 'there is too much of this')
    if (this.#yaml.isAlias(node)) {
      const meant = node.resolve(this.#document)
      if (meant === undefined) throw new FileFault(place, sentences['BAD_ALIAS'] ?? '')
      return { ...this.read(meant, place), ...place }
    }
    if (this.#yaml.isMap(node)) {
      return { ...place, kind: 'map', entries: node.items.map(({ key, value }) => this.#entry(key, value, place)) }
    }
    if (this.#yaml.isSeq(node)) return { ...place, kind: 'list', items: node.items.map(item => this.read(item, place)) }
    return { ...place, kind: 'value', value: this.#yaml.isScalar(node) ? node.value : null }
  }

  #entry(key: unknown, value: unknown, around: Place): Entry {
    const place = this.#place(key, around)
    if (!this.#yaml.isScalar(key) || typeof key.value === 'object') throw new FileFault(place, 'a name is missing here')
    return { name: String(key.value), ...place, tree: this.read(value, place) }
  }

  #place(node: unknown, around: Place): Place {
    const offset = this.#yaml.isNode(node) ? node.range?.[0] : undefined
    return offset === undefined ? around : this.#placeOf(offset)
  }
}

/** The part as plain data. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'value':
      return tree.value
    case 'list':
      return tree.items.map(plainOf)
    case 'map':
      return Object.fromEntries(tree.entries.map(entry => [entry.name, plainOf(entry.tree)]))
    default:
      return tree satisfies never
  }
}
