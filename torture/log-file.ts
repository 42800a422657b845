/**
 * The database file looked into from outside, without the store: every log without a gap, every hash chained to the
 * one before it.
 */
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { databaseFile } from '../src/adapters/sqlite/folder.ts'

/** How far each conversation's log goes, and the hash of its last entry: two files of one state have the same. */
export type LogState = ReadonlyMap<string, { readonly last: number; readonly hash: string }>

/** What a file holds. */
export type FileState = { readonly logs: LogState; readonly faults: readonly string[] }

type ConversationRow = { number: number; id: string; last: number; hash: Uint8Array }
/** An entry as it is kept: the text as clients see it, null once it is erased. */
export type EntryRow = { position: number; text: string | null; hash: Uint8Array }

const first = '0'.repeat(64)

/**
 * Reads all logs and walks their chains. Nothing in the folder is changed but the shared-memory file.
 *
 * @throws Error if SQLite can't open or read the file
 */
export function stateOf(dir: string): FileState {
  using database = opened(dir)
  const faults: string[] = []
  const logs = new Map<string, { last: number; hash: string }>()
  // A power cut in the very first moment: there is no table yet, and nobody has been told anything.
  if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").get() === undefined)
    return { logs, faults }
  const conversations = database.prepare('SELECT number, id, last, hash FROM conversations').all()
  const entries = database.prepare('SELECT position, text, hash FROM entries WHERE conversation = ? ORDER BY position')
  for (const { number, id, last, hash } of conversations as ConversationRow[]) {
    const walked = walk(id, entries.all(number) as EntryRow[], faults)
    const own = hex(hash)
    if (walked.last !== last) faults.push(`${id}: has ${walked.last} entries and says ${last}`)
    if (walked.hash !== own) faults.push(`${id}: its newest hash is not that of its last entry`)
    logs.set(id, { last, hash: own })
  }
  return { logs, faults }
}

/**
 * Opens the file so that it stays as it is; but for one cut off before it was a WAL database, which only a writer can
 * roll back, as the service does.
 */
function opened(dir: string): DatabaseSync {
  const database = new DatabaseSync(databaseFile(dir), { readOnly: true })
  try {
    database.prepare('SELECT 1 FROM sqlite_schema').get()
    return database
  } catch (error) {
    database.close()
    if (!/readonly/.test(String(error))) throw error
    return new DatabaseSync(databaseFile(dir))
  }
}

/** What is wrong with the file: also what SQLite itself finds. */
export function faultsIn(dir: string): readonly string[] {
  const { faults } = stateOf(dir)
  using database = opened(dir)
  const checks = database
    .prepare('PRAGMA integrity_check')
    .all()
    .map(row => String(row['integrity_check']))
  return [...faults, ...checks.filter(line => line !== 'ok')].map(fault => `the file: ${fault}`)
}

/** Walks a log along its positions and hashes, and adds what is wrong to the faults. Answers where it ends. */
export function walk(id: string, entries: readonly EntryRow[], faults: string[]): { last: number; hash: string } {
  let last = 0
  let previous = first
  for (const { position, text, hash } of entries) {
    if (position !== last + 1) faults.push(`${id}: ${position} follows ${last}`)
    const own = hex(hash)
    if (text !== null) {
      const expected = createHash('sha256').update(Buffer.from(previous, 'hex')).update(String(position)).update(text)
      if (expected.digest('hex') !== own) faults.push(`${id}: the chain is broken at ${position}`)
    }
    last = position
    previous = own
  }
  return { last, hash: previous }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The hash of each entry of each log, in order. */
export function hashesOf(dir: string): ReadonlyMap<string, readonly string[]> {
  using database = new DatabaseSync(databaseFile(dir), { readOnly: true })
  const rows = database
    .prepare(
      'SELECT id, entries.hash FROM entries JOIN conversations ON conversation = number ORDER BY number, position',
    )
    .all() as { id: string; hash: Uint8Array }[]
  const grouped = Map.groupBy(rows, ({ id }) => id)
  return new Map([...grouped].map(([id, entries]) => [id, entries.map(({ hash }) => hex(hash))]))
}

/** Whether each log is a beginning of one whose hashes are known: every hash stands for all that is before it. */
export function isBeginningOf(logs: LogState, hashes: ReadonlyMap<string, readonly string[]>): boolean {
  return [...logs].every(([id, { last, hash }]) => last === 0 || hashes.get(id)?.[last - 1] === hash)
}

/** Whether every log of one state is the beginning of the same log in a later one, as far as lengths tell. */
export function isWithin(earlier: LogState, later: LogState): boolean {
  for (const [id, { last, hash }] of earlier) {
    const found = later.get(id)
    if (found === undefined || found.last < last || (found.last === last && found.hash !== hash)) return false
  }
  return true
}

/** Whether two states are one. */
export const isSame = (one: LogState, other: LogState): boolean =>
  one.size === other.size && isWithin(one, other) && isWithin(other, one)
