/**
 * The contract of the conversation store, run against every adapter.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { openPostgres, postgresIfThere } from '../support/postgres-store.ts'
import { appendContract } from './append-contract.ts'
import { conversationContract } from './conversation-contract.ts'
import type { OpenStore } from './log-samples.ts'
import { readContract } from './read-contract.ts'
import { replaceContract } from './replace-contract.ts'

const openMemory: OpenStore = async (_, limits) => new MemoryStore(limits)

const openSqlite: OpenStore = async (t, limits) => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  const store = await openSqliteStore({ dir, ...(limits === undefined ? {} : { limits }) })
  t.after(async () => {
    await store[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  return store
}

for (const [adapter, open] of [
  ['memory', openMemory],
  ['SQLite', openSqlite],
  ...postgresIfThere(openPostgres),
] as const) {
  appendContract(adapter, open)
  replaceContract(adapter, open)
  readContract(adapter, open)
  conversationContract(adapter, open)
}
