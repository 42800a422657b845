/**
 * What the tests of one SDK's bot are given to work with.
 */
import type { TestApp } from '../../support/app.ts'
import type { RealBot } from '../bots/start.ts'
import type { SomeActivity } from '../bots/wire.ts'
import type { Chat } from '../support/chat.ts'

/** What the tests of one SDK are given. */
export type Stage = {
  /** The bot under test. */
  readonly bot: () => RealBot
  /** A service in front of it. */
  readonly app: () => TestApp
  /** A chat in a new conversation, whose user the bot has greeted. */
  readonly greeted: (
    user: string,
    options?: { readonly app?: TestApp; readonly webSocket?: boolean; readonly clockSpeed?: number },
  ) => Promise<Chat>
  /** Whether the bot shows tokens: then the address it answers at opens nothing, and is the same for all conversations. */
  readonly showsTokens: boolean
  /** What the bot has been posted in a chat's conversation. */
  readonly received: (chat: Chat) => Promise<readonly SomeActivity[]>
}

/** What was said, in order. */
export const texts = (activities: readonly SomeActivity[]): (string | undefined)[] => activities.map(({ text }) => text)
