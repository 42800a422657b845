/**
 * A turn with all that comes of it: delivered to the bot, and the replies in its answer recorded before anybody hears
 * that it was accepted.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { Delivered, Delivery, TakeTurn, Turn } from './delivery.ts'
import { botGrant } from './grant.ts'
import type { Replies } from './replies.ts'

/** Gives what takes turns for a whole service. */
export function turnsOf(ports: { delivery: Delivery; replies: Replies }): TakeTurn {
  return async (turn: Turn): Promise<Delivered> => {
    const delivered = await ports.delivery.deliver(turn)
    if (delivered.outcome === 'failed') return delivered
    try {
      for (const reply of delivered.replies) {
        await ports.replies.reply(botGrant(turn.conversation, turn.bot), reply, undefined, undefined)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return {
        outcome: 'failed',
        status: 502,
        message: `Failed to send activity: a reply can't be taken: ${error.message}`,
      }
    }
    return delivered
  }
}
