/**
 * A PostgreSQL database looked into from outside, without the store: every log without a gap, every hash chained to the
 * one before it.
 */
import type { TestPostgres } from '../test/support/postgres.ts'
import { type EntryRow, walk } from './log-file.ts'

type Row = Omit<EntryRow, 'text'> & {
  readonly conversation: string
  readonly shown: number
  readonly at: string
  readonly rest: string | null
}

/** What is wrong with the logs, and how many entries were looked at. */
export async function faultsInDatabase(
  postgres: TestPostgres,
): Promise<{ readonly faults: readonly string[]; readonly entries: number }> {
  const faults: string[] = []
  const conversations = await postgres.query('SELECT id, last, hash FROM landline.conversations')
  const rows = (await postgres.query(
    `SELECT conversation, position, coalesce(target, position) AS shown, timestamp_ms::text AS at, rest, hash
      FROM landline.entries ORDER BY conversation, position`,
  )) as unknown as readonly Row[]
  const logs = Map.groupBy(rows, ({ conversation }) => conversation)
  for (const { id, last, hash } of conversations as unknown as readonly { id: string; last: number; hash: Buffer }[]) {
    const walked = walk(id, (logs.get(id) ?? []).map(entryOf), faults)
    if (walked.last !== last) faults.push(`${id}: has ${walked.last} entries and says ${last}`)
    if (walked.hash !== hash.toString('hex')) faults.push(`${id}: its newest hash is not that of its last entry`)
    logs.delete(id)
  }
  for (const id of logs.keys()) faults.push(`${id}: has entries and is not there`)
  return { faults: faults.map(fault => `the database: ${fault}`), entries: rows.length }
}

function entryOf({ conversation, position, shown, at, rest, hash }: Row): EntryRow {
  const id = `${conversation}|${String(shown).padStart(7, '0')}`
  const head = `{"id":"${id}","timestamp":"${new Date(Number(at)).toISOString()}",`
  return { position, text: rest === null ? null : head + rest, hash }
}
