/**
 * The words of a command line: which command they name, and what the parser has to say of those it does not know.
 */
import { CommanderError } from 'commander'
import type { CommandEntry } from './context.ts'
import { usageFailure } from './failure.ts'

/** What the parser throws when it has printed what was asked for. */
const printed = new Set(['commander.helpDisplayed', 'commander.version'])

/**
 * The command that is named: the first word, or the usual one if that is an option.
 *
 * @throws CommandFailure if there is no such command
 */
export function named(words: readonly string[], entries: readonly [CommandEntry, ...CommandEntry[]]): string {
  const [word] = words
  if (word === undefined || word.startsWith('-')) return entries[0].name
  if (entries.some(({ name }) => name === word)) return word
  throw usageFailure(`There is no command "${word}"`, '`landline --help` shows the commands.')
}

/** What was thrown, as a failure of the command line; undefined if nothing failed. */
export function understood(thrown: unknown): unknown {
  if (!(thrown instanceof CommanderError)) return thrown
  if (printed.has(thrown.code)) return undefined
  // A value that was put behind a misspelt option may be a secret.
  const [what = '', hint] = thrown.message.replace(/^error: /, '').split('\n')
  const message = what.replace(/(--[\w-]+)=[^']*/, '$1')
  return usageFailure(
    `${message.charAt(0).toUpperCase()}${message.slice(1)}`,
    hint === undefined ? '`--help` after a command shows what it takes.' : hint.replace(/^\(|\)$/g, ''),
  )
}
