/**
 * What is asked of the store by those who look in: people with the admin API, never a message on its way. The
 * comments are the contract; `test/contract/look.test.ts` runs it against every adapter.
 */
import type { ProblemCode } from '../protocol/admin-problems.ts'
import type { BotId, ConversationId, SiteId, UserId } from '../protocol/ids.ts'
import type { Position } from '../protocol/watermark.ts'
import type { Entry } from './ports.ts'

/** Which conversations are meant: those of which everything given here is true. */
export type LookFilter = {
  readonly bot?: BotId | undefined
  /** A member. */
  readonly user?: UserId | undefined
  /** One of these. */
  readonly among?: readonly ConversationId[] | undefined
  /** None of these. */
  readonly except?: readonly ConversationId[] | undefined
  /** Whether the newest activity ended the conversation. */
  readonly ended?: boolean | undefined
  /** With turns that failed, of those the store has: whatever the problem, or with this one. */
  readonly failed?: 'any' | ProblemCode | undefined
  /** The id begins with this, a member's id contains it or the text of an activity that has not given way does, whatever the case. */
  readonly words?: string | undefined
  /** Last used at or after, and before: milliseconds since 1970. */
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

/** A place in the order of conversations: what comes next is after it, whatever has moved since. */
export type LookPlace = { readonly lastMs: number; readonly number: number }

/** A conversation, as people who look in see it. */
export type Looked = {
  readonly id: ConversationId
  readonly bot: BotId
  readonly site: SiteId
  /** The first two members, in the order they joined: one is the person it belongs to. */
  readonly users: readonly UserId[]
  /** When it was started, and when its newest activity was said: milliseconds since 1970. */
  readonly startedMs: number
  readonly lastMs: number
  /** The newest position. */
  readonly last: Position
  readonly ended: boolean
  /** Turns that failed, of those the store has. */
  readonly failed: number
  /** The newest text among the newest few activities: at most 120 characters; empty if there is none. */
  readonly preview: string
}

/** Conversations in order. */
export type LookPage = {
  readonly conversations: readonly Looked[]
  /** Where to go on; undefined at the end. */
  readonly next: LookPlace | undefined
  /** How many were looked at. */
  readonly searched: number
}

/** An entry of the log with what has become of it. */
export type LookEntry = Entry & {
  /** Milliseconds since 1970; a later version has the time of the first. */
  readonly timestampMs: number
  /** `replaced`: it has given way, and its text is kept. `erased`: its text is gone, and empty here. */
  readonly state: 'shown' | 'replaced' | 'erased'
  /** The position in the activity's id: its own, unless it is a later version. */
  readonly target: Position
}

/** Entries in order, and where the log ends. */
export type LookEntries = { readonly entries: readonly LookEntry[]; readonly last: Position }

/** Which part of a log: what follows a position, or the newest of what is before one. */
export type LookRange = { readonly after: Position } | { readonly before: Position }

/** The text by which a list tells a conversation is looked for in so many of its newest entries. */
export const previewEntriesMax = 8

/** It is looked for in no entry that is longer: characters. */
export const previewCharactersMax = 64 * 1024

/** How long one call may look through conversations: milliseconds. Then it answers what it has, and where to go on. */
export const lookMsMax = 300

/**
 * Reads for people. Whatever is asked here, and however much there is to read, no message waits for it. It sees every
 * change that had resolved when it was called. Rejects with a ProtocolError `Unavailable` where the world is at fault,
 * or where too many ask at once.
 */
export interface Look extends AsyncDisposable {
  /**
   * Conversations, newest activity first: those without any stand where they were started. At most so many; fewer,
   * even none, with a `next`, when looking has taken its time.
   *
   * @param from a place, or how many to pass over
   */
  conversations(filter: LookFilter, from: LookPlace | number, max: number): Promise<LookPage>

  /** How many conversations a filter fits. Its words and `ended` are not heeded. */
  count(filter: LookFilter): Promise<number>

  /** These conversations, in any order; those that are not there are left out. */
  these(conversations: readonly ConversationId[]): Promise<readonly Looked[]>

  /**
   * A part of a log in order, with what has given way, for whomever it was meant: as much as fits both limits, at least
   * one entry if there is one. Undefined if there is no such conversation.
   */
  entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<LookEntries | undefined>

  /** The position that is followed by exactly so many entries that have not given way; undefined if there are no more. */
  before(conversation: ConversationId, shown: number): Promise<Position | undefined>
}
