/**
 * What clients say they are, for people who look in: of each conversation the newest, as long as there is room.
 */
import type { ConversationId } from '../protocol/ids.ts'

/** Conversations of which it is remembered; beyond it the oldest go. */
const rememberedMax = 10_000

/** Remembers agents. */
export class Agents {
  readonly #agents = new Map<ConversationId, string>()

  /** A client has entered a conversation. */
  note(conversation: ConversationId, agent: string): void {
    this.#agents.delete(conversation)
    if (this.#agents.size >= rememberedMax) {
      const oldest = this.#agents.keys().next()
      if (!oldest.done) this.#agents.delete(oldest.value)
    }
    this.#agents.set(conversation, agent)
  }

  /** What the newest client of a conversation has said it is; undefined if it has said nothing, or nobody remembers. */
  of(conversation: ConversationId): string | undefined {
    return this.#agents.get(conversation)
  }
}
