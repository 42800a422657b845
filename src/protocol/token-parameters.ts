/**
 * What a client may say when it asks for a token or starts a conversation (TokenParameters of Direct Line 3.0).
 */
import { ProtocolError } from './errors.ts'
import { fieldAnyCase, isObject, type JsonObject, parseJson, parseOptionalObject } from './fields.ts'
import { type UserId, userId } from './ids.ts'
import {
  idCharactersMax,
  originCharactersMax,
  tokenOriginsMax,
  tokenUserCharactersMax,
  wordCharactersMax,
} from './limits.ts'

/** TokenParameters, checked. */
export type TokenParameters = {
  readonly user: { readonly id: UserId; readonly name: string | undefined } | undefined
  readonly trustedOrigins: readonly string[]
  readonly locale: string | undefined
  /** An old conversation that a new token is wanted for: an extension, heeded by generate alone. */
  readonly conversation: string | undefined
}

/**
 * Reads the body of generate and start. Names match whatever their case, as official samples need; unknown ones are
 * ignored; a user without an id, which DirectLineJS sends, is no user.
 *
 * @throws ProtocolError `MalformedBody` for a wrong type, `Unacceptable` beyond a limit
 */
export function parseTokenParameters(text: string): TokenParameters {
  return readTokenParameters(parseOptionalObject(text))
}

/** The same out of an object that has been read. @throws ProtocolError as `parseTokenParameters` */
export function readTokenParameters(body: JsonObject): TokenParameters {
  return {
    user: parseUser(fieldAnyCase(body, 'user')),
    trustedOrigins: parseOrigins(fieldAnyCase(body, 'trustedOrigins')),
    locale: optionalString(fieldAnyCase(body, 'locale'), 'locale', wordCharactersMax),
    conversation: optionalString(fieldAnyCase(body, 'conversationId'), 'conversationId', idCharactersMax),
  }
}

/**
 * Reads the body of generate in Direct Line 1.1, where the call has none of its own: what is no JSON object says
 * nothing, and neither does a `user` that is no object. Whatever else an object says is as in 3.0.
 *
 * @throws ProtocolError as `parseTokenParameters`; `Unacceptable` for JSON out of bounds, which is refused like what is
 * too large
 */
export function parseOldTokenParameters(text: string): TokenParameters {
  const body = oldBody(text)
  return readTokenParameters({ ...body, user: oldUser(body) })
}

/** Reads the body of start in Direct Line 1.1: only an object `user` says something. @throws ProtocolError as `parseOldTokenParameters` */
export function parseOldStart(text: string): TokenParameters {
  return readTokenParameters({ user: oldUser(oldBody(text)) })
}

function oldBody(text: string): JsonObject {
  try {
    const value = parseJson(text)
    return isObject(value) ? value : {}
  } catch (error) {
    // Clients of the time send forms, bare names and nothing at all to calls whose body means nothing.
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

function oldUser(body: JsonObject): JsonObject | undefined {
  const user = fieldAnyCase(body, 'user')
  return isObject(user) ? user : undefined
}

function parseUser(value: unknown): TokenParameters['user'] {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw new ProtocolError('MalformedBody', "'user' must be an object.")
  const id = optionalString(fieldAnyCase(value, 'id'), 'user.id', tokenUserCharactersMax)
  const name = optionalString(fieldAnyCase(value, 'name'), 'user.name', idCharactersMax)
  return id === undefined ? undefined : { id: userId(id), name }
}

function parseOrigins(value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(origin => typeof origin === 'string')) {
    throw new ProtocolError('MalformedBody', "'trustedOrigins' must be a list of strings.")
  }
  if (value.length > tokenOriginsMax || value.some(origin => origin.length > originCharactersMax)) {
    throw new ProtocolError(
      'Unacceptable',
      `At most ${tokenOriginsMax} trusted origins of ${originCharactersMax} characters can be given.`,
    )
  }
  return value
}

/** Text, or undefined where it is absent, `null` or empty. */
function optionalString(value: unknown, name: string, charactersMax: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new ProtocolError('MalformedBody', `'${name}' must be a string.`)
  if (value.length > charactersMax)
    throw new ProtocolError('Unacceptable', `'${name}' may have ${charactersMax} characters.`)
  return value
}
