/**
 * Turns as people ask for them: by id and by the entries of a log they are about, from the ring in memory or else from
 * the store.
 */
import type { TurnBody } from '../protocol/admin-conversations.ts'
import type { ConversationId } from '../protocol/ids.ts'
import type { Clock } from './ports.ts'
import type { Redaction } from './redaction.ts'
import { exchangeOf, turnBody } from './turn-body.ts'
import type { TurnMarks } from './turn-marks.ts'
import type { KeptTurn, TurnStore } from './turn-port.ts'
import type { TurnRing } from './turn-ring.ts'

/** Turns read from the store in one go. */
const readMax = 500

type TurnMemoryPorts = {
  readonly ring: TurnRing
  readonly store: TurnStore
  readonly clock: Clock
  readonly redaction: Redaction
  readonly node: string
  /** Tells the turns of this run from those of another. */
  readonly run: string
}

/** Finds turns and writes them out. */
export class TurnMemory {
  readonly #ports: TurnMemoryPorts
  /** What must be added to the monotonic clock for the wall clock: nobody asks for the date at each turn. */
  #wallMs = 0

  constructor(ports: TurnMemoryPorts) {
    this.#ports = ports
    this.setClock()
  }

  /** Looks at the wall clock. */
  setClock(): void {
    const { clock } = this.#ports
    this.#wallMs = clock.nowMs() - clock.monotonicMs()
  }

  /** What a turn is called. */
  idOf({ number }: TurnMarks): string {
    return `${this.#ports.run}-${number.toString(36)}`
  }

  /** A turn as it is now. */
  body(marks: TurnMarks): TurnBody {
    const { clock, node } = this.#ports
    const nowUs = (clock.monotonicMs() - marks.startMs) * 1000
    return turnBody(marks, { id: this.idOf(marks), node, startedMs: marks.startMs + this.#wallMs }, nowUs)
  }

  /** A turn as it is put into the store. */
  written(marks: TurnMarks): KeptTurn {
    const exchange = exchangeOf(marks, this.#ports.redaction)
    const positions = marks.replies.map(({ position }) => position)
    if (marks.cause > 0) positions.push(marks.cause)
    return {
      id: this.idOf(marks),
      conversation: marks.conversation,
      first: positions.length === 0 ? undefined : Math.min(...positions),
      last: positions.length === 0 ? undefined : Math.max(...positions),
      startedMs: Math.floor(marks.startMs + this.#wallMs),
      text: JSON.stringify(this.body(marks)),
      exchange: exchange === undefined ? undefined : JSON.stringify(exchange),
    }
  }

  /** A turn with what went to the bot and came back; undefined if it is not known, or no more. */
  async turn(id: string): Promise<TurnBody | undefined> {
    const { ring, run, store, redaction } = this.#ports
    const prefix = `${run}-`
    const marks = id.startsWith(prefix) ? ring.at(Number.parseInt(id.slice(prefix.length), 36)) : undefined
    const kept = await store.turn(id)
    if (marks !== undefined) {
      // Another node has erased what is still in memory here.
      if (kept !== undefined && kept.exchange === undefined) ring.dropBodies(marks)
      return { ...this.body(marks), exchange: exchangeOf(marks, redaction) }
    }
    if (kept === undefined) return undefined
    const { text, exchange } = kept
    return { ...(JSON.parse(text) as TurnBody), ...(exchange === undefined ? {} : { exchange: JSON.parse(exchange) }) }
  }

  /** The turns that these entries of a log have caused, or that they answer; in the order they began. */
  async about(conversation: ConversationId, seqs: readonly number[]): Promise<readonly TurnBody[]> {
    if (seqs.length === 0) return []
    const { ring, store } = this.#ports
    const asked = new Set(seqs)
    const isAbout = (turn: TurnBody) =>
      (turn.cause !== undefined && asked.has(turn.cause)) || turn.replies.some(seq => asked.has(seq))
    const found = new Map<string, TurnBody>()
    const texts = await store.turnsAbout(conversation, Math.min(...seqs), Math.max(...seqs), readMax)
    const kept = texts.map(text => JSON.parse(text) as TurnBody)
    // What is in memory is newer than what is in the store.
    for (const turn of [...kept, ...ring.of(conversation).map(marks => this.body(marks))]) {
      if (isAbout(turn)) found.set(turn.id, turn)
    }
    return [...found.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0))
  }
}
