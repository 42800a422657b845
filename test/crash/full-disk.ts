/**
 * A process whose files may not grow beyond a limit, as on a disk that is full. Appends until it hits the limit,
 * then has the limit lifted, and tells what happened as one line of JSON. Called with the folder of the store.
 */
import { execFileSync } from 'node:child_process'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { entriesOf, messageAppend, started } from '../contract/log-samples.ts'

/** Changes the limits of a process that is running. */
const lifter = 'prlimit'

// Without a listener the signal ends the process before the write can fail.
process.on('SIGXFSZ', () => undefined)

const [dir = ''] = process.argv.slice(2)
await using store = await openSqliteStore({ dir })
const id = await started(store, 'a')

async function appendSome(): Promise<{ appended: number; refused: number; slowestMs: number }> {
  const beginMs = performance.now()
  const appends = Array.from({ length: 20 }, () => store.append(messageAppend(id, 'x'.repeat(20_000))))
  const answers = await Promise.allSettled(appends)
  const appended = answers.filter(answer => answer.status === 'fulfilled').length
  return { appended, refused: answers.length - appended, slowestMs: performance.now() - beginMs }
}

let acknowledged = 0
let full = { appended: 0, refused: 0, slowestMs: 0 }
while (full.refused === 0) {
  full = await appendSome()
  acknowledged += full.appended
}
const stillFull = await appendSome()
const whileFull = { last: (await store.find(id))?.last, read: (await entriesOf(store, id)).length }
execFileSync(lifter, ['--pid', String(process.pid), '--fsize=unlimited'])
const after = await appendSome()
const positions = (await entriesOf(store, id)).map(entry => entry.position)
console.log(JSON.stringify({ acknowledged, full, stillFull, whileFull, after, positions }))
