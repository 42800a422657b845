/**
 * Reading JSON that comes from outside: the text into values within bounds, and fields out of unknown values.
 */
import { ProtocolError } from './errors.ts'
import { jsonDepthMax, jsonValuesMax } from './limits.ts'

/** A JSON object of which nothing is known yet. */
export type JsonObject = { readonly [name: string]: unknown }

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBracket = 0x5b
const openBrace = 0x7b
const closeBracket = 0x5d
const closeBrace = 0x7d

/** Shorter text can't pass either bound: a level takes two characters, a value one and its comma. */
const boundedBelow = 2 * jsonDepthMax

/**
 * Parses JSON text. Depth and number of values are counted before parsing, because text that is too deep can be
 * parsed and then exhausts the stack when it is written again.
 *
 * @throws ProtocolError `Unacceptable` for JSON beyond the bounds or with a member named `__proto__`, which no
 * client sends in earnest and some bots would merge into their objects; SyntaxError for what is not JSON.
 */
export function parseJson(text: string): unknown {
  if (text.length > boundedBelow) checkBounds(text)
  const value = parseOwnJson(text)
  if (mayNamePrototype(text)) refusePrototype(value)
  return value
}

/**
 * Parses JSON text that is known to be within bounds, such as our own. Numbers that a double can't hold are kept as
 * they are written, so that they are passed on as they came.
 */
export function parseOwnJson(text: string): unknown {
  return mayLoseDigits.test(text) ? JSON.parse(text, keepingDigits) : JSON.parse(text)
}

/** Numbers of sixteen digits or more, with an exponent, or below zero by their sign alone. May find some in texts too, which costs only time. */
const mayLoseDigits = /[:[,\s](?:-0|-?(?:[\d.]{16}|\d[\d.]*[eE]))/

/** What a reviver is told beside the value, and how a number is written as it came (ECMAScript 2026). */
type Exact = { rawJSON(text: string): unknown; isRawJSON(value: unknown): boolean }
const { rawJSON, isRawJSON } = JSON as unknown as Exact

function keepingDigits(this: unknown, _name: string, value: unknown, context?: { source: string }): unknown {
  const source = context?.source
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value
}

function checkBounds(text: string): void {
  let depth = 0
  let values = 1
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      at = endOfString(text, at)
    } else if (code === openBrace || code === openBracket) {
      depth += 1
      values += 1
      if (depth > jsonDepthMax) throw new ProtocolError('Unacceptable', 'The JSON is nested too deeply.')
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1
    } else if (code === comma) {
      values += 1
    }
  }
  if (values > jsonValuesMax) throw new ProtocolError('Unacceptable', 'The JSON holds too many values.')
}

/** The place of the quote that ends the string begun at `start`. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at !== -1) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return at
    at = text.indexOf('"', at + 1)
  }
  return text.length
}

/** Cheap and never wrongly no: the name stands there, or letters of it may be written as escapes. */
const mayNamePrototype = (text: string): boolean =>
  text.includes('__proto__') || text.includes('\\u005') || text.includes('\\u007') || text.includes('\\u006')

function refusePrototype(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, '__proto__'))
    throw new ProtocolError('Unacceptable', 'A member may not be named "__proto__".')
  for (const member of Object.values(value)) refusePrototype(member)
}

/** Whether a value is a number, however it is kept. */
export const isNumber = (value: unknown): boolean => typeof value === 'number' || isRawJSON(value)

/** Whether a value is a JSON object: not an array, not null. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)

/**
 * The optional JSON object in a body: no body, an empty one and `null` are the same as `{}`.
 *
 * @throws ProtocolError `MalformedBody` for anything but an object.
 */
export function parseOptionalObject(text: string): JsonObject {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('MalformedBody', 'The body is not JSON.', { cause })
  }
  if (value === null) return {}
  if (!isObject(value)) throw new ProtocolError('MalformedBody', 'The body is not a JSON object.')
  return value
}

/**
 * The member of this name whatever its case; the exact spelling wins. Official samples send `{"User":{"Id":…}}`.
 */
export function fieldAnyCase(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name]
  const lower = name.toLowerCase()
  for (const key of Object.keys(object)) if (key.toLowerCase() === lower) return object[key]
  return undefined
}

/** Known names by their lower-case form, for `withCanonicalNames`. */
export const namesByLowerCase = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map(name => [name.toLowerCase(), name]))

/**
 * The same object with known names in their one true spelling. Where a name stands in several spellings the exact
 * one wins and the variants go: bots in .NET read `From` as `from`. Unknown names stay as they are.
 */
export function withCanonicalNames(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  let changed = false
  const members: [string, unknown][] = []
  for (const key of Object.keys(object)) {
    const name = names.get(key.toLowerCase())
    if (name === undefined || name === key) {
      members.push([key, object[key]])
    } else {
      changed = true
      if (!Object.hasOwn(object, name)) members.push([name, object[key]])
    }
  }
  return changed ? Object.fromEntries(members) : object
}
