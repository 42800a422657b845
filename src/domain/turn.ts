/**
 * A turn: one activity for a bot, and what may be done with the answer.
 */
import type { ActivityId, ConversationId } from '../protocol/ids.ts'
import { joinWaitMs, sendDeadlineMs, turnLeastMs } from '../protocol/limits.ts'
import type { Delivered } from './delivery.ts'
import type { Bot } from './sites.ts'
import type { TurnMarks } from './turn-marks.ts'

/** An activity for a bot. */
export type BotTurn = {
  readonly conversation: ConversationId
  readonly bot: Bot
  readonly type: string
  /** The activity, stamped, and the id and time it has been given: milliseconds since 1970. */
  readonly botRest: string
  readonly id: ActivityId
  readonly timestampMs: number
  /** How long the turn may take: milliseconds. */
  readonly timeoutMs: number
  /** Where its moments are taken down, if anybody watches. */
  readonly marks?: TurnMarks | undefined
}

/** Takes a turn. */
export type TakeTurn = (turn: BotTurn) => Promise<Delivered>

/** Records what an answer holds, and says what came of the turn then: a bot whose answer can't be taken has failed it. */
export type RecordAnswer = (
  delivered: Delivered,
  marks: TurnMarks | undefined,
  record: () => Promise<void>,
) => Promise<Delivered>

/** What is left for a client's turn after the join before it: clients give the whole send 20 s. */
export function turnTimeoutMs(bot: Bot, spentMs: number): number {
  const deadlineMs = Math.max(sendDeadlineMs, bot.timeoutMs + sendDeadlineMs - turnLeastMs - joinWaitMs)
  return Math.min(bot.timeoutMs, Math.max(deadlineMs - spentMs, turnLeastMs))
}
