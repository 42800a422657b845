/**
 * What the inspection of turns asks of the outside: who calls a bot says how the call goes, and a store keeps turns for
 * people who look in. The comments are the contracts; `test/contract/turns.test.ts` runs the store's against every
 * adapter.
 */
import type { ConversationId } from '../protocol/ids.ts'

/**
 * Hears how one call goes its way, each step at the moment it is taken. A call that is made once more begins anew with
 * `calling`. None of these throws, and none keeps what it is given for longer than it says.
 */
export interface CallWatch {
  /**
   * A connection is asked for.
   *
   * @param headers what is sent but for the credential
   * @param isSigned whether a credential is shown
   */
  calling(headers: Readonly<Record<string, string>>, isSigned: boolean, body: string): void
  /**
   * There is a connection, and the call is about to be written.
   *
   * @param made how it was made, where it was made for this call: names and times of its parts. Undefined: it was there
   */
  connected(made: string | undefined): void
  /** All of it has been written. */
  sent(): void
  /** The status line and headers of the answer are there. Answers whether the text of its body is wanted. */
  answering(status: number, headers: AnswerHeaders): boolean
  /** The answer has been read. `text` is empty where it was not wanted. */
  answerRead(bytes: number, text: string): void
}

/** Headers of an answer, by their names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** A turn as it is kept. */
export type KeptTurn = {
  readonly id: string
  readonly conversation: ConversationId
  /** The least and the greatest position of what it is about: its cause and its replies. Undefined if none is in a log. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** Milliseconds since 1970. */
  readonly startedMs: number
  /** What happened: JSON text. */
  readonly text: string
  /** What went to the bot and what came back: JSON text. Undefined where that is not kept. */
  readonly exchange: string | undefined
}

/**
 * Keeps turns for people who look in. A turn is no promise to anybody: it may be lost when the process ends, but is
 * never half. Turns belong to their conversation and are forgotten with it; one whose conversation is not there may be
 * dropped.
 *
 * However much is put, nobody's message waits for it for longer than the writing of one call's turns takes.
 */
export interface TurnStore {
  /**
   * Keeps turns. One whose id is there already is kept as it is now, but that it never gets an exchange where it has none
   * by then: what has been erased does not come back with a turn that still had it.
   */
  putTurns(turns: readonly KeptTurn[]): Promise<void>

  /** A turn, or undefined. */
  turn(id: string): Promise<Pick<KeptTurn, 'text' | 'exchange'> | undefined>

  /**
   * The texts of turns of which something lies between two positions, both included, in the order they were first put:
   * at most so many, the newest if there are more. A turn that reaches further than `reachMax` beyond its first position
   * is found only around that.
   */
  turnsAbout(conversation: ConversationId, from: number, to: number, max: number): Promise<readonly string[]>

  /**
   * Forgets what went to the bot and came back in the turns that reach over a position, for good, and keeps the rest of
   * them. Somebody waits for it. It rejects with a ProtocolError `Unavailable` where the world is at fault.
   */
  eraseExchanges(conversation: ConversationId, position: number): Promise<void>

  /**
   * Forgets turns put first: those begun before a time (milliseconds since 1970) and those before the newest `keep`; of
   * the oldest `max` in one call. Answers how many.
   */
  forgetTurns(beforeMs: number, keep: number, max: number): Promise<number>
}

/** How far apart a turn's cause and its last reply may lie for it to be found by either: positions. */
export const reachMax = 200
