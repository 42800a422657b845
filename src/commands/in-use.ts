/**
 * What a command says of a store that somebody else has open.
 */
import { StoreInUseError } from '../adapters/sqlite/lock.ts'
import { CommandFailure } from './failure.ts'

/** The failure to end with; undefined for any other error. */
export function storeInUse(error: unknown): CommandFailure | undefined {
  if (!(error instanceof StoreInUseError)) return undefined
  const [message = '', advice = ''] = error.message.split(/(?<=\.) /, 2)
  return new CommandFailure('inUse', 'StoreInUse', message, advice, { cause: error })
}
