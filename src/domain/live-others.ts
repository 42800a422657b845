/**
 * What other nodes append, for those who look in on everything: no news of it need come here. The conversations that
 * were last spoken in are looked at again and again, and what has come there since is read.
 */
import type { ConversationId } from '../protocol/ids.ts'
import { beginning, type Position, position } from '../protocol/watermark.ts'
import { type Arrived, arrivedOf } from './live-arrivals.ts'
import type { Look, LookEntry, Looked } from './look-port.ts'

/** Conversations that are looked at. Of others, only what is said from then on is found. */
const conversationsMax = 200

/** What is read of one conversation at a time; the rest comes with the next look. */
const entryLimits = { entries: 100, characters: 256 * 1024 }

/** Keeps the place up to which each conversation has been told. */
export class LiveOthers {
  readonly #look: Pick<Look, 'conversations' | 'entries'>
  #told: Map<ConversationId, Position> | undefined
  /** In conversations we know nothing of, everything up to this time is old: milliseconds since 1970. */
  #oldUntilMs = 0
  #beginning: Promise<unknown> | undefined

  constructor(look: Pick<Look, 'conversations' | 'entries'>) {
    this.#look = look
  }

  /** Begins to look: what is there now is old. */
  async begin(): Promise<void> {
    if (this.#told !== undefined) return
    this.#beginning ??= this.poll().finally(() => {
      this.#beginning = undefined
    })
    await this.#beginning
  }

  /** Nobody looks in any more. */
  end(): void {
    this.#told = undefined
  }

  /** Whether this is the next to be told of its conversation: then it counts as told. Whatever is not comes with `poll`. */
  isNext(conversation: ConversationId, at: Position): boolean {
    if (this.#told === undefined || (this.#told.get(conversation) ?? beginning) !== at - 1) return false
    tell(this.#told, conversation, at)
    return true
  }

  /** What has not been told, in order within each conversation, and where there is any. */
  async poll(): Promise<{ readonly arrived: readonly Arrived[]; readonly changed: readonly ConversationId[] }> {
    const page = await this.#look.conversations({}, 0, conversationsMax)
    const told = this.#told
    const arrived: Arrived[] = []
    const changed: ConversationId[] = []
    if (told === undefined) {
      this.#told = new Map(page.conversations.map(({ id, last }) => [id, last]))
    } else {
      for (const looked of page.conversations) {
        if ((told.get(looked.id) ?? beginning) >= looked.last) continue
        changed.push(looked.id)
        arrived.push(...(await this.#untold(looked, told)))
      }
      // Whoever asked has gone, and somebody else may have come since: to them all this is old.
      if (this.#told !== told) return { arrived: [], changed: [] }
      if (told.size > 2 * conversationsMax) this.#told = new Map([...told].slice(-conversationsMax))
    }
    this.#oldUntilMs = page.next === undefined ? 0 : (page.conversations.at(-1)?.lastMs ?? 0)
    return { arrived, changed }
  }

  async #untold({ id, bot, last }: Looked, told: Map<ConversationId, Position>): Promise<readonly Arrived[]> {
    const before = told.get(id)
    const isUnknown = before === undefined && this.#oldUntilMs > 0
    const range = isUnknown ? { before: position(Number.MAX_SAFE_INTEGER) } : { after: before ?? beginning }
    const found = await this.#look.entries(id, range, entryLimits)
    const isNew = (entry: LookEntry) => !isUnknown || entry.timestampMs > this.#oldUntilMs
    const entries = (found?.entries ?? []).filter(isNew)
    // Where nothing of it is new, all of it counts as told, or it would be read again each time.
    tell(told, id, entries.at(-1)?.position ?? last)
    return entries.map(entry => arrivedOf(id, bot, entry))
  }
}

/** Those that were told last stand last: they are remembered longest. */
function tell(told: Map<ConversationId, Position>, id: ConversationId, at: Position): void {
  told.delete(id)
  told.set(id, at)
}
