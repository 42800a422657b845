/**
 * What must never be told by an event or a line of the log. Every service that a test starts is held to it when it is
 * disposed of, so that each test is also one of what is not written down.
 */
import assert from 'node:assert/strict'

/**
 * How texts begin that a test plants where people, bots and programs write: messages, names of files, passwords, query
 * strings. None of them may be found where the service tells of itself.
 */
export const planted = 'planted-'

/** Shorter values would be found by chance. */
const secretCharactersMin = 12

/** Credentials of any kind by their shape: the headers they come in, and tokens wherever they stand. */
const shapes: readonly RegExp[] = [/\bbearer +[\w.~+/-]{8,}/i, /\bbasic +[\w+/]{8,}/i, /eyJ[\w-]+\.eyJ/]

/**
 * Holds what a service has told against what it must keep to itself.
 *
 * @param where names what was told, in the failure
 * @param secrets values of this service; those undefined or too short to be told from words are passed over
 */
export function assertNothingTold(told: string, where: string, secrets: readonly (string | undefined)[]): void {
  const found = [planted, ...secrets].find(
    secret =>
      secret !== undefined && (secret === planted || secret.length >= secretCharactersMin) && told.includes(secret),
  )
  const shape = shapes.find(pattern => pattern.test(told))
  const at = found === undefined ? (shape === undefined ? -1 : told.search(shape)) : told.indexOf(found)
  assert.equal(at, -1, `${where} tells what it must not: ${told.slice(Math.max(at - 200, 0), at + 200)}`)
}

/** Everything in a value as one text, errors with their messages, stacks, causes and whatever hangs on them. */
export function everythingIn(value: unknown): string {
  const seen = new Set<unknown>()
  const walk = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return typeof part === 'bigint' ? String(part) : part
    if (seen.has(part)) return undefined
    seen.add(part)
    if (part instanceof Error)
      return [part.name, ...Object.getOwnPropertyNames(part).map(name => walk(Reflect.get(part, name)))]
    if (part instanceof Uint8Array) return Buffer.from(part).toString('latin1')
    if (Array.isArray(part)) return part.map(walk)
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, walk(inner)]))
  }
  // Written without escapes of its own, so that a text with a quote or a line end in it is found as well.
  return textIn(walk(value))
}

function textIn(value: unknown): string {
  if (Array.isArray(value)) return value.map(textIn).join('\n')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([name, inner]) => `${name}: ${textIn(inner)}`)
    .join('\n')
}
