/**
 * How a command fails: the exit codes, and the one error whose words are for the person who typed the command.
 */

/** Exit codes are a promise to scripts. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  settings: 3,
  unreachable: 4,
  unauthorized: 5,
  wrong: 6,
  inUse: 7,
  interrupted: 130,
} as const

/** Why a command ended without having done what was asked. */
export type ExitReason = Exclude<keyof typeof exitCodes, 'done'>

/** Ends the command. Printed as `landline: message (code)`, with the advice on a line of its own. */
export class CommandFailure extends Error {
  readonly exit: ExitReason
  /** One word, the same each time, for those who look it up. */
  readonly code: string
  /** What to do about it: a sentence. */
  readonly advice: string
  /** What was found, one thing on a line, before the failure itself is told. */
  readonly details: readonly string[]

  constructor(
    exit: ExitReason,
    code: string,
    message: string,
    advice: string,
    { details = [], ...options }: ErrorOptions & { readonly details?: readonly string[] } = {},
  ) {
    super(message, options)
    this.name = 'CommandFailure'
    this.exit = exit
    this.code = code
    this.advice = advice
    this.details = details
  }
}

/** Wrong words on the command line. */
export const usageFailure = (message: string, advice: string): CommandFailure =>
  new CommandFailure('usage', 'Usage', message, advice)

/** What failed, as the lines that standard error gets. */
export function failureLines(error: unknown): readonly string[] {
  if (error instanceof CommandFailure)
    return [...error.details, `landline: ${stopped(error.message)} (${error.code})`, error.advice]
  const message = error instanceof Error ? error.message : String(error)
  return [`landline: ${stopped(message.split('\n')[0] ?? '')} (Unexpected)`, '--verbose shows where it happened.']
}

/** Without the full stop, because the code follows. */
const stopped = (message: string): string => message.replace(/\.$/, '')
