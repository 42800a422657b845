/**
 * Who is listening now: conversations with somebody at a socket, and the news they are told.
 */
import type { ConversationId } from '../protocol/ids.ts'
import { defaultLimits, type Limits } from '../protocol/limits.ts'
import { beginning, type Position } from '../protocol/watermark.ts'
import { type CursorPorts, frameOf, type Heard, isFor, type Listener, RoomCursor } from './cursor.ts'
import type { Events } from './events.ts'
import type { ConversationGrant } from './grant.ts'
import type { Bus, Clock, ConversationStore, Entry, News } from './ports.ts'

/** A listener's place in the log, held by whoever brought the listener. */
export interface Cursor {
  /** The listener can take frames again. */
  resume(): void
  /** The listener has gone. */
  end(): void
}

/** How a socket is closed that was opened with what is not taken any more: its client asks for another and is told. */
export const revokedClose = { code: 1008, reason: 'credential revoked' } as const

/** What an operator may set of all this. */
export type HubLimits = Pick<Limits, 'socketsPerConversation' | 'noProgressMs'>

/**
 * A sweep passes each conversation once in this many steps, one step a second: where the only news that can be lost is
 * our own, and where others append too, of whom nothing may be heard while the bus is away.
 */
const sweepSteps = 10
const sweepStepsShared = 1
const sweepIntervalMs = 1_000

/** Conversations asked for in one question to the store. */
const lookedIntoAtOnce = 500

/** The conversations somebody is listening to. */
export class Hub {
  readonly #log: Pick<ConversationStore, 'read' | 'newest'>
  readonly #bus: Bus
  readonly #clock: Clock
  readonly #events: Events
  readonly #sweepSteps: number
  readonly #limits: HubLimits
  readonly #refuses: (grant: ConversationGrant) => boolean
  readonly #noticed: (conversation: ConversationId) => void
  readonly #rooms = new Map<ConversationId, Room>()
  #sweepStep = 0
  /** Whether the store is still being asked, or has failed to answer the last time. */
  #isLooking = false
  #isBlind = false
  #cancelSweep: () => void

  constructor(
    ports: {
      log: Pick<ConversationStore, 'read' | 'newest'>
      bus: Bus
      clock: Clock
      events: Events
      /** Whether other processes append to the log too. */
      isShared?: boolean
      /** Whether what a listener was opened with is taken no more. */
      refuses?: (grant: ConversationGrant) => boolean
      /** Hears of every conversation that has one more listener, or one less. */
      noticed?: (conversation: ConversationId) => void
    },
    limits: HubLimits = defaultLimits,
  ) {
    this.#limits = limits
    this.#refuses = ports.refuses ?? (() => false)
    this.#noticed = ports.noticed ?? (() => undefined)
    this.#sweepSteps = ports.isShared === true ? sweepStepsShared : sweepSteps
    this.#log = ports.log
    this.#bus = ports.bus
    this.#clock = ports.clock
    this.#events = ports.events
    ports.bus.listen(news => this.#rooms.get(news.conversation)?.hear(news))
    this.#cancelSweep = this.#clock.after(sweepIntervalMs, () => this.#sweep())
  }

  /**
   * Sends a listener everything after a position, oldest first, and then everything as it comes. Beyond the cap of
   * sockets the oldest listener is closed: a client whose old socket hangs half-open must be able to come back.
   *
   * @param after at most the newest position of the conversation
   * @param greet whether a listener to whom there is nothing to replay is told the watermark at once
   */
  listen(conversation: ConversationId, listener: Listener, after: Position, greet = false): Cursor {
    // What was revoked while the socket opened could not close it yet.
    if (this.#refuses(listener.grant)) {
      listener.close(revokedClose.code, revokedClose.reason)
      return { resume: () => undefined, end: () => undefined }
    }
    let room = this.#rooms.get(conversation)
    if (room === undefined) {
      room = new Room(conversation, { log: this.#log, clock: this.#clock, events: this.#events })
      this.#rooms.set(conversation, room)
      this.#bus.follow(conversation)
    }
    const cursor = room.add(listener, after, greet, this.#limits.socketsPerConversation)
    this.#noticed(conversation)
    return {
      resume: () => cursor.resume(),
      end: () => {
        cursor.stop()
        if (room.remove(cursor) === 0 && this.#rooms.get(conversation) === room) {
          this.#rooms.delete(conversation)
          this.#bus.unfollow(conversation)
        }
        this.#noticed(conversation)
      },
    }
  }

  /** Closes all listeners of a conversation. */
  close(conversation: ConversationId, code: number, reason: string): void {
    this.#rooms.get(conversation)?.close(code, reason)
  }

  /** Closes the listeners of which `isOver` is true. Answers how many. */
  closeWhere(isOver: (listener: Listener) => boolean, code: number, reason: string): number {
    let closed = 0
    for (const room of this.#rooms.values()) closed += room.closeWhere(isOver, code, reason)
    return closed
  }

  /** Closes every listener and hears no more. */
  closeAll(code: number, reason: string): void {
    this.#cancelSweep()
    for (const room of this.#rooms.values()) room.close(code, reason)
  }

  /** How many listen to a conversation. */
  listenersOf(conversation: ConversationId): number {
    return this.#rooms.get(conversation)?.size ?? 0
  }

  /** The conversations somebody listens to. */
  get conversations(): readonly ConversationId[] {
    return [...this.#rooms.values()].flatMap(({ conversation, size }) => (size > 0 ? [conversation] : []))
  }

  /** How many listen. */
  get listeners(): number {
    let sum = 0
    for (const room of this.#rooms.values()) sum += room.size
    return sum
  }

  /**
   * Looks into the log where news may have been lost, a part of the conversations at a time. What is found is told as
   * news is. One question for many: thousands of listeners to whom nothing is said must cost next to nothing.
   */
  #sweep(): void {
    this.#sweepStep = (this.#sweepStep + 1) % this.#sweepSteps
    const swept: ConversationId[] = []
    let at = 0
    for (const room of this.#rooms.values()) {
      if (at % this.#sweepSteps === this.#sweepStep) {
        room.endStalled(this.#limits.noProgressMs)
        swept.push(room.conversation)
      }
      at += 1
    }
    if (!this.#isLooking) void this.#lookInto(swept)
    this.#cancelSweep = this.#clock.after(sweepIntervalMs, () => this.#sweep())
  }

  /** Never rejects. A store that is away is told of once, not every second. */
  async #lookInto(conversations: readonly ConversationId[]): Promise<void> {
    this.#isLooking = true
    try {
      for (let from = 0; from < conversations.length; from += lookedIntoAtOnce) {
        const some = conversations.slice(from, from + lookedIntoAtOnce)
        const positions = await this.#log.newest(some)
        for (const [at, conversation] of some.entries()) {
          const position = positions[at]
          if (position !== undefined) this.#rooms.get(conversation)?.hear({ conversation, position })
        }
      }
      this.#isBlind = false
    } catch (error) {
      if (!this.#isBlind) this.#events({ event: 'fault', during: 'looking for news that was lost', error })
      this.#isBlind = true
    } finally {
      this.#isLooking = false
    }
  }
}

/** One conversation's listeners. */
class Room implements Heard {
  readonly conversation: ConversationId
  readonly #ports: CursorPorts
  readonly #cursors = new Set<RoomCursor>()
  /** The newest position heard of. */
  #latest: Position = beginning

  constructor(conversation: ConversationId, ports: CursorPorts) {
    this.conversation = conversation
    this.#ports = ports
  }

  get size(): number {
    return this.#cursors.size
  }

  add(listener: Listener, after: Position, greet: boolean, max: number): RoomCursor {
    for (const oldest of this.#cursors) {
      if (this.#cursors.size < max) break
      this.#end(oldest, 1000, 'collision')
    }
    const cursor = new RoomCursor(this, listener, { after, greet }, this.#ports)
    this.#cursors.add(cursor)
    cursor.resume()
    return cursor
  }

  remove(cursor: RoomCursor): number {
    this.#cursors.delete(cursor)
    return this.#cursors.size
  }

  hear(news: News): void {
    if (news.position > this.#latest) this.#latest = news.position
    if (news.shown !== undefined) {
      this.#show(news.shown, news.position)
      return
    }
    let frame: string | undefined
    for (const cursor of this.#cursors) {
      if (news.entry !== undefined && cursor.isLiveBefore(news.position)) {
        frame ??= frameOf([news.entry], news.position)
        cursor.take(news.entry, frame)
      } else {
        cursor.look(news.position)
      }
    }
  }

  #show(activity: Pick<Entry, 'text' | 'audience'>, behind: Position): void {
    const frame = `{"activities":[${activity.text}]}`
    for (const cursor of this.#cursors) {
      cursor.look(behind)
      if (isFor(activity, cursor.listener.user)) cursor.show(frame)
    }
  }

  close(code: number, reason: string): void {
    this.closeWhere(() => true, code, reason)
  }

  closeWhere(isOver: (listener: Listener) => boolean, code: number, reason: string): number {
    const over = [...this.#cursors].filter(({ listener }) => isOver(listener))
    for (const cursor of over) this.#end(cursor, code, reason)
    return over.length
  }

  endStalled(noProgressMs: number): void {
    for (const cursor of this.#cursors) {
      if (cursor.hasStalledFor(noProgressMs)) this.#end(cursor, 1013, 'no progress')
    }
  }

  /** Whether news has been heard of something after this position. */
  hasMoreThan(position: Position): boolean {
    return this.#latest > position
  }

  /** A page has been read up to here. */
  heardUpTo(position: Position): void {
    if (position > this.#latest) this.#latest = position
  }

  #end(cursor: RoomCursor, code: number, reason: string): void {
    this.#cursors.delete(cursor)
    cursor.stop()
    this.#ports.events({ event: 'socketClosed', conversation: this.conversation, reason })
    cursor.listener.close(code, reason)
  }
}
