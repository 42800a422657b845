/**
 * What somebody follows: what has come since they were last told, within bounds. A feed of one conversation's log is a
 * cursor, like any listener: it misses nothing, however slow its reader. All others keep as much as fits into a
 * message, and count what does not.
 */
import type { LiveEvents, LiveTopic } from '../protocol/admin-live.ts'
import type { BotId, ConversationId } from '../protocol/ids.ts'
import type { Position } from '../protocol/watermark.ts'
import type { Arrived } from './live-arrivals.ts'
import { recordOf } from './log-record.ts'
import type { Look } from './look-port.ts'

/** Events in one message, and those that wait for the next. */
export const eventsMax = 1_000

/** The same, in characters of their JSON or something like it. */
export const charactersMax = 1024 * 1024

/** What an event counts that is not made of what people have said. */
const eventCharacters = 1_000

/** Records read at once for somebody who is behind. */
const readEntriesMax = 500

/** Beyond so many characters of JSON a live record's activity is shortened: characters. */
export const liveCharactersMax = 64 * 1024

/** Whom a feed tells. */
export interface LiveSink<Topic extends LiveTopic> {
  /** Whether it can take more now. While it can't, a feed waits. */
  isReady(): boolean
  take(events: readonly LiveEvents[Topic][], dropped: number): void
}

/** Somebody's subscription. */
export interface Feed {
  /** Tells what has come, if anything has and its reader can take it. */
  flush(): Promise<void> | void
}

/** Events of any kind, in the order they came. */
export class QueueFeed<Topic extends LiveTopic> implements Feed {
  readonly #sink: LiveSink<Topic>
  readonly #fits: (event: LiveEvents[Topic]) => boolean
  #events: LiveEvents[Topic][] = []
  #characters = 0
  #dropped = 0

  constructor(sink: LiveSink<Topic>, fits: (event: LiveEvents[Topic]) => boolean) {
    this.#sink = sink
    this.#fits = fits
  }

  offer(event: LiveEvents[Topic], characters = eventCharacters): void {
    if (!this.#fits(event)) return
    if (this.#events.length >= eventsMax || this.#characters > charactersMax) {
      this.#dropped += 1
      return
    }
    this.#characters += characters
    this.#events.push(event)
  }

  /** So many could not even be offered. */
  lose(count: number): void {
    this.#dropped += count
  }

  flush(): void {
    if ((this.#events.length === 0 && this.#dropped === 0) || !this.#sink.isReady()) return
    const events = this.#events
    const dropped = this.#dropped
    this.#events = []
    this.#characters = 0
    this.#dropped = 0
    this.#sink.take(events, dropped)
  }
}

/** Something of which only the newest counts. */
export class NewestFeed<Topic extends LiveTopic> implements Feed {
  readonly #sink: LiveSink<Topic>
  #newest: LiveEvents[Topic] | undefined

  constructor(sink: LiveSink<Topic>) {
    this.#sink = sink
  }

  offer(event: LiveEvents[Topic]): void {
    this.#newest = event
  }

  flush(): void {
    if (this.#newest === undefined || !this.#sink.isReady()) return
    const newest = this.#newest
    this.#newest = undefined
    this.#sink.take([newest], 0)
  }
}

/** The log of one conversation from a position on. */
export class LogFeed implements Feed {
  readonly conversation: ConversationId
  readonly #bot: BotId
  readonly #sink: LiveSink<'records'>
  readonly #look: Look
  #position: Position
  /** What follows the position without a gap. */
  #next: Arrived[] = []
  #characters = 0
  /** Whether the log must be read: something has come that is not in `#next`. */
  #isBehind = true

  constructor(
    of: { readonly conversation: ConversationId; readonly bot: BotId; readonly after: Position },
    sink: LiveSink<'records'>,
    look: Look,
  ) {
    this.conversation = of.conversation
    this.#bot = of.bot
    this.#position = of.after
    this.#sink = sink
    this.#look = look
  }

  offer(arrived: Arrived): void {
    const expected = this.#position + this.#next.length + 1
    if (arrived.entry.position < expected) return
    const isFull = this.#next.length >= eventsMax || this.#characters > charactersMax
    if (isFull || arrived.entry.position !== expected) {
      this.#isBehind = true
      return
    }
    this.#characters += arrived.entry.text.length
    this.#next.push(arrived)
  }

  /** There may be something that has not been offered. */
  look(): void {
    this.#isBehind = true
  }

  async flush(): Promise<void> {
    if (!this.#sink.isReady()) return
    if (this.#isBehind) return this.#read()
    const last = this.#next.at(-1)
    if (last === undefined) return
    const events = this.#taken().map(({ event }) => event())
    this.#position = last.entry.position
    this.#sink.take(events, 0)
  }

  async #read(): Promise<void> {
    this.#isBehind = false
    this.#taken()
    const limits = { entries: readEntriesMax, characters: charactersMax }
    const found = await this.#look.entries(this.conversation, { after: this.#position }, limits)
    const end = found?.entries.at(-1)?.position
    if (found === undefined || end === undefined) return
    this.#position = end
    if (end < found.last) this.#isBehind = true
    // What was offered meanwhile was held against the old position.
    for (const arrived of this.#taken()) this.offer(arrived)
    const { conversation } = this
    this.#sink.take(
      found.entries.map(entry => ({
        conversation,
        bot: this.#bot,
        record: recordOf(entry, undefined, liveCharactersMax),
      })),
      0,
    )
  }

  #taken(): readonly Arrived[] {
    const taken = this.#next
    this.#next = []
    this.#characters = 0
    return taken
  }
}
