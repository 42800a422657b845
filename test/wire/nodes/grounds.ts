/**
 * What the tests of several nodes are run on: a store in memory, and a database of a PostgreSQL server.
 */
import { after } from 'node:test'
import { openDiskFiles } from '../../../src/adapters/files/files.ts'
import { LocalBus } from '../../../src/adapters/memory/bus.ts'
import { MemoryLook } from '../../../src/adapters/memory/look.ts'
import { MemoryStore } from '../../../src/adapters/memory/store.ts'
import { openOutside } from '../../../src/outside.ts'
import type { S3Settings } from '../../../src/settings.ts'
import { makeFolder } from '../../support/folder.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from '../../support/postgres.ts'
import type { Ground } from './nodes.ts'

/** One store in memory. News goes round at once. */
async function openMemory(): Promise<Ground> {
  const folder = await makeFolder()
  const store = new MemoryStore()
  const shared = { store, turns: store.turns, look: new MemoryLook(store), bus: new LocalBus(), isShared: true }
  return {
    open: async (clock, masterKey) => ({
      ...(await openOutside({ kind: 'memory' }, { clock, masterKey })),
      ...shared,
      files: await openDiskFiles({ dir: folder.path, isShared: true }),
    }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

let server: Promise<TestPostgres> | undefined
after(async () => (await server)?.[Symbol.asyncDispose]())

/** A database, and a folder or a bucket. News goes by NOTIFY. */
export const openDatabase = (url: string, filesDir: string, s3?: S3Settings): Pick<Ground, 'open'> => ({
  open: (clock, masterKey) =>
    openOutside(
      { kind: 'postgres', url, filesDir, ...(s3 === undefined ? {} : { s3 }), writers: 2, readers: 2 },
      { clock, masterKey, bus: { kind: 'postgres', url } },
    ),
})

/** One empty database, of a server for all grounds of a test file. */
async function openPostgres(): Promise<Ground> {
  server ??= startPostgres()
  const url = await (await server).makeDatabase()
  const folder = await makeFolder()
  return { ...openDatabase(url, folder.path), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

/** Each ground, and why it can't be had here. */
export const grounds = [
  { name: 'memory', open: openMemory, skip: undefined },
  { name: 'PostgreSQL', open: openPostgres, skip: withoutPostgres },
] as const
