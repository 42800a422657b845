/**
 * The schema of a store brought up to date while nobody serves from it.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { firstValue, openConnection } from './connection.ts'
import { databaseFile } from './folder.ts'
import { lockStore } from './lock.ts'
import { migrate, schemaVersion } from './migrations.ts'

/**
 * Brings the store of a folder to the schema of this program.
 *
 * @param told hears of each step that is done
 * @returns the version it had, and the one it has now; undefined if there is no store, which a start will make
 * @throws StoreInUseError if somebody has it open; Error if a newer program has used it
 */
export function upgradeSqliteStore(
  folder: string,
  told: (done: number, total: number) => void,
): { readonly from: number; readonly to: number } | undefined {
  const dir = resolve(folder)
  const file = databaseFile(dir)
  if (!existsSync(file)) return undefined
  const lock = lockStore(dir)
  try {
    const database = openConnection(file)
    try {
      const version = () => Number(firstValue(database, 'PRAGMA user_version'))
      const from = version()
      migrate(database, () => told(version() - from, schemaVersion - from))
      return { from, to: version() }
    } finally {
      database.close()
    }
  } finally {
    lock.close()
  }
}
