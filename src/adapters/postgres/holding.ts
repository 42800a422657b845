/**
 * The turns this process is in, held in the database so that no other process takes them too. Each is held for a moment,
 * which is made longer again and again while the turn runs: those of a process that dies are soon there for others.
 */
import type { ConversationId } from '../../protocol/ids.ts'
import type { Connections, Statement } from './connections.ts'

/** For how long a turn is held: milliseconds. An activity that is sent again after its node has died waits for this. */
export const turnMs = 2_000

/** How often turns that still run are held anew: milliseconds. Most are over before. */
const againMs = 500

/** A turn on an entry, and the send that took it. */
export type HeldTurn = { readonly conversation: ConversationId; readonly position: number; readonly send: string }

/** Holds turns. */
export class Holding {
  readonly #database: Connections
  readonly #held = new Map<string, HeldTurn & { readonly sinceMs: number }>()
  #timer: NodeJS.Timeout | undefined

  constructor(database: Connections) {
    this.#database = database
  }

  /** A turn has been taken. */
  begun(turn: HeldTurn): void {
    this.#held.set(nameOf(turn.conversation, turn.position), { ...turn, sinceMs: performance.now() })
    this.#timer ??= setInterval(() => this.#again(), againMs)
  }

  /** A turn is over. Answers it, if it was held. */
  ended(conversation: ConversationId, position: number): HeldTurn | undefined {
    const name = nameOf(conversation, position)
    const turn = this.#held.get(name)
    this.#held.delete(name)
    return turn
  }

  /** Holds none any more. */
  close(): void {
    clearInterval(this.#timer)
  }

  #again(): void {
    if (this.#held.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    const longAgoMs = performance.now() - againMs
    const running = [...this.#held.values()].filter(({ sinceMs }) => sinceMs <= longAgoMs)
    if (running.length === 0) return
    const columns = [
      running.map(({ conversation }) => conversation),
      running.map(({ position }) => position),
      running.map(({ send }) => send),
      turnMs,
    ]
    // While the database is away nobody can take them either.
    this.#database.query(hold, columns).catch(() => undefined)
  }
}

const nameOf = (conversation: ConversationId, position: number): string => `${position} ${conversation}`

/** Passes over what somebody else has locked, so that it never waits for one row while it has locked another. */
const hold: Statement = {
  name: 'landline hold',
  text: `WITH mine AS (
    SELECT e.conversation, e.position FROM landline.entries e
    JOIN unnest($1::text[], $2::integer[], $3::text[]) AS h (conversation, position, send)
      ON e.conversation = h.conversation AND e.position = h.position AND coalesce(e.turn_send, e.send, e.key) = h.send
    WHERE e.turn_until IS NOT NULL FOR NO KEY UPDATE OF e SKIP LOCKED)
  UPDATE landline.entries e SET turn_until = clock_timestamp() + $4 * interval '1 millisecond'
    FROM mine WHERE e.conversation = mine.conversation AND e.position = mine.position`,
}
