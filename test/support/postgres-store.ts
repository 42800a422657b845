/**
 * Stores in PostgreSQL for the contracts: one server for the tests of a file, started when the first of them asks, and a
 * database of its own for each test.
 */
import { after, type TestContext, test } from 'node:test'
import { openPostgresLook, openPostgresStore } from '../../src/adapters/postgres/store.ts'
import type { Look } from '../../src/domain/look-port.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import type { TurnStore } from '../../src/domain/turn-port.ts'
import { startPostgres, type TestPostgres, withoutPostgres } from './postgres.ts'

/** A store with the turns beside it. */
export type OpenedStore = ConversationStore & { readonly turns: TurnStore }

let server: Promise<TestPostgres> | undefined

/** The server of this file's tests. */
export function sharedPostgres(): Promise<TestPostgres> {
  server ??= startPostgres()
  return server
}

after(async () => {
  await (await server)?.[Symbol.asyncDispose]()
})

/** Opens a store on a new database, for as long as the test takes. */
export async function openPostgres(
  t: TestContext,
  limits?: { readonly entriesMax: number; readonly charactersMax: number },
): Promise<OpenedStore> {
  return openOn(t, await (await sharedPostgres()).makeDatabase(), limits)
}

/** Opens a store on a database that may have others, for as long as the test takes. */
export async function openOn(
  t: TestContext,
  url: string,
  limits?: { readonly entriesMax: number; readonly charactersMax: number },
): Promise<OpenedStore> {
  const store = await openPostgresStore({ url, ...(limits === undefined ? {} : { limits }) })
  t.after(() => store[Symbol.asyncDispose]())
  return store
}

/** Opens a store, and a look into it. */
export async function openPostgresLooked(
  t: TestContext,
): Promise<{ readonly store: OpenedStore; readonly look: Look }> {
  const url = await (await sharedPostgres()).makeDatabase()
  const store = await openOn(t, url)
  const look = openPostgresLook(url)
  t.after(() => look[Symbol.asyncDispose]())
  return { store, look }
}

/** The adapter's name and how it is opened, for the lists that suites are run against: none, and a skipped test, where there is no server. */
export function postgresIfThere<Open>(open: Open): readonly (readonly [adapter: string, open: Open])[] {
  if (withoutPostgres === undefined) return [['PostgreSQL', open]]
  test('PostgreSQL keeps the same promises', { skip: withoutPostgres }, () => undefined)
  return []
}
