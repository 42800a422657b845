/**
 * The newest turns in memory: a ring of them by their number, and the newest of each conversation, to which what its
 * bot says next belongs.
 */
import type { ConversationId } from '../protocol/ids.ts'
import { unset } from './reply-marks.ts'
import type { TurnMarks } from './turn-marks.ts'

/** How long after the end of a turn what the bot says still belongs to it: milliseconds. */
const answeredMs = 30_000

/** What is kept of all bodies together: characters. Beyond it the oldest turns lose theirs. */
const bodyCharactersMax = 16 * 1024 * 1024

/** The newest turns. */
export class TurnRing {
  readonly size: number
  readonly #turns: (TurnMarks | undefined)[] = []
  /** Turns that may still be answered, in the order they began. */
  readonly #newest = new Map<ConversationId, TurnMarks>()
  /** How many of these turns failed, of each conversation that has any. */
  readonly #failed = new Map<ConversationId, number>()
  #count = 0
  #bodyCharacters = 0
  /** Turns before this number have no bodies. */
  #bodiesFrom = 0

  constructor(size: number) {
    this.size = size
  }

  /** Takes a turn in, in place of the oldest. Answers its number. */
  add(marks: TurnMarks): number {
    const number = this.#count++
    const slot = number % this.size
    const oldest = this.#turns[slot]
    if (oldest !== undefined) this.#leave(oldest)
    this.#turns[slot] = marks
    const before = this.#newest.get(marks.conversation)
    if (before !== undefined) {
      this.#newest.delete(marks.conversation)
      marks.earlier = before
      // A few are enough: without an end to it, each turn would keep all before it in memory.
      if (before.earlier !== undefined) before.earlier.earlier = undefined
    }
    this.#newest.set(marks.conversation, marks)
    return number
  }

  /** The turn of a number, if it is still here. */
  at(number: number): TurnMarks | undefined {
    const marks = this.#turns[number % this.size]
    return marks?.number === number ? marks : undefined
  }

  /** The turns of a conversation that are still here. */
  of(conversation: ConversationId): readonly TurnMarks[] {
    return this.#turns.filter(marks => marks?.conversation === conversation) as TurnMarks[]
  }

  /** The turn that a bot answers: the one it names, if that is one of the last few, or else the newest. */
  answered(conversation: ConversationId, cause: number, nowMs: number): TurnMarks | undefined {
    const newest = this.#newest.get(conversation)
    if (newest === undefined || isPast(newest, nowMs)) return undefined
    if (cause === 0 || newest.cause === cause) return newest
    for (let marks = newest.earlier; marks !== undefined; marks = marks.earlier) {
      if (marks.cause === cause) return isPast(marks, nowMs) ? newest : marks
    }
    return newest
  }

  /** Forgets which turns could still have been answered, where the time for it is over. */
  sweep(nowMs: number): void {
    for (const [conversation, marks] of this.#newest) {
      // In the order they began, but not in the order they end: what runs longer holds up those behind it for a while.
      if (!isPast(marks, nowMs)) return
      this.#newest.delete(conversation)
    }
  }

  /** A turn has ended: what is kept of its bodies is counted from now on. */
  keepsBodies(marks: TurnMarks): void {
    if (this.at(marks.number) !== marks) return
    this.#bodyCharacters += marks.bodyCharacters
    while (this.#bodyCharacters > bodyCharactersMax && this.#bodiesFrom < this.#count) {
      const oldest = this.at(this.#bodiesFrom)
      if (oldest !== undefined) this.dropBodies(oldest)
      this.#bodiesFrom += 1
    }
  }

  /** A turn has failed. */
  countFailed(marks: TurnMarks): void {
    if (marks.isCounted || this.at(marks.number) !== marks) return
    marks.isCounted = true
    this.#failed.set(marks.conversation, this.failedIn(marks.conversation) + 1)
  }

  /** How many of these turns failed in a conversation. */
  failedIn(conversation: ConversationId): number {
    return this.#failed.get(conversation) ?? 0
  }

  /** The conversations in which turns failed: with this problem, if one is given. */
  failures(problem: string | undefined): readonly ConversationId[] {
    if (problem === undefined) return [...this.#failed.keys()]
    const found = this.#turns.filter(marks => marks?.isCounted && marks.problem === problem) as TurnMarks[]
    return [...new Set(found.map(({ conversation }) => conversation))]
  }

  /** Forgets what was exchanged in a turn. */
  dropBodies(marks: TurnMarks): void {
    const characters = marks.dropBodies()
    if (marks.settledUs !== unset) this.#bodyCharacters -= characters
  }

  /** Forgets all turns of these conversations. */
  forget(conversations: ReadonlySet<ConversationId>): void {
    for (const [slot, marks] of this.#turns.entries()) {
      if (marks === undefined || !conversations.has(marks.conversation)) continue
      this.#leave(marks)
      this.#turns[slot] = undefined
    }
    for (const conversation of conversations) this.#newest.delete(conversation)
  }

  #leave(marks: TurnMarks): void {
    if (marks.settledUs !== unset) this.#bodyCharacters -= marks.bodyCharacters
    if (this.#newest.get(marks.conversation) === marks) this.#newest.delete(marks.conversation)
    if (!marks.isCounted) return
    const left = this.failedIn(marks.conversation) - 1
    if (left > 0) this.#failed.set(marks.conversation, left)
    else this.#failed.delete(marks.conversation)
  }
}

const isPast = (marks: TurnMarks, nowMs: number): boolean =>
  marks.settledUs !== unset && nowMs - marks.startMs - marks.settledUs / 1000 > answeredMs
