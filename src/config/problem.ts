/**
 * What can be wrong with settings, and how it is said.
 */
import { Redaction } from '../domain/redaction.ts'

/** One thing that is wrong with the settings. Never says the value of a secret. */
export type Problem = {
  /** `file:line:column`, the variable, or the flag with its dashes. */
  readonly where: string
  /** The setting's name, such as `listen.port`; of a bot, `bots[0].endpoint`. Empty for a file as a whole. */
  readonly path: string
  readonly message: string
}

/** An address without a password in it, nor the parameters that keys go by. */
export const address = (url: string): string => new Redaction([]).address(url)

/** How much of a wrong value is repeated: characters. */
const shownCharactersMax = 60

/** A wrong value, to be repeated. Somebody may have put a password into an address. */
export function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a mapping'
  const text = address(String(value))
  return `"${text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text}"`
}
