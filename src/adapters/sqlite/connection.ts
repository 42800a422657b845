/**
 * Opening a connection to the database so that what it acknowledges survives a power cut. Every connection is
 * opened here, each time, because most of these settings belong to the connection and not to the file.
 */
import { DatabaseSync } from 'node:sqlite'

/** Older versions can corrupt a database when two connections write and checkpoint together. */
const oldestSqlite = [3, 51, 3] as const

/** How long a connection waits for a lock that somebody else's tool holds before it fails: milliseconds. */
const busyTimeoutMs = 1_000

/** What is left of the write-ahead log after a checkpoint: bytes. */
const journalBytesMax = 64 * 1024 * 1024

/** Pages of 4 KiB in the write-ahead log that start a checkpoint: few large checkpoints sync less than many small ones. */
const checkpointPages = 4_000

/** Page cache of the connection: KiB. */
const cacheKibibytes = 16 * 1024

/**
 * Opens a connection to an existing or new file.
 *
 * @throws Error if SQLite is too old or does not take a setting that durability depends on
 */
export function openConnection(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    checkVersion(firstValue(database, 'SELECT sqlite_version()'))
    settle(database, 'journal_mode', 'WAL', 'wal')
    // NORMAL, the default of some builds in WAL mode, loses acknowledged commits when the power goes.
    settle(database, 'synchronous', 'FULL', 2)
    // On macOS a plain fsync does not reach the disk.
    settle(database, 'fullfsync', '1', 1)
    settle(database, 'checkpoint_fullfsync', '1', 1)
    // A mapped page would turn a read error into a signal that ends the process. Absent where it is compiled out.
    database.exec('PRAGMA mmap_size = 0')
    settle(database, 'busy_timeout', String(busyTimeoutMs), busyTimeoutMs)
    settle(database, 'journal_size_limit', String(journalBytesMax), journalBytesMax)
    settle(database, 'foreign_keys', 'ON', 1)
    // What has been erased must not linger in pages that are free.
    settle(database, 'secure_delete', 'ON', 1)
    settle(database, 'wal_autocheckpoint', String(checkpointPages), checkpointPages)
    settle(database, 'cache_size', String(-cacheKibibytes), -cacheKibibytes)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** The first column of the first row. */
export function firstValue(database: DatabaseSync, query: string): unknown {
  const row = database.prepare(query).get()
  return row === undefined ? undefined : Object.values(row)[0]
}

/** Sets a PRAGMA and reads it back: SQLite does not complain about one it does not take. */
function settle(database: DatabaseSync, name: string, value: string, expected: unknown): void {
  database.exec(`PRAGMA ${name} = ${value}`)
  const found = firstValue(database, `PRAGMA ${name}`)
  if (found !== expected) throw new Error(`SQLite answers ${name} = ${String(found)} where ${String(expected)} was set`)
}

function checkVersion(version: unknown): void {
  const parts = String(version).split('.').map(Number)
  for (const [at, oldest] of oldestSqlite.entries()) {
    const part = parts[at] ?? 0
    if (part > oldest) return
    if (part < oldest)
      throw new Error(
        `SQLite ${String(version)} is too old: ${oldestSqlite.join('.')} is needed, as Node 24.14.1 brings it`,
      )
  }
}
