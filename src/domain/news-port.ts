/**
 * What the bus asks of an engine that carries news between processes: one connection at a time, which is never mended.
 * Whatever can be lost may be lost: who is not told finds out by the sweep. The comments are the contract;
 * `test/contract/bus.test.ts` runs it against every adapter.
 */
import type { ConversationId } from '../protocol/ids.ts'
import type { News } from './ports.ts'

/** A connection. Everything asked of it may reject or hang once it is broken. */
export interface NewsLink extends AsyncDisposable {
  /** Resolves with the reason when nothing more can be sent or heard. */
  readonly broken: Promise<unknown>
  /**
   * Tells every other process that follows these conversations, in this order for each. The entry stays here, and what
   * is too long to be carried is left out. Resolves when it has been handed over; those who listen hear of it later.
   */
  send(news: readonly News[]): Promise<void>
  /** Hears of these conversations too, from when it resolves. */
  follow(conversations: readonly ConversationId[]): Promise<void>
  /** Need not hear of these any more, but may. */
  unfollow(conversations: readonly ConversationId[]): Promise<void>
  /** Resolves if news could be sent and heard at this moment. */
  check(): Promise<void>
}

/**
 * Connects. Rejects if that can't be done, within a few seconds.
 *
 * @param heard is told what other processes send, and nothing of what is sent here
 */
export type OpenNewsLink = (heard: (news: News) => void) => Promise<NewsLink>
