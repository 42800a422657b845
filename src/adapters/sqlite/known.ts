/**
 * Conversations in use, kept in memory: every request asks for its conversation first, and a query for each would be a
 * tenth of all the work of a message. Only this process writes to the file, so what has been answered is what is there.
 */
import type { Conversation } from '../../domain/ports.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/watermark.ts'

/** Conversations remembered at most. */
const knownMax = 10_000

/** What is known of conversations. Nothing in it is older than the last change that was answered. */
export class Known {
  readonly #conversations = new Map<ConversationId, Conversation>()

  /** What is known, or else what is read now. */
  find(id: ConversationId, read: (id: ConversationId) => Conversation | undefined): Conversation | undefined {
    const known = this.#conversations.get(id)
    if (known !== undefined) return known
    const found = read(id)
    if (found === undefined) return undefined
    if (this.#conversations.size >= knownMax) {
      const oldest = this.#conversations.keys().next()
      if (!oldest.done) this.#conversations.delete(oldest.value)
    }
    this.#conversations.set(id, found)
    return found
  }

  /** The newest position, if it is known. What is looked at in passing is not remembered for it. */
  newest(id: ConversationId): Position | undefined {
    return this.#conversations.get(id)?.last
  }

  /** An entry has been appended, at the end of the log as it was then. */
  appended(id: ConversationId, last: Position, timestampMs: number): void {
    const known = this.#conversations.get(id)
    if (known === undefined || known.last >= last) return
    const lastTimestampMs = Math.max(known.lastTimestampMs, timestampMs)
    this.#conversations.set(id, { ...known, last, lastTimestampMs })
  }

  /**
   * Somebody has read up to here. What is committed can be read before it is answered, and then the end of the log
   * must not seem to go back.
   */
  seen(id: ConversationId, end: Position): void {
    const known = this.#conversations.get(id)
    if (known !== undefined && known.last < end) this.#conversations.delete(id)
  }

  /** It has changed otherwise, or nobody knows whether. */
  changed(id: ConversationId): void {
    this.#conversations.delete(id)
  }

  /** Nobody knows which have changed. */
  anyChanged(): void {
    this.#conversations.clear()
  }
}
