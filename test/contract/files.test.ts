/**
 * The contract of the file store, run against every adapter, and what only one on disk can promise.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { openDiskFiles } from '../../src/adapters/files/files.ts'
import { MemoryFiles } from '../../src/adapters/memory/files.ts'
import { openS3Files } from '../../src/adapters/s3/files.ts'
import type { Files } from '../../src/domain/ports.ts'
import { newFileId } from '../../src/protocol/ids.ts'
import { startS3, type TestS3, withoutS3 } from '../support/s3.ts'
import { patienceMs } from '../support/until.ts'
import { conversationId, dayMs, noonMs } from './log-samples.ts'

const [a, b] = [conversationId('a'), conversationId('b')]
const fileId = (word: string) => newFileId(word.padEnd(22, '0'))
const file = (text: string, name = 'name.txt') => ({ name, mediaType: 'text/plain', bytes: Buffer.from(text) })

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(dir, { recursive: true }))
  return join(dir, 'files')
}

/** What is there of a file, with its bytes as text. */
async function textOf(files: Files, conversation = a, id = fileId('x')): Promise<string | undefined> {
  const found = await files.get(conversation, id)
  return found === undefined ? undefined : Buffer.from(found.bytes).toString()
}

let server: Promise<TestS3> | undefined
after(async () => (await server)?.[Symbol.asyncDispose]())

/** Files in a bucket of their own, of one server for all tests. */
async function openBucket(t: TestContext): Promise<Files> {
  server ??= startS3()
  const files = openS3Files(await (await server).makeBucket(), error => assert.fail(String(error)))
  t.after(() => files[Symbol.dispose]())
  return files
}

const adapters = [
  { adapter: 'memory', open: async () => new MemoryFiles() },
  { adapter: 'disk', open: async (t: TestContext) => openDiskFiles({ dir: await folder(t) }) },
  { adapter: 'S3', open: openBucket, skip: withoutS3 },
]

for (const { adapter, open, skip } of adapters) {
  describe(`${adapter}: files`, { skip: skip ?? false }, () => {
    test('gives what was put, byte for byte, with its name whatever that contains', async t => {
      const files = await open(t)
      const names = [
        'a.png',
        '',
        '../../etc/passwd',
        'C:\\con\0.txt',
        '\u202etxt.exe',
        'é'.repeat(100),
        'lone \ud800',
        '"\r\n',
      ]
      const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251)
      for (const [at, name] of names.entries()) {
        await files.put(a, fileId(`n${at}`), { name, mediaType: 'image/png', bytes }, noonMs + at)
        const found = await files.get(a, fileId(`n${at}`))
        assert.deepEqual(
          { ...found, bytes: undefined },
          { name, mediaType: 'image/png', bytes: undefined, putMs: noonMs + at },
        )
        assert.ok(Buffer.from(found?.bytes ?? []).equals(bytes))
      }
      await files.put(a, fileId('empty'), file(''), noonMs)
      assert.equal(await textOf(files, a, fileId('empty')), '')
    })

    test('keeps its own copy of the bytes', async t => {
      const files = await open(t)
      const bytes = Buffer.from('before')
      await files.put(a, fileId('x'), { ...file(''), bytes }, noonMs)
      bytes.write('after!')
      assert.equal(await textOf(files), 'before')
    })

    test('a file belongs to its conversation', async t => {
      const files = await open(t)
      await files.put(a, fileId('x'), file('a'), noonMs)
      assert.equal(await textOf(files, b), undefined)
      assert.equal(await textOf(files, a, fileId('y')), undefined)
      await files.put(b, fileId('x'), file('b'), noonMs)
      assert.deepEqual([await textOf(files, a), await textOf(files, b)], ['a', 'b'])
    })

    test('forgets what was put before a time, and nothing else', async t => {
      const files = await open(t)
      for (const conversation of [a, b]) await files.put(conversation, fileId('old'), file('old'), noonMs - dayMs)
      await files.put(a, fileId('new'), file('new'), noonMs)
      await files.forgetBefore(noonMs)
      assert.equal(await textOf(files, a, fileId('old')), undefined)
      assert.equal(await textOf(files, b, fileId('old')), undefined)
      assert.equal(await textOf(files, a, fileId('new')), 'new')
      await files.put(b, fileId('again'), file('again'), noonMs)
      assert.equal(await textOf(files, b, fileId('again')), 'again')
    })

    test('forgets all files of one conversation', async t => {
      const files = await open(t)
      for (const conversation of [a, b]) await files.put(conversation, fileId('x'), file('x'), noonMs)
      await files.forgetConversation(a)
      await files.forgetConversation(conversationId('never'))
      assert.deepEqual([await textOf(files, a), await textOf(files, b)], [undefined, 'x'])
    })

    test('tells how many bytes it keeps for a conversation, as they come and go', async t => {
      const files = await open(t)
      const held = async (atLeast: number, conversation = a) => {
        const bytes = await files.bytesOf(conversation)
        // What is known of a file may count too.
        assert.ok(bytes >= atLeast && bytes < atLeast + 1_000, `${bytes} for ${atLeast}`)
      }
      await held(0)
      await files.put(a, fileId('old'), file('x'.repeat(10_000)), noonMs - dayMs)
      await held(10_000)
      await Promise.all([1, 2, 3].map(n => files.put(a, fileId(`f${n}x`), file('x'.repeat(n * 10_000)), noonMs)))
      await held(70_000)
      await held(0, b)
      await files.forgetBefore(noonMs)
      await held(60_000)
      await files.forgetConversation(a)
      await held(0)
      await files.put(a, fileId('new'), file('x'.repeat(5_000)), noonMs)
      await held(5_000)
    })

    test('many may put and forget at once', async t => {
      const files = await open(t)
      const numbers = Array.from({ length: 40 }, (_, n) => n)
      await Promise.all(
        numbers.flatMap(n => [
          files.put(n % 2 === 0 ? a : b, fileId(`f${n}x`), file(`${n}`), noonMs),
          files.forgetBefore(noonMs),
        ]),
      )
      for (const n of numbers) assert.equal(await textOf(files, n % 2 === 0 ? a : b, fileId(`f${n}x`)), `${n}`)
    })
  })
}

describe('disk: files', () => {
  test('are there after a restart, readable by their owner alone', { skip: process.platform === 'win32' }, async t => {
    const dir = await folder(t)
    await (await openDiskFiles({ dir })).put(a, fileId('x'), file('x'), noonMs)
    assert.equal(await textOf(await openDiskFiles({ dir })), 'x')
    for (const path of [dir, join(dir, a)]) assert.equal((await stat(path)).mode & 0o777, 0o700)
    const names = await readdir(join(dir, a))
    assert.equal(names.length, 2)
    for (const name of names) assert.equal((await stat(join(dir, a, name))).mode & 0o777, 0o600)
  })

  test('are counted after a restart, those that come while they are counted too', async t => {
    const dir = await folder(t)
    const before = await openDiskFiles({ dir })
    for (const word of ['x', 'y']) await before.put(a, fileId(word), file('x'.repeat(10_000)), noonMs)
    const files = await openDiskFiles({ dir })
    const counts = [files.bytesOf(a), files.put(b, fileId('x'), file('x'), noonMs), files.bytesOf(a)]
    const [first, , second] = await Promise.all(counts)
    assert.ok(Number(first) >= 20_000 && Number(first) < 21_000, `${first}`)
    assert.equal(second, first)
    await files.put(a, fileId('z'), file('x'.repeat(1_000)), noonMs)
    assert.ok((await files.bytesOf(a)) >= 21_000)
  })

  test('that other nodes have put into the same folder are given at once, and counted after a second', async t => {
    const dir = await folder(t)
    const [one, other] = [await openDiskFiles({ dir, isShared: true }), await openDiskFiles({ dir, isShared: true })]
    assert.equal(await one.bytesOf(a), 0)
    await other.put(a, fileId('x'), file('x'.repeat(10_000)), noonMs)
    assert.equal(await textOf(one), 'x'.repeat(10_000))
    const untilMs = performance.now() + patienceMs
    while ((await one.bytesOf(a)) < 10_000) {
      assert.ok(performance.now() < untilMs, 'not counted in time')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await one.forgetConversation(a)
    assert.equal(await textOf(other), undefined)
    await Promise.all([one, other, one].map(files => files.forgetBefore(noonMs + dayMs)))
  })

  test('what a crash has left is no file, and goes when its time has come', async t => {
    const dir = await folder(t)
    const files = await openDiskFiles({ dir })
    await files.put(a, fileId('x'), file('x'), noonMs)
    const leftovers = [fileId('bytes'), `${fileId('cut')}.1-1.new`, `${fileId('cut')}.json.1-2.new`].map(name =>
      join(dir, a, name),
    )
    for (const path of leftovers) {
      await writeFile(path, '{')
      await utimes(path, new Date(noonMs), new Date(noonMs))
    }
    assert.equal(await textOf(files, a, fileId('bytes')), undefined)
    assert.equal(await textOf(files, a, fileId('cut')), undefined)
    await files.forgetBefore(noonMs)
    assert.equal((await readdir(join(dir, a))).length, 5)
    await files.forgetBefore(noonMs + 1)
    assert.deepEqual(await readdir(join(dir, a)), [])
    await utimes(join(dir, a), new Date(noonMs), new Date(noonMs))
    await files.forgetBefore(noonMs + 1)
    assert.deepEqual(await readdir(dir), [], 'a folder that has long been empty goes too')
  })

  test('a put that fails leaves nothing behind', async t => {
    const dir = await folder(t)
    const files = await openDiskFiles({ dir })
    await files.put(a, fileId('x'), file('x'), noonMs)
    const broken = { ...file(''), bytes: 7 as unknown as Uint8Array }
    await assert.rejects(files.put(a, fileId('y'), broken, noonMs))
    assert.equal((await readdir(join(dir, a))).length, 2)
    assert.equal(await textOf(files, a, fileId('y')), undefined)
  })
})
