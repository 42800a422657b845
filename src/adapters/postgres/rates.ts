/**
 * What callers have taken of their rates at all nodes together, by the clock of the server.
 */
import type { RateStore, Taken } from '../../domain/rate-port.ts'
import type { Connections, Statement } from './connections.ts'
import { bound } from './text.ts'

/** How often a node removes what is over, where nobody says otherwise: milliseconds. */
const usualClearEveryMs = 60_000

/** Counts in a table that is not in the write-ahead log. */
export class PostgresRates implements RateStore {
  readonly #database: Connections
  readonly #clearEveryMs: number
  #clearedMs = performance.now()

  constructor(database: Connections, clearEveryMs: number = usualClearEveryMs) {
    this.#database = database
    this.#clearEveryMs = clearEveryMs
  }

  async add(taken: readonly Taken[]): Promise<readonly number[]> {
    const rows = await this.#database.query<[number, number]>(add, [
      taken.map((_, at) => at),
      taken.map(({ rate }) => rate),
      taken.map(({ caller }) => bound(caller)),
      taken.map(({ ms }) => ms),
    ])
    if (performance.now() - this.#clearedMs > this.#clearEveryMs) {
      this.#clearedMs = performance.now()
      await this.#database.query(clear, [])
    }
    const owed = new Map(rows)
    return taken.map((_, at) => owed.get(at) ?? 0)
  }
}

/** In one order, so that nodes which add to the same rows at once wait for each other and not in a circle. */
const add: Statement = {
  name: 'landline add rates',
  text: `WITH taken AS (
      SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::float8[]) AS t (at, rate, caller, ms)),
    put AS (
      INSERT INTO landline.rates AS r (rate, caller, free_at)
      SELECT rate, caller, now() + ms * interval '1 millisecond' FROM taken
        ORDER BY rate COLLATE "C", caller COLLATE "C"
      ON CONFLICT (rate, caller) DO UPDATE SET free_at = greatest(r.free_at, now()) + (excluded.free_at - now())
      RETURNING rate, caller, free_at)
    SELECT at, extract(epoch FROM free_at - now())::float8 * 1000 FROM taken JOIN put USING (rate, caller)`,
}

/** Passes over rows that somebody else is changing: they are not over. */
const clear: Statement = {
  name: 'landline clear rates',
  text: `DELETE FROM landline.rates WHERE (rate, caller) IN (
    SELECT rate, caller FROM landline.rates WHERE free_at < now() FOR UPDATE SKIP LOCKED)`,
}
