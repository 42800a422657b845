/**
 * What the admin API is told in bodies and queries, checked.
 */
import { ProtocolError } from '../../protocol/errors.ts'
import { type JsonObject, parseOptionalObject } from '../../protocol/fields.ts'
import { readTokenParameters, type TokenParameters } from '../../protocol/token-parameters.ts'

/** How the keys that sign what bots are sent are changed: with time for bots to learn the new one, or without. */
export type RotateHow = 'overlap' | 'at once'

const itemsDefault = 50
const itemsMax = 200

/** The body of a request for a token: `{user?, origins?, conversationId?}`, the user as an id or an object. */
export function parseTokenRequest(text: string): TokenParameters {
  const { user, origins, conversationId } = knownFields(parseOptionalObject(text), [
    'user',
    'origins',
    'conversationId',
  ])
  const named = typeof user === 'string' ? { id: user } : user
  return readTokenParameters({ user: named, trustedOrigins: origins, conversationId })
}

/** The body of a login: `{key}`. @throws ProtocolError `MissingProperty`, `Unacceptable` */
export function parseKey(text: string): string {
  const { key } = knownFields(parseOptionalObject(text), ['key'])
  if (typeof key !== 'string' || key === '') throw new ProtocolError('MissingProperty', "'key' is missing.")
  return key
}

/** The body that names a token: `{token}`. @throws ProtocolError `MissingProperty`, `Unacceptable` */
export function parseToken(text: string): string {
  const { token } = knownFields(parseOptionalObject(text), ['token'])
  if (typeof token !== 'string' || token === '') throw new ProtocolError('MissingProperty', "'token' is missing.")
  return token
}

/** The body that says how keys are rotated: `{how}`. @throws ProtocolError `Unacceptable` */
export function parseHow(text: string): RotateHow {
  const { how } = knownFields(parseOptionalObject(text), ['how'])
  if (how !== 'overlap' && how !== 'at once')
    throw new ProtocolError('Unacceptable', `'how' must be "overlap" or "at once".`)
  return how
}

/** A part of a list, and what to give as `cursor` for the next. @throws ProtocolError `Unacceptable` */
export function pageOf<Item>(
  items: readonly Item[],
  limit: string | undefined,
  cursor: string | undefined,
): { readonly items: readonly Item[]; readonly next: string | undefined } {
  const max = Math.min(limit === undefined ? itemsDefault : readNumber('limit', limit, 1), itemsMax)
  const from = cursor === undefined ? 0 : readNumber('cursor', cursor, 0)
  const to = from + max
  return { items: items.slice(from, to), next: to < items.length ? String(to) : undefined }
}

function readNumber(name: string, text: string, least: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new ProtocolError('Unacceptable', `'${name}' is not a number from ${least} on.`)
  return Number(text)
}

/**
 * The body itself. The operator is told of a field nobody heeds: a misspelt switch must not look as if it had been
 * thrown.
 *
 * @throws ProtocolError `Unacceptable`
 */
export function knownFields(body: JsonObject, names: readonly string[]): JsonObject {
  const unknown = Object.keys(body).find(name => !names.includes(name))
  if (unknown !== undefined) throw new ProtocolError('Unacceptable', `There is no '${unknown}' here.`)
  return body
}
