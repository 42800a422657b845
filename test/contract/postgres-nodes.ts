/**
 * Stores of several nodes on one database, for the tests of PostgreSQL.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import type { ConversationStore } from '../../src/domain/ports.ts'
import { openOn, sharedPostgres } from '../support/postgres-store.ts'
import { upTo } from './log-samples.ts'

/** Stores of several nodes on one new database, and its URL. */
export async function nodes(t: TestContext, count = 2): Promise<{ url: string; stores: readonly ConversationStore[] }> {
  const url = await (await sharedPostgres()).makeDatabase()
  return { url, stores: await Promise.all(upTo(count).map(() => openOn(t, url))) }
}

/** The first of them. */
export const first = (stores: readonly ConversationStore[]) => stores[0] ?? assert.fail()

/** Asks the database behind the stores' backs. */
export async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
