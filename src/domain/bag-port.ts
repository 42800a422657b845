/**
 * The port for data that bots keep with the channel.
 */
import type { BotId, ConversationId, UserId } from '../protocol/ids.ts'

/** What data of a bot is about: a user in all conversations, a conversation (no user), or a user in a conversation. */
export type BagKey = {
  readonly bot: BotId
  readonly user: UserId | undefined
  readonly conversation: ConversationId | undefined
}

/** Data a bot has left with us, as JSON text, and an eTag that changes with it. */
export type Bag = { readonly data: string; readonly eTag: string }

/**
 * Data that bots of the old schemas keep with the channel. Durable when a promise resolves; a conversation's data goes
 * with the conversation.
 */
export interface BagStore {
  /** What was put last; undefined if nothing was. */
  bag(key: BagKey): Promise<Bag | undefined>

  /**
   * Puts data in the place of what is there.
   *
   * @param data JSON text
   * @param expected the eTag that must still be there; undefined: whatever is there gives way
   * @returns the new eTag, or `stale` if another one is there, or the conversation is not one of the bot's
   */
  putBag(key: BagKey, data: string, expected: string | undefined): Promise<{ readonly eTag: string } | 'stale'>

  /** Removes all data of a bot about a user. */
  dropBags(bot: BotId, user: UserId): Promise<void>
}
