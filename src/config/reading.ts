/**
 * Reads single settings: the sources somebody gave one in, checked all, the first of them taken.
 */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as v from 'valibot'
import type { Kind } from './kinds.ts'
import { type Problem, shown } from './problem.ts'
import type { Row } from './row.ts'
import { plainOf, type Tree } from './tree.ts'

/** Variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A settings file that has been read. */
export type SettingsFile = {
  /** As people are told of it. */
  readonly name: string
  /** Paths in it start from here. */
  readonly dir: string
  /** Whether others than its owner can read it. */
  readonly isOpen: boolean
}

/** What somebody said of a setting, and where. */
export type Candidate = Said | { readonly origin: 'file'; readonly tree: Tree }

/** What a flag or a variable says. */
type Said = { readonly origin: 'flag' | 'env'; readonly where: string; readonly text: string }

/** A setting's value, and where it comes from. */
export type Found = {
  readonly value: unknown
  readonly origin: 'default' | 'file' | 'env' | 'flag'
  readonly where?: string | undefined
  /** What was given could not be used, which has been said: what follows from it need not be. */
  readonly isWrong?: boolean
}

/** A secret in a file may be this long: bytes. */
const secretBytesMax = 64 * 1024

/** Nothing could be made of what was given: the problem is noted. */
const unusable = Symbol('unusable')

/** One reading of the settings: collects what is wrong. */
export class Reading {
  readonly problems: Problem[] = []
  /** Where secrets stand in clear in the file. */
  readonly literals: string[] = []
  readonly environment: Environment
  readonly mode: 'dev' | 'serve'
  readonly #cwd: string
  readonly #file: SettingsFile | undefined

  constructor(from: { environment: Environment; mode: 'dev' | 'serve'; cwd: string; file: SettingsFile | undefined }) {
    this.environment = from.environment
    this.mode = from.mode
    this.#cwd = from.cwd
    this.#file = from.file
  }

  /** Notes what is wrong. */
  refuse(where: string, path: string, message: string): void {
    this.problems.push({ where, path, message })
  }

  /** A place in the file, as it is written: `file:line:column`. */
  place({ line, column }: { readonly line: number; readonly column: number }): string {
    return `${this.#file?.name}:${line}:${column}`
  }

  /** Where a path of the file, or of flags and variables, leads. */
  resolve(path: string, origin: Found['origin']): string {
    return origin === 'file' ? resolve(this.#cwd, this.#file?.dir ?? '', path) : path
  }

  /**
   * The value of a setting. What is not taken because something else goes before it is checked all the same.
   *
   * @param candidates in the order in which they count
   */
  take(row: Row, path: string, candidates: readonly (Candidate | undefined)[]): Found {
    const found: Found[] = []
    for (const candidate of candidates) {
      if (candidate === undefined) continue
      const value =
        candidate.origin === 'file'
          ? this.#fromTree(row.kind, path, candidate.tree)
          : this.#fromText(row.kind, path, candidate)
      const where = candidate.origin === 'file' ? this.place(candidate.tree) : candidate.where
      if (value !== unusable) found.push({ value, origin: candidate.origin, where })
    }
    const [first] = found
    if (first !== undefined) return first
    return { value: row[this.mode], origin: 'default', ...(candidates.some(Boolean) && { isWrong: true }) }
  }

  /** What a variable says, by itself or by a file it names. An empty one says nothing, but for a secret. */
  variable(name: string | undefined, kind: Kind<unknown>): Candidate | undefined {
    if (name === undefined) return undefined
    const fileName = `${name}_FILE`
    const [text, file] = [this.environment[name], this.environment[fileName]]
    if (text !== undefined && file !== undefined) {
      this.refuse(fileName, '', `${name} is set as well: one of them is enough`)
      return undefined
    }
    if (file !== undefined && file !== '') {
      const read = this.#readFile(fileName, '', resolve(this.#cwd, file))
      return read === undefined ? undefined : { origin: 'env', where: fileName, text: read }
    }
    if (text === undefined || (text === '' && !kind.secret)) return undefined
    return { origin: 'env', where: name, text }
  }

  #fromText(kind: Kind<unknown>, path: string, { where, text }: Said): unknown {
    // A secret may have commas in it.
    const meant = kind.item ? (kind.secret ? [text] : text.split(',').map(part => part.trim())) : text
    for (const value of [meant, coerced(text)]) {
      const read = v.safeParse(kind.schema, value)
      if (read.success) return read.output
    }
    const [wrong] = kind.item ? [meant].flat().filter(part => !v.safeParse(kind.schema, [part]).success) : [text]
    this.refuse(where, path, `takes ${kind.takes}${kind.secret ? '' : `, not ${shown(wrong ?? text)}`}`)
    return unusable
  }

  #fromTree(kind: Kind<unknown>, path: string, tree: Tree): unknown {
    if (tree.kind === 'value' && tree.value === null) {
      this.refuse(this.place(tree), path, 'has no value: give it one, or take the name away')
      return unusable
    }
    const given = kind.secret ? this.#secrets(path, tree) : plainOf(tree)
    if (given === unusable) return unusable
    const read = v.safeParse(kind.schema, given)
    if (read.success) return read.output
    // A list is as wrong as its first wrong item.
    const at = read.issues[0].path?.[0]?.key
    const wrong = (tree.kind === 'list' && typeof at === 'number' && tree.items[at]) || tree
    const [wrongPath, takes] = wrong === tree ? [path, kind.takes] : [`${path}[${at}]`, kind.item?.takes]
    this.refuse(this.place(wrong), wrongPath, `takes ${takes}${kind.secret ? '' : `, not ${shown(plainOf(wrong))}`}`)
    return unusable
  }

  /** Secrets as text, wherever they are kept. */
  #secrets(path: string, tree: Tree): unknown {
    if (tree.kind === 'list') {
      const items = tree.items.map((item, at) => this.#secrets(`${path}[${at}]`, item))
      return items.includes(unusable) ? unusable : items
    }
    if (tree.kind === 'value') {
      this.literals.push(path)
      if (typeof tree.value !== 'number') return tree.value
      // A password of digits alone is a number to YAML, and 007 would become 7.
      this.refuse(this.place(tree), path, 'is a number as it stands: put it in quotes')
      return unusable
    }
    const [entry, ...more] = tree.entries
    const named = entry?.tree.kind === 'value' ? entry.tree.value : undefined
    if (entry === undefined || more.length > 0 || typeof named !== 'string' || !/^(?:env|file)$/.test(entry.name)) {
      this.refuse(this.place(tree), path, 'takes text, {env: NAME} or {file: PATH}')
      return unusable
    }
    if (entry.name === 'file') {
      return this.#readFile(this.place(entry.tree), path, this.resolve(named, 'file')) ?? unusable
    }
    const text = this.environment[named]
    if (text !== undefined) return text
    // Somebody may have written the secret itself where its variable belongs.
    const variable = /^[A-Z_][A-Z0-9_]*$/.test(named) ? `the variable ${named}` : 'a variable of this name'
    this.refuse(this.place(entry.tree), path, `${variable} is not set`)
    return unusable
  }

  #readFile(where: string, path: string, file: string): string | undefined {
    try {
      if (statSync(file).size > secretBytesMax) throw new Error('it is too long')
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      this.refuse(where, path, `the file ${file} can't be read (${code})`)
      return undefined
    }
  }
}

/** What text of a flag or a variable is in a file: a number, or on or off in any case. */
function coerced(text: string): unknown {
  if (/^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number(text)
  const word = text.toLowerCase()
  return word === 'true' || word === 'on' || (word === 'false' || word === 'off' ? false : text)
}
