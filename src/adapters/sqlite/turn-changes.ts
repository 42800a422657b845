/**
 * Changes of turns as statements on the writing connection. They ride in the groups of messages, so each is small.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { KeptTurn } from '../../domain/turn-port.ts'

/** A change of turns. */
export type TurnCommand =
  | { readonly kind: 'putTurns'; readonly turns: readonly KeptTurn[] }
  | { readonly kind: 'eraseExchanges'; readonly conversation: string; readonly position: number }
  | { readonly kind: 'forgetTurns'; readonly beforeMs: number; readonly keep: number; readonly max: number }

/** Makes changes of turns on one connection. */
export class TurnChanges {
  readonly #sql: ReturnType<typeof prepared>

  constructor(database: DatabaseSync) {
    this.#sql = prepared(database)
  }

  /** A conversation that is gone has no number, and so no turn. */
  put({ turns }: Extract<TurnCommand, { kind: 'putTurns' }>): void {
    for (const { id, conversation, first, last, startedMs, text, exchange } of turns) {
      this.#sql.put.run(id, first ?? null, last ?? null, startedMs, text, exchange ?? null, conversation)
    }
  }

  erase({ conversation, position }: Extract<TurnCommand, { kind: 'eraseExchanges' }>): void {
    this.#sql.erase.run(conversation, position, position)
  }

  /** Only the oldest are looked at: they are found by their number, without an index over the time. */
  forget({ beforeMs, keep, max }: Extract<TurnCommand, { kind: 'forgetTurns' }>): number {
    return Number(this.#sql.forget.run(max, beforeMs, keep).changes)
  }
}

const prepared = (database: DatabaseSync) => ({
  put: database.prepare(`INSERT INTO turns (id, conversation, first, last, started_ms, text, exchange)
    SELECT ?, number, ?, ?, ?, ?, ? FROM conversations WHERE id = ?
    ON CONFLICT (id) DO UPDATE SET first = excluded.first, last = excluded.last, text = excluded.text,
      exchange = iif(turns.exchange IS NULL, NULL, excluded.exchange)`),
  erase: database.prepare(`UPDATE turns SET exchange = NULL
    WHERE conversation = (SELECT number FROM conversations WHERE id = ?) AND first <= ? AND last >= ?`),
  forget: database.prepare(`DELETE FROM turns WHERE number IN (SELECT number FROM turns ORDER BY number LIMIT ?)
    AND (started_ms < ? OR number <= (SELECT max(number) FROM turns) - ?)`),
})
