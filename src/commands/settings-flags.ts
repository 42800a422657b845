/**
 * The flags that say a setting, on the commands that read settings.
 */
import type { Command } from 'commander'
import {
  type Flags,
  flagOptions,
  type ReadSettings,
  readSettings,
  type SettingSources,
  SettingsError,
  UsageError,
  writeProblem,
} from '../config.ts'
import type { Context } from './context.ts'
import { CommandFailure, usageFailure } from './failure.ts'

/** Adds every flag of the settings. */
export function withSettings(command: Command): Command {
  for (const { name, takes, meaning } of flagOptions)
    command.option(takes === undefined ? `--${name}` : `--${name} <${takes}>`, asClause(meaning))
  return command
}

/** A sentence as the help has them: in small letters and without its full stop. */
const asClause = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')

/** Where a command reads its settings from. */
export const sourcesOf = (
  flags: Flags,
  { environment, cwd }: Context,
  mode: SettingSources['mode'],
): SettingSources => ({
  flags,
  environment,
  cwd,
  mode,
})

/**
 * Reads the settings, and says what the operator should know about them.
 *
 * @throws CommandFailure with every problem, one on a line: wrong usage if all of them stand on the command line
 */
export function readOrFail(sources: SettingSources): ReadSettings {
  try {
    return readSettings(sources)
  } catch (error) {
    if (error instanceof SettingsError) throw settingsFailure(error)
    throw error instanceof UsageError ? usageFailure(error.message, advice) : error
  }
}

const advice = '`landline config schema` and `landline config init` show what there is.'

function settingsFailure(error: SettingsError): CommandFailure {
  const details = error.problems.map(writeProblem)
  const [only = ''] = details
  if (error.isUsage && details.length === 1) return new CommandFailure('usage', 'Usage', only, advice, { cause: error })
  const message = `${details.length} ${details.length === 1 ? 'setting' : 'settings'} can’t be used`
  return new CommandFailure(error.isUsage ? 'usage' : 'settings', 'SettingsInvalid', message, advice, {
    cause: error,
    details,
  })
}
