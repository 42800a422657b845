/**
 * The moments of one reply of a bot, which belongs to a turn.
 */
import type { Position } from '../protocol/watermark.ts'

/** A mark that has not been set. */
export const unset = -1

/** What a reply tells its turn. Each answers the microseconds since the turn's start. */
export interface AnsweredTurn {
  /** It is in the log. */
  replied(reply: ReplyMarks): number
  /** It has been handed to the sockets. */
  pushed(): number
}

/** The marks of one reply, in microseconds since the start of its turn. */
export class ReplyMarks {
  readonly #turn: AnsweredTurn
  readonly receivedUs: number
  storedUs = unset
  pushedUs = unset
  /** Where it is in the log. */
  position = 0
  /** How many sockets it was handed to. */
  sockets = 0

  constructor(turn: AnsweredTurn, receivedUs: number) {
    this.#turn = turn
    this.receivedUs = receivedUs
  }

  /** It is in the log. */
  stored(position: Position): void {
    this.position = position
    this.storedUs = this.#turn.replied(this)
  }

  /** Whoever listens has been handed it. */
  pushed(sockets: number): void {
    this.sockets = sockets
    this.pushedUs = this.#turn.pushed()
  }
}
