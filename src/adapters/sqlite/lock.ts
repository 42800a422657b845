/**
 * One service for each store: a lock beside the database that the system takes back by itself when the process
 * ends, however it ends.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The store is being used by another process, or by another store of this one. */
export class StoreInUseError extends Error {
  constructor(dir: string, options?: ErrorOptions) {
    super(`The store in ${dir} is in use by another Landline. Stop that one, or choose another folder.`, options)
    this.name = 'StoreInUseError'
  }
}

/** The file that carries the lock. Nothing is ever written to it. */
export const lockFile = (dir: string): string => join(dir, 'landline.lock')

/**
 * Takes the lock of a folder. Closing what is answered gives it back.
 *
 * A database of its own carries it, because SQLite knows how to lock a file on every system, and because the
 * service's own database must stay open to its two connections.
 *
 * @throws StoreInUseError if somebody has it
 */
export function lockStore(dir: string): DatabaseSync {
  const lock = new DatabaseSync(lockFile(dir))
  try {
    lock.exec('PRAGMA busy_timeout = 0')
    lock.exec('PRAGMA locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw isBusy(error) ? new StoreInUseError(dir, { cause: error }) : error
  }
}

/** SQLITE_BUSY is 5; its extended codes have it in their lowest byte. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
