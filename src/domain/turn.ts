/**
 * A turn: one activity for a bot, and what may be done with the answer.
 */
import type { ConversationId } from '../protocol/ids.ts'
import type { Delivered } from './delivery.ts'
import type { Bot } from './sites.ts'

/** An activity for a bot. */
export type BotTurn = {
  readonly conversation: ConversationId
  readonly bot: Bot
  readonly type: string
  /** The activity as JSON text. */
  readonly activity: string
  /** How long the turn may take: milliseconds. */
  readonly timeoutMs: number
}

/** Takes a turn. */
export type TakeTurn = (turn: BotTurn) => Promise<Delivered>

/** Records what an answer holds, and says what came of the turn then: a bot whose answer can't be taken has failed it. */
export type RecordAnswer = (delivered: Delivered, record: () => Promise<void>) => Promise<Delivered>
