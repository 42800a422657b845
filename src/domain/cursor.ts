/**
 * A listener is a cursor, not a queue: it is sent what follows the last thing it was sent, read from the log, so that
 * replay and live meet without a seam and a slow client costs one number.
 *
 * A cursor is `live` when it has been sent everything heard of so far: then the committed text is handed over as it
 * comes. It is `reading` while a page is on its way from the store, and `stalled` while its socket holds more unsent
 * bytes than it may; both lead back to `live` by reading the log from the cursor's position.
 */
import type { ConversationId, UserId } from '../protocol/ids.ts'
import { frameCharactersMax, pageEntriesMax } from '../protocol/limits.ts'
import { type Position, writeWatermark } from '../protocol/watermark.ts'
import type { Events } from './events.ts'
import type { ConversationGrant } from './grant.ts'
import type { Clock, ConversationStore, Entry } from './ports.ts'

/** What the hub sends to. */
export interface Listener {
  /** Whose eyes it stands for: what is meant for one person is shown to that person. */
  readonly user: UserId | undefined
  /** What it was opened with. */
  readonly grant: ConversationGrant
  /** Takes one frame. Answers false if no more should come until `Cursor.resume` is called. */
  send(frame: string): boolean
  /** Ends it, with a WebSocket close code and reason. */
  close(code: number, reason: string): void
}

/** Writes what is pushed: an activity set as one text frame. Without a watermark, the client's does not advance. */
export function frameOf(entries: readonly Entry[], end: Position | undefined): string {
  const activities = entries.map(entry => entry.text).join(',')
  return end === undefined
    ? `{"activities":[${activities}]}`
    : `{"activities":[${activities}],"watermark":"${writeWatermark(end)}"}`
}

/** Whether this entry may be shown to this person. */
export const isFor = (entry: Pick<Entry, 'audience'>, user: UserId | undefined): boolean =>
  entry.audience === undefined || entry.audience === user

/** Ephemeral activities kept for a cursor that is reading or stalled; beyond it the oldest go. */
const ephemeralsMax = 32

/** What a cursor needs of the outside. */
export type CursorPorts = {
  readonly log: Pick<ConversationStore, 'read'>
  readonly clock: Clock
  readonly events: Events
}

/** What a cursor asks of the conversation it stands in. */
export interface Heard {
  readonly conversation: ConversationId
  /** Whether news has been heard of something after this position. */
  hasMoreThan(position: Position): boolean
  /** The log has been read up to here. */
  heardUpTo(position: Position): void
}

/** One listener's place in the log. */
export class RoomCursor {
  readonly listener: Listener
  readonly #room: Heard
  readonly #ports: CursorPorts
  #position: Position
  #state: 'live' | 'reading' | 'stalled' | 'ended' = 'stalled'
  #stalledSinceMs = 0
  #ephemerals: string[] = []
  /** Whether the newest watermark is told before anything else has been. */
  #greet: boolean

  constructor(room: Heard, listener: Listener, begin: { after: Position; greet: boolean }, ports: CursorPorts) {
    this.#room = room
    this.listener = listener
    this.#position = begin.after
    this.#greet = begin.greet
    this.#ports = ports
  }

  isLiveBefore(position: Position): boolean {
    return this.#state === 'live' && this.#position === position - 1
  }

  /** Takes the entry that follows its position. The frame is shared by all who may see it. */
  take(entry: Entry, frame: string): void {
    this.#position = entry.position
    if (isFor(entry, this.listener.user)) this.#send(frame)
  }

  /** There is something up to this position. */
  look(position: Position): void {
    if (this.#state === 'live' && position > this.#position) this.#read()
  }

  show(frame: string): void {
    if (this.#state === 'live') {
      this.#send(frame)
    } else if (this.#state !== 'ended') {
      if (this.#ephemerals.length >= ephemeralsMax) this.#ephemerals.shift()
      this.#ephemerals.push(frame)
    }
  }

  resume(): void {
    if (this.#state === 'stalled') this.#read()
  }

  stop(): void {
    this.#state = 'ended'
    this.#ephemerals = []
  }

  hasStalledFor(ms: number): boolean {
    return this.#state === 'stalled' && this.#ports.clock.monotonicMs() - this.#stalledSinceMs >= ms
  }

  #send(frame: string): void {
    this.#greet = false
    if (!this.listener.send(frame) && this.#state !== 'ended') {
      this.#state = 'stalled'
      this.#stalledSinceMs = this.#ports.clock.monotonicMs()
    }
  }

  #read(): void {
    this.#state = 'reading'
    this.#readOn().catch((error: unknown) => {
      this.#ports.events({ event: 'fault', during: 'reading for a socket', error })
      // The sweep tries again: to a cursor that is live it is one more look into the log.
      if (this.#state === 'reading') this.#state = 'live'
    })
  }

  async #readOn(): Promise<void> {
    let fruitless = 0
    while (this.#state === 'reading') {
      const page = await this.#ports.log.read(this.#room.conversation, this.#position, {
        entries: pageEntriesMax,
        characters: frameCharactersMax,
      })
      if (this.#state !== 'reading') return
      this.#room.heardUpTo(page.end)
      fruitless = page.end > this.#position ? 0 : fruitless + 1
      if (page.end > this.#position) this.#position = page.end
      const shown = page.entries.filter(entry => isFor(entry, this.listener.user))
      if (shown.length > 0) this.#send(frameOf(shown, this.#position))
      // News may be ahead of what can be read, but not for long: after one more look the sweep is trusted.
      if (!page.more && (fruitless > 1 || !this.#room.hasMoreThan(this.#position))) this.#goLive()
    }
  }

  /** Nothing is awaited between the last look into the log and this: whatever is heard from now on follows. */
  #goLive(): void {
    if (this.#state !== 'reading') return
    this.#state = 'live'
    if (this.#greet) this.#send(frameOf([], this.#position))
    const ephemerals = this.#ephemerals
    this.#ephemerals = []
    for (const frame of ephemerals) this.show(frame)
  }
}
