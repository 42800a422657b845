/**
 * The rows of `limits`: one for each number in `Limits`, with its default from there.
 */
import { defaultLimits, type Limits } from '../protocol/limits.ts'
import { count, type Kind, perSecond, share, size, timeMs } from './kinds.ts'
import { type Row, row } from './row.ts'

type PathsOf<Part, Path extends string> = Part extends number
  ? Path
  : { [Name in keyof Part & string]: PathsOf<Part[Name], `${Path}.${Name}`> }[keyof Part & string]

/** The name of a limit, such as `limits.rates.sendsPerToken.burst`. */
export type LimitPath = PathsOf<Limits, 'limits'>

const meanings: Readonly<Record<LimitPath, readonly [Kind<number>, string]>> = {
  ...rate('sendsPerToken', 'activities and uploads sent with one token, and activities sent on one socket'),
  ...rate('sendsPerConversation', 'activities and uploads sent into one conversation, by whomever'),
  ...rate('reconnectsPerToken', 'ways back into a conversation asked for with one token'),
  ...rate('opensPerSecret', 'tokens generated and conversations started with one secret'),
  ...rate('pollsPerToken', 'polls with one token, which are delayed beyond it'),
  ...rate('wrongCredentialsPerAddress', 'wrong credentials from one address; a right one always passes'),
  ...rate('connectorCallsPerBot', 'calls of one bot'),
  ...rate('framesPerSocket', 'frames from one socket, which is closed beyond it'),
  'limits.socketsPerConversation': [count, 'Sockets of one conversation; beyond it the oldest is closed.'],
  'limits.socketsPerNode': [count, 'Sockets of the whole process; beyond it further ones are refused.'],
  'limits.socketsPerAddress': [count, 'Sockets from one address; thousands of people may stand behind one.'],
  'limits.pingMs': [timeMs, 'How often a socket is pinged.'],
  'limits.silenceMs': [timeMs, 'How long a socket may be silent before it is taken for dead.'],
  'limits.noProgressMs': [timeMs, 'How long a socket may hold unsent bytes without taking any.'],
  'limits.turnsPerConversation': [count, 'Turns of one conversation in flight; further ones wait.'],
  'limits.turnsPerBot': [count, 'Turns of one bot in flight; further ones wait.'],
  'limits.logEntries': [count, "Activities in one conversation's log."],
  'limits.logCharacters': [count, "Characters of stored text in one conversation's log."],
  'limits.fileBytesPerConversation': [size, 'Files kept for one conversation.'],
  'limits.diskReserve.bytes': [size, 'What is left free on the disk of the files, if it is less than the share.'],
  'limits.diskReserve.share': [share, 'The same as a share of the whole disk; 1 is all of it.'],
  'limits.overload.loopLateMs': [
    timeMs,
    'How late the event loop may be, one time in a hundred, before new work is turned away.',
  ],
  'limits.overload.memoryShare': [share, 'How much of the memory may be in use before that; 1 is all of it.'],
  'limits.overload.commitWaitMs': [timeMs, 'How long a change may wait for its commit before that.'],
  'limits.headersMs': [timeMs, 'How long the headers of a request may take.'],
  'limits.bodyMs': [timeMs, 'How long its body may take.'],
  'limits.uploadMs': [timeMs, 'How long the body of an upload may take, if it comes at the speed it must.'],
  'limits.uploadBytesPerSecond': [size, 'The least speed of an upload that takes longer than bodyMs: bytes a second.'],
  'limits.idleMs': [timeMs, 'How long a connection is kept between two requests.'],
}

type RatePath<Name extends keyof Limits['rates']> = `limits.rates.${Name}.${'perSecond' | 'burst'}`

function rate<Name extends keyof Limits['rates']>(name: Name, what: string) {
  const rows: Readonly<Record<string, readonly [Kind<number>, string]>> = {
    [`limits.rates.${name}.perSecond`]: [perSecond, `How many a second in the long run: ${what}.`],
    [`limits.rates.${name}.burst`]: [count, 'How many of them at once.'],
  }
  return rows as Record<RatePath<Name>, readonly [Kind<number>, string]>
}

/** The rows of `limits`. */
export const limitRows = Object.fromEntries(
  Object.entries(meanings).map(([path, [kind, meaning]]) => [path, row(kind, defaultOf(path), meaning)]),
) as Record<LimitPath, Row<number>>

function defaultOf(path: string): number {
  const [, ...names] = path.split('.')
  return names.reduce<unknown>(
    (part, name) => (part as Readonly<Record<string, unknown>>)[name],
    defaultLimits,
  ) as number
}

/** Limits of the values of a table. */
export function limitsOf(values: Readonly<Record<LimitPath, number>>): Limits {
  const limits: Record<string, unknown> = {}
  for (const path of Object.keys(limitRows) as LimitPath[]) {
    const names = path.split('.').slice(1)
    const last = names.pop() ?? ''
    let part = limits
    for (const name of names) {
      part[name] ??= {}
      part = part[name] as Record<string, unknown>
    }
    part[last] = values[path]
  }
  // Every path of `Limits` is in the rows: their type asks for it.
  return limits as Limits
}
