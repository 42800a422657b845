/**
 * Turns in the database of the log. They are written by its writing thread, in the groups of messages and without a
 * sync of their own: a second connection that writes would hold up the first one's commits.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type KeptTurn, reachMax, type TurnStore } from '../../domain/turn-port.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import type { WriterThread } from './thread.ts'

/** Keeps turns beside the log. */
export class SqliteTurns implements TurnStore {
  readonly #thread: WriterThread
  readonly #sql: ReturnType<typeof prepared>

  /** @param database a connection to read from */
  constructor(thread: WriterThread, database: DatabaseSync) {
    this.#thread = thread
    this.#sql = prepared(database)
  }

  putTurns(turns: readonly KeptTurn[]): Promise<void> {
    return this.#thread.askLater({ kind: 'putTurns', turns }, nothing)
  }

  async turn(id: string): Promise<Pick<KeptTurn, 'text' | 'exchange'> | undefined> {
    const row = this.#sql.turn.get(id)
    if (row === undefined) return undefined
    return { text: String(row['text']), exchange: row['exchange'] === null ? undefined : String(row['exchange']) }
  }

  async turnsAbout(conversation: ConversationId, from: number, to: number, max: number): Promise<readonly string[]> {
    const rows = this.#sql.about.all(conversation, from - reachMax, to, from, max)
    return rows.map(row => String(row['text'])).reverse()
  }

  eraseExchanges(conversation: ConversationId, position: number): Promise<void> {
    return this.#thread.ask({ kind: 'eraseExchanges', conversation, position }, nothing)
  }

  forgetTurns(beforeMs: number, keep: number, max: number): Promise<number> {
    return this.#thread.askLater({ kind: 'forgetTurns', beforeMs, keep, max }, count => count)
  }
}

const nothing = (): void => undefined

const prepared = (database: DatabaseSync) => ({
  turn: database.prepare('SELECT text, exchange FROM turns WHERE id = ?'),
  about: database.prepare(`SELECT text FROM turns
    WHERE conversation = (SELECT number FROM conversations WHERE id = ?) AND first BETWEEN ? AND ? AND last >= ?
    ORDER BY number DESC LIMIT ?`),
})
