/**
 * The log: one line of JSON for each event worth a person's eye. Never a secret, a token or what people wrote.
 */
import { pino } from 'pino'
import type { Event, Events } from './domain/events.ts'

/** Writes events to the standard error, away from what the command itself prints. */
export function openLog(): Events {
  const log = pino({ base: null, level: 'info' }, pino.destination({ dest: 2, sync: true }))
  return event => {
    const { level, fields } = line(event)
    log[level](fields)
  }
}

function line(event: Event): { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly fields: object } {
  switch (event.event) {
    case 'conversationStarted':
    case 'socketClosed':
      return { level: 'debug', fields: event }
    case 'conversationsForgotten':
      return { level: 'info', fields: event }
    case 'turnFailed':
      return { level: 'warn', fields: event }
    case 'fault':
      return { level: 'error', fields: { event: 'fault', during: event.during, err: event.error } }
    default:
      return event satisfies never
  }
}
