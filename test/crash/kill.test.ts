/**
 * A real process that writes to a real file and is killed again and again: nothing it acknowledged may be missing,
 * twice or out of place. `LANDLINE_KILLS` says how often.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { firstValue } from '../../src/adapters/sqlite/connection.ts'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { bot, messageAppend } from '../contract/log-samples.ts'

const kills = Number(process.env['LANDLINE_KILLS'] ?? 15)

/** The latest a process is killed after it has opened its store: milliseconds. */
const lifeMsMax = 250

/** Some are killed while they start; this is about how long that takes: milliseconds. */
const startMs = 150

type Acknowledged = { readonly conversation: ConversationId; readonly position: number; readonly key: string }

/** Lets an appender run until it is killed, and answers what it has acknowledged. */
async function killedAppender(dir: string, round: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), dir, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  let timer: NodeJS.Timeout | undefined
  const killWithin = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * ms)
  }
  // Every fifth may be killed before its store is open, in the middle of recovery.
  if (round % 5 === 4) killWithin(startMs)
  child.stdout.on('data', (chunk: Buffer) => {
    if (out === '' && round % 5 !== 4) killWithin(lifeMsMax)
    out += chunk.toString()
  })
  const [, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL', 'it ran until it was killed')
  return out
    .slice(0, out.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap(line => {
      const [conversation, position, key] = line.split(' ')
      return key === undefined
        ? []
        : [{ conversation: conversation as ConversationId, position: Number(position), key }]
    })
}

test(`after ${kills} kills every acknowledged entry is there exactly once, and the log is whole`, {
  timeout: 60_000 + kills * 2_000,
}, async t => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(dir, { recursive: true }))
  const acknowledged: Acknowledged[] = []
  for (let round = 0; round < kills; round += 1) acknowledged.push(...(await killedAppender(dir, round)))
  assert.ok(acknowledged.length > 0)

  const store = await openSqliteStore({ dir })
  for (const { conversation, position, key } of acknowledged) {
    const again = await store.append(messageAppend(conversation, 'again', { key }))
    assert.equal(again.outcome === 'repeated' && again.position, position, `${conversation} ${key}`)
  }
  for (const { id, last } of await store.list(bot, undefined, 100)) {
    const next = await store.append(messageAppend(id, `next-${id}`))
    assert.equal(next.outcome === 'appended' && next.entry.position, last + 1)
  }
  await store[Symbol.asyncDispose]()
  checkFile(databaseFile(dir), acknowledged)
  t.diagnostic(`${kills} kills, ${acknowledged.length} acknowledged, 0 lost`)
})

/** Looks into the file itself: every position once, each key's entry once and where it was said to be, the chain whole. */
function checkFile(file: string, acknowledged: readonly Acknowledged[]): void {
  using database = new DatabaseSync(file)
  assert.equal(firstValue(database, 'PRAGMA integrity_check'), 'ok')
  assert.equal(firstValue(database, 'PRAGMA foreign_key_check'), undefined)
  for (const { number, id, last, hash } of database.prepare('SELECT * FROM conversations').all()) {
    const entries = database
      .prepare('SELECT * FROM entries WHERE conversation = ? ORDER BY position')
      .all(Number(number)) as Row[]
    assert.deepEqual(
      entries.map(entry => entry.position),
      Array.from({ length: Number(last) }, (_, at) => at + 1),
    )
    assert.deepEqual(
      Buffer.from(hash as Uint8Array),
      Buffer.from(walked(entries)),
      'the conversation holds its newest hash',
    )
    const sent = entries.filter(entry => entry.target === null && entry.text !== null)
    const positions = new Map(sent.map(entry => [keyIn(entry), entry.position]))
    assert.equal(positions.size, sent.length, 'no key stands in the log twice')
    for (const { conversation, position, key } of acknowledged) {
      const erased = entries[position - 1]?.text === null
      if (conversation === id && !erased) assert.equal(positions.get(key), position, `${id} ${key}`)
    }
  }
}

type Row = {
  readonly position: number
  readonly target: number | null
  readonly text: string | null
  readonly hash: Uint8Array
}

/** The appender begins each text with its key. */
const keyIn = (entry: Row): string => String(JSON.parse(entry.text ?? '{}').text).split(' ', 1)[0] ?? ''

/** Walks the chain and answers its last hash. Of an erased entry only the hash is left. */
function walked(entries: readonly Row[]): Uint8Array {
  let previous: Uint8Array = new Uint8Array(32)
  for (const { position, text, hash } of entries) {
    const expected =
      text === null ? hash : createHash('sha256').update(previous).update(String(position)).update(text).digest()
    assert.ok(Buffer.from(hash).equals(expected), `the chain is broken at ${position}`)
    previous = hash
  }
  return previous
}
