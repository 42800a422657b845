/**
 * When things are forgotten: conversations nobody has used for their lifetime, and files after theirs.
 */
import type { ConversationId } from '../protocol/ids.ts'
import { beginning } from '../protocol/watermark.ts'
import type { Events } from './events.ts'
import type { Hub } from './hub.ts'
import type { Inspection } from './inspection.ts'
import type { Clock, ConversationStore, Files } from './ports.ts'
import type { Tails } from './tails.ts'

/** How often it is looked: milliseconds. */
const intervalMs = 10 * 60 * 1000

/** Conversations forgotten in one step, so that no step keeps the store busy for long. */
const stepMax = 100

type RetentionPorts = {
  readonly store: ConversationStore
  readonly tails: Tails
  readonly files: Files
  readonly hub: Hub
  /** Undefined: nobody watches turns. */
  readonly inspection?: Inspection | undefined
  readonly clock: Clock
  readonly events: Events
  /** Whether other nodes forget conversations too. */
  readonly isShared?: boolean
}

/** Forgets what is past its time. */
export class Retention {
  readonly #ports: RetentionPorts
  readonly #conversationLifetimeMs: number
  readonly #fileLifetimeMs: number
  #cancel: () => void

  constructor(ports: RetentionPorts, lifetimes: { conversationSeconds: number; fileSeconds: number }) {
    this.#ports = ports
    this.#conversationLifetimeMs = lifetimes.conversationSeconds * 1000
    this.#fileLifetimeMs = lifetimes.fileSeconds * 1000
    this.#cancel = ports.clock.after(intervalMs, () => this.#sweep())
  }

  /** Forgets everything that is past its time now. */
  async forgetPast(): Promise<void> {
    const { store, tails, files, hub, inspection, clock, events, isShared } = this.#ports
    const nowMs = clock.nowMs()
    if (isShared) await this.#closeForgotten()
    const gone: ConversationId[] = []
    for (;;) {
      const forgotten = await store.forgetUnused(nowMs - this.#conversationLifetimeMs, stepMax)
      for (const conversation of forgotten) {
        hub.close(conversation, 1000, 'conversation expired')
        tails.forget(conversation)
      }
      inspection?.forget(forgotten)
      if (forgotten.length > 0) events({ event: 'conversationsForgotten', count: forgotten.length })
      gone.push(...forgotten)
      if (forgotten.length < stepMax) break
    }
    // Last: where files are may be away. Those of conversations that are gone then go when they are past their own time.
    for (const conversation of gone) await files.forgetConversation(conversation)
    await files.forgetBefore(nowMs - this.#fileLifetimeMs)
  }

  /** Forgets one conversation now, with all that belongs to it. */
  async forget(conversation: ConversationId): Promise<void> {
    const { store, tails, files, hub, inspection, events } = this.#ports
    hub.close(conversation, 1000, 'conversation deleted')
    // First: as long as the conversation is there, what was broken off can be asked for again.
    await files.forgetConversation(conversation)
    await store.forget(conversation)
    tails.forget(conversation)
    inspection?.forget([conversation])
    events({ event: 'conversationsForgotten', count: 1 })
  }

  /** Another node has forgotten a conversation: who listens to it here is told, and nothing of it stays in memory. */
  forgotten(conversation: ConversationId, reason: 'conversation deleted' | 'conversation expired'): void {
    const { tails, hub, inspection } = this.#ports
    hub.close(conversation, 1000, reason)
    tails.forget(conversation)
    inspection?.forget([conversation])
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel()
  }

  /** Of deleted ones a node hears by itself; those that have expired elsewhere are looked for. */
  async #closeForgotten(): Promise<void> {
    const { store, hub } = this.#ports
    const listened = hub.conversations
    for (let from = 0; from < listened.length; from += stepMax) {
      const some = listened.slice(from, from + stepMax)
      const newest = await store.newest(some)
      for (const [at, conversation] of some.entries()) {
        // One that is there may be empty, too.
        if (newest[at] === beginning && (await store.find(conversation)) === undefined)
          this.forgotten(conversation, 'conversation expired')
      }
    }
  }

  #sweep(): void {
    this.#cancel = this.#ports.clock.after(intervalMs, () => this.#sweep())
    this.forgetPast().catch((error: unknown) =>
      this.#ports.events({ event: 'fault', during: 'forgetting what is past its time', error }),
    )
  }
}
