/**
 * What only a store on disk can promise: durability settings, what is there after a restart, the lock, the hash
 * chain, and failures that stay with those who caused them.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { openConnection } from '../../src/adapters/sqlite/connection.ts'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import { StoreInUseError } from '../../src/adapters/sqlite/lock.ts'
import { schemaVersion } from '../../src/adapters/sqlite/migrations.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { userId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'
import { bot, entriesOf, hourMs, messageAppend, noonMs, started, textsOf } from './log-samples.ts'

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(dir, { recursive: true }))
  return join(dir, 'store')
}

test('every connection is set so that an acknowledged commit survives a power cut', async t => {
  const dir = await folder(t)
  await using store = await openSqliteStore({ dir })
  await started(store, 'a')
  for (let time = 0; time < 2; time += 1) {
    const connection = openConnection(databaseFile(dir))
    const pragma = (name: string) => Object.values(connection.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    const set = Object.fromEntries(
      [
        'journal_mode',
        'synchronous',
        'fullfsync',
        'checkpoint_fullfsync',
        'journal_size_limit',
        'foreign_keys',
        'secure_delete',
      ].map(name => [name, pragma(name)]),
    )
    assert.deepEqual(set, {
      journal_mode: 'wal',
      synchronous: 2,
      fullfsync: 1,
      checkpoint_fullfsync: 1,
      journal_size_limit: 64 * 1024 * 1024,
      foreign_keys: 1,
      secure_delete: 1,
    })
    assert.ok(Number(pragma('busy_timeout')) > 0)
    assert.ok((pragma('mmap_size') ?? 0) === 0)
    connection.close()
  }
})

test('a database that can’t be kept in WAL mode is refused', () => {
  assert.throws(() => openConnection(':memory:'), /journal_mode/)
})

test('folder and files can be read by their owner alone', { skip: process.platform === 'win32' }, async t => {
  const dir = await folder(t)
  await using store = await openSqliteStore({ dir })
  await started(store, 'a')
  assert.equal((await stat(dir)).mode & 0o777, 0o700)
  const files = await readdir(dir)
  for (const name of ['landline.db', 'landline.db-wal', 'landline.lock']) assert.ok(files.includes(name), name)
  for (const name of files) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600, name)
})

test('a store that is closed and opened again has everything, and goes on where it was', async t => {
  const dir = await folder(t)
  const first = await openSqliteStore({ dir })
  const id = await started(first, 'a')
  await first.join(id, bot, { id: userId('u'), name: 'Ann' })
  await first.announced(id, [undefined])
  await first.append(messageAppend(id, 'one', { key: 'k', atMs: noonMs + hourMs }))
  await first.append(messageAppend(id, 'two'))
  await first.replace({ ...messageAppend(id, 'TWO'), target: position(2), erase: false })
  await first.settle(id, position(1))
  await first.putSetting('secret', 's')
  const [entries, conversation] = [await entriesOf(first, id), await first.find(id)]
  await first[Symbol.asyncDispose]()

  await using second = await openSqliteStore({ dir })
  assert.deepEqual(await entriesOf(second, id), entries)
  assert.deepEqual(await second.find(id), conversation)
  assert.deepEqual(await second.members(id), [{ id: 'u', name: 'Ann' }])
  assert.deepEqual(await second.unannounced(id), ['u'])
  assert.equal(await second.setting('secret'), 's')
  const repeated = await second.append(messageAppend(id, 'one', { key: 'k' }))
  assert.deepEqual(repeated, {
    outcome: 'repeated',
    position: 1,
    id: `${id}|0000001`,
    timestampMs: noonMs + hourMs,
    turn: 'accepted',
  })
  const next = await second.append(messageAppend(id, 'three'))
  assert.equal(next.outcome === 'appended' && next.entry.position, 4)
  assert.equal(next.outcome === 'appended' && next.timestampMs, noonMs + hourMs + 2)
})

test('closing waits for what has been asked; afterwards the store says that it is closed', async t => {
  const dir = await folder(t)
  const store = await openSqliteStore({ dir })
  const id = await started(store, 'a')
  const asked = Array.from({ length: 50 }, (_, n) => store.append(messageAppend(id, `${n}`)))
  const closed = store[Symbol.asyncDispose]()
  assert.equal(new Set((await Promise.all(asked)).map(answer => answer.outcome)).size, 1)
  await Promise.all([closed, store[Symbol.asyncDispose]()])
  await assert.rejects(store.append(messageAppend(id, 'late')), /closed/)
  await assert.rejects(store.find(id))
  assert.deepEqual(
    await readdir(dir),
    ['landline.db', 'landline.lock'],
    'nothing is left that would have to be recovered',
  )
})

test('a second store on the same folder is refused by name, until the first is closed', async t => {
  const dir = await folder(t)
  const first = await openSqliteStore({ dir })
  await assert.rejects(openSqliteStore({ dir }), error => {
    assert.ok(error instanceof StoreInUseError)
    assert.ok(error.message.includes(dir))
    return true
  })
  await started(first, 'a')
  await first[Symbol.asyncDispose]()
  await (await openSqliteStore({ dir }))[Symbol.asyncDispose]()
})

test('a database of a newer program is refused with what to do, and left as it is', async t => {
  const dir = await folder(t)
  await (await openSqliteStore({ dir }))[Symbol.asyncDispose]()
  const database = new DatabaseSync(databaseFile(dir))
  database.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
  database.close()
  for (let time = 0; time < 2; time += 1) await assert.rejects(openSqliteStore({ dir }), /newer Landline/)
})

test('each entry carries the hash of the one before it, its position and its text; erasing keeps the hashes', async t => {
  const dir = await folder(t)
  const store = await openSqliteStore({ dir })
  const id = await started(store, 'a')
  for (const text of ['one', 'é 😀 \0', 'x'.repeat(200_000), 'secret']) await store.append(messageAppend(id, text))
  await store.replace({ ...messageAppend(id, 'gone'), target: position(4), erase: true })
  await store.append(messageAppend(id, 'after'))
  await store[Symbol.asyncDispose]()

  const database = new DatabaseSync(databaseFile(dir))
  const rows = database.prepare('SELECT position, text, hash FROM entries ORDER BY position').all()
  let previous = new Uint8Array(32)
  for (const { position: at, text, hash } of rows) {
    const expected = createHash('sha256').update(previous).update(String(at)).update(String(text)).digest()
    if (text === null) assert.equal(at, 4)
    else assert.deepEqual(Buffer.from(hash as Uint8Array), expected, `entry ${at}`)
    previous = new Uint8Array(hash as Uint8Array)
  }
  assert.equal(rows.length, 6)
  assert.deepEqual(database.prepare('SELECT hash FROM conversations').get()?.['hash'], previous)
  database.close()
})

test('of what has been erased or forgotten not a byte is left once the store is closed', async t => {
  const dir = await folder(t)
  const store = await openSqliteStore({ dir })
  const [erased, forgotten] = [await started(store, 'erased'), await started(store, 'forgotten')]
  const secrets = ['needle-short', `needle-long${'x'.repeat(50_000)}`]
  for (const secret of secrets) {
    for (const id of [erased, forgotten]) await store.append(messageAppend(id, secret))
  }
  await store.append(messageAppend(erased, 'kept-text'))
  for (const target of [1, 2])
    await store.replace({ ...messageAppend(erased, ''), target: position(target), erase: true })
  await store.forget(forgotten)
  await store[Symbol.asyncDispose]()
  const bytes = await readFile(databaseFile(dir), 'latin1')
  assert.ok(bytes.includes('kept-text'))
  assert.ok(!bytes.includes('needle'))
})

test('of a hundred changes at once the one that can’t be made fails, and none of its neighbours', async t => {
  await using store = await openSqliteStore({ dir: await folder(t) })
  const id = await started(store, 'a')
  const answers = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) =>
      store.append(messageAppend(id, `${n}`, { atMs: n === 50 ? Number.NaN : noonMs })),
    ),
  )
  const failed = answers.flatMap((answer, n) => (answer.status === 'rejected' ? [{ n, error: answer.reason }] : []))
  assert.deepEqual(
    failed.map(({ n }) => n),
    [50],
  )
  assert.ok(failed[0]?.error.cause instanceof Error, 'the cause is told')
  const entries = await entriesOf(store, id)
  assert.deepEqual(
    entries.map(entry => entry.position),
    Array.from({ length: 99 }, (_, at) => at + 1),
  )
  assert.ok(!textsOf(entries).includes('50'))
})

test('while another program holds the database changes are refused within seconds, and then it goes on', async t => {
  const dir = await folder(t)
  await using store = await openSqliteStore({ dir })
  const id = await started(store, 'a')
  const intruder = new DatabaseSync(databaseFile(dir))
  intruder.exec('BEGIN IMMEDIATE')
  const answers = await Promise.allSettled([1, 2, 3].map(n => store.append(messageAppend(id, `${n}`))))
  assert.deepEqual(
    answers.map(answer => answer.status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal((await store.find(id))?.last, 0, 'reads go on')
  intruder.exec('ROLLBACK')
  intruder.close()
  await store.append(messageAppend(id, 'four'))
  assert.deepEqual(textsOf(await entriesOf(store, id)), ['four'])
})
