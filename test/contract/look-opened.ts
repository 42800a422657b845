/**
 * Stores, and those who look into them, for the contract of looking in: one of each adapter.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { MemoryLook } from '../../src/adapters/memory/look.ts'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { SqliteLook } from '../../src/adapters/sqlite/look.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { Look } from '../../src/domain/look-port.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import type { TurnStore } from '../../src/domain/turn-port.ts'
import { openPostgresLooked, postgresIfThere } from '../support/postgres-store.ts'

/** A store, and who looks into it. */
export type Opened = { readonly store: ConversationStore & { readonly turns: TurnStore }; readonly look: Look }

const openMemory = async (): Promise<Opened> => {
  const store = new MemoryStore()
  return { store, look: new MemoryLook(store) }
}

/** Opens them on a folder of its own, closed and removed with the test. */
export const openSqlite = async (t: TestContext): Promise<Opened> => {
  const dir = await mkdtemp(join(tmpdir(), 'landline-'))
  const store = await openSqliteStore({ dir })
  const look = new SqliteLook({ dir })
  t.after(async () => {
    await look[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await rm(dir, { recursive: true })
  })
  return { store, look }
}

/** Every adapter that can be had here. */
export const adapters = [
  ['memory', openMemory],
  ['SQLite', openSqlite],
  ...postgresIfThere(openPostgresLooked),
] as const
