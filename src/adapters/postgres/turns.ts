/**
 * Turns in the database of the log. Their changes wait among those of messages, and one at a time is made beside them.
 */
import { type KeptTurn, reachMax, type TurnStore } from '../../domain/turn-port.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import { eraseExchanges, forgetTurns, putTurns } from './changes.ts'
import type { Connections } from './connections.ts'
import { bound, unbound } from './text.ts'
import type { Writer } from './writer.ts'

/** Changes of turns are made one after another. */
const subject = 'turns'

/** Keeps turns beside the log. */
export class PostgresTurns implements TurnStore {
  readonly #writer: Writer
  readonly #database: Connections

  constructor(writer: Writer, database: Connections) {
    this.#writer = writer
    this.#database = database
  }

  putTurns(turns: readonly KeptTurn[]): Promise<void> {
    return this.#writer.askLater(subject, putTurns(turns))
  }

  async turn(id: string): Promise<Pick<KeptTurn, 'text' | 'exchange'> | undefined> {
    const [row] = await this.#database.read<[string, string | null]>(sql.turn, [bound(id)])
    return row === undefined ? undefined : { text: unbound(row[0]), exchange: unbound(row[1]) }
  }

  async turnsAbout(conversation: ConversationId, from: number, to: number, max: number): Promise<readonly string[]> {
    const values = [bound(conversation), from - reachMax, to, from, max]
    const rows = await this.#database.read<[string]>(sql.about, values)
    return rows.map(([text]) => unbound(text)).reverse()
  }

  eraseExchanges(conversation: ConversationId, position: number): Promise<void> {
    return this.#writer.ask(subject, eraseExchanges(conversation, position))
  }

  forgetTurns(beforeMs: number, keep: number, max: number): Promise<number> {
    return this.#writer.askLater(subject, forgetTurns(beforeMs, keep, max))
  }
}

const sql = {
  turn: { name: 'landline read turn', text: 'SELECT text, exchange FROM landline.turns WHERE id = $1 LIMIT 1' },
  about: {
    name: 'landline read turns about',
    text: `SELECT text FROM landline.turns
      WHERE conversation = $1 AND first BETWEEN $2 AND $3 AND last >= $4 ORDER BY number DESC LIMIT $5`,
  },
}
