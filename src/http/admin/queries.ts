/**
 * What lists, logs and series of the admin API are asked for in a query, checked.
 */
import type { FastifyRequest } from 'fastify'
import type { LookRange } from '../../domain/look-port.ts'
import { type ListQuery, rangeOf } from '../../domain/looking.ts'
import type { ConversationRow } from '../../protocol/admin-conversations.ts'
import type { ProblemCode } from '../../protocol/admin-problems.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { problems } from '../../protocol/problems.ts'
import { query } from '../requests.ts'

const rowsDefault = 50
const rowsMax = 200
const recordsDefault = 100
const recordsMax = 500
const secondsDefault = 180
const secondsMax = 3_600
const wordsCharactersMax = 200

const states: readonly ConversationRow['state'][] = ['live', 'idle', 'ended', 'imported']

/** What a list of conversations is asked for. @throws ProtocolError `Unacceptable` */
export function readListQuery(request: FastifyRequest): ListQuery {
  const words = given(request, 'q')?.trim()
  if (words !== undefined && words.length > wordsCharactersMax)
    throw new ProtocolError('Unacceptable', `'q' may have ${wordsCharactersMax} characters.`)
  return {
    bot: given(request, 'bot'),
    user: given(request, 'user'),
    state: readState(given(request, 'state')),
    failed: readFailed(request),
    words: words === '' ? undefined : words,
    sinceMs: readTime(request, 'since'),
    untilMs: readTime(request, 'until'),
    limit: Math.min(readNumber(request, 'limit', 1) ?? rowsDefault, rowsMax),
    from: given(request, 'cursor') ?? readNumber(request, 'offset', 0) ?? 0,
  }
}

/** Which part of a log is asked for. @throws ProtocolError `Unacceptable` */
export function readRecordsQuery(request: FastifyRequest): { readonly range: LookRange; readonly limit: number } {
  const after = readNumber(request, 'after', 0)
  const before = readNumber(request, 'before', 0)
  if (after !== undefined && before !== undefined)
    throw new ProtocolError('Unacceptable', "A part of a log is 'after' or 'before' something, not both.")
  return {
    range: rangeOf(after, before),
    limit: Math.min(readNumber(request, 'limit', 1) ?? recordsDefault, recordsMax),
  }
}

/** How many seconds of the series. @throws ProtocolError `Unacceptable` */
export const readSeconds = (request: FastifyRequest): number =>
  Math.min(readNumber(request, 'seconds', 1) ?? secondsDefault, secondsMax)

/** What a tail is asked for: whose, which lines, and for how many seconds. @throws ProtocolError `Unacceptable` */
export const readTailQuery = (request: FastifyRequest) => ({
  followed: { bot: given(request, 'bot'), conversation: given(request, 'conversation') },
  failed: readFlag(request, 'failed'),
  bodies: readFlag(request, 'bodies'),
  seconds: readNumber(request, 'seconds', 0),
})

/** A switch: there and not `false` or `0`. */
function readFlag(request: FastifyRequest, name: string): boolean {
  const value = query(request, name)
  return value !== undefined && value !== 'false' && value !== '0'
}

function readState(text: string | undefined): ConversationRow['state'] | undefined {
  if (text === undefined) return undefined
  const state = states.find(known => known === text)
  if (state === undefined) throw new ProtocolError('Unacceptable', `'state' is one of ${states.join(', ')}.`)
  return state
}

/** `failed=true`, or `problem=` with the code of one or `any`. */
function readFailed(request: FastifyRequest): 'any' | ProblemCode | undefined {
  const problem = given(request, 'problem')
  if (problem === undefined) return readFlag(request, 'failed') ? 'any' : undefined
  if (problem === 'any') return 'any'
  if (!Object.hasOwn(problems, problem)) throw new ProtocolError('Unacceptable', "'problem' is not the code of one.")
  return problem as ProblemCode
}

/** A moment: ISO 8601, or milliseconds since 1970. */
function readTime(request: FastifyRequest, name: string): number | undefined {
  const text = given(request, name)
  if (text === undefined) return undefined
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(ms)) throw new ProtocolError('Unacceptable', `'${name}' is not a time.`)
  return ms
}

function readNumber(request: FastifyRequest, name: string, least: number): number | undefined {
  const text = given(request, name)
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new ProtocolError('Unacceptable', `'${name}' is not a number from ${least} on.`)
  return Number(text)
}

/** An empty one is none: forms send those. */
const given = (request: FastifyRequest, name: string): string | undefined => query(request, name) || undefined
