/**
 * The log: one line of JSON for each event worth a person's eye. Never a secret, a token or what people wrote.
 */
import { pino } from 'pino'
import type { Event, Events } from './domain/events.ts'

/** A value of a line: characters. */
const valueCharactersMax = 1024

/** Errors that are told of one fault: itself, its cause, and so on. */
const causesMax = 5

/** Writes events to the standard error, away from what the command itself prints. */
export function openLog(): Events {
  const log = pino(
    { base: null, level: 'info', serializers: { err: error => told(error, causesMax) } },
    pino.destination({ dest: 2, sync: true }),
  )
  return event => {
    const { level, fields } = line(event)
    log[level](shortened(fields))
  }
}

/**
 * What is told of an error: nothing but this. Whoever throws one may hang on it what was being read, such as the bytes
 * of an answer or the address that could not be parsed.
 */
function told(error: unknown, more: number): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const { name, message, stack, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const because = cause === undefined || more <= 1 ? undefined : told(cause, more - 1)
  return shortened({ type: name, message, code, stack, cause: because })
}

const shortened = (fields: object): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, valueCharactersMax) : value,
    ]),
  )

function line(event: Event): { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: object } {
  switch (event.event) {
    case 'conversationStarted':
    case 'socketClosed':
      return { level: 'debug', fields: event }
    case 'conversationsForgotten':
    case 'busBack':
    case 'audit':
      return { level: 'info', fields: event }
    case 'turnFailed':
    case 'overload':
    case 'storeAtRisk':
      return { level: 'warn', fields: event }
    case 'busLost':
      return { level: 'warn', fields: { event: 'busLost', err: event.reason } }
    case 'fault':
      return { level: 'error', fields: { event: 'fault', during: event.during, err: event.error } }
    default:
      return event satisfies never
  }
}
