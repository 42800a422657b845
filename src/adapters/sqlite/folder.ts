/**
 * The folder of a store: which file is the database, and how both are made.
 */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lockFile } from './lock.ts'

/** The file that holds everything; SQLite keeps two more of the same name beside it. */
export const databaseFile = (dir: string): string => join(dir, 'landline.db')

/**
 * Makes the folder and its files, readable by their owner alone: SQLite gives the files it adds the mode of the first.
 *
 * @throws Error if they can't be made
 */
export function prepareFolder(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const file of [databaseFile(dir), lockFile(dir)]) {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  }
  if (process.platform === 'win32') return
  // A new file is there after a power cut only if its folder has been synced.
  for (const folder of [dir, dirname(dir)]) {
    const descriptor = openSync(folder, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
}
