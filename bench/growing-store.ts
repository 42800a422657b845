/**
 * A store in a folder of its own that is made to grow: people come, talk for a while, and others come.
 */
import { openSqliteStore } from '../src/adapters/sqlite/store.ts'
import type { ConversationStore } from '../src/domain/ports.ts'
import type { ConversationId } from '../src/protocol/ids.ts'
import type { Say } from './figures.ts'
import { appendTo, fillAtOnce, startWritten, type Written } from './fill.ts'
import { makeFolder } from './folder.ts'

/** Conversations that are live at a time, and what each of them comes to. */
const liveAtOnce = 100
const activitiesEach = 100

/** How often it is told how far it is: milliseconds. */
const tellIntervalMs = 5_000

/** An open store that can grow. Disposing it closes and removes it. */
export class GrowingStore implements AsyncDisposable {
  readonly dir: string
  readonly opened: ConversationStore
  /** All its conversations, the oldest first. */
  readonly ids: ConversationId[] = []
  readonly #folder: AsyncDisposable
  #live: readonly Written[] = []
  #size = 0

  private constructor(folder: AsyncDisposable & { readonly path: string }, opened: ConversationStore) {
    this.#folder = folder
    this.dir = folder.path
    this.opened = opened
  }

  /** An empty one. */
  static async open(): Promise<GrowingStore> {
    const folder = await makeFolder()
    return new GrowingStore(folder, await openSqliteStore({ dir: folder.path }))
  }

  /** How many activities it has been grown to. */
  get size(): number {
    return this.#size
  }

  /** The conversations that came last. */
  get live(): readonly Written[] {
    return this.#live
  }

  /** Makes it grow to so many activities, or a few more: every conversation gets all of its own. */
  async grow(activities: number, say: Say = () => undefined): Promise<void> {
    const from = this.#size
    const startedMs = performance.now()
    let toldMs = startedMs
    while (this.#size < activities) {
      this.#live = await startWritten(this.opened, liveAtOnce)
      for (const { id } of this.#live) this.ids.push(id)
      await appendTo(this.opened, this.#live, liveAtOnce * activitiesEach, fillAtOnce)
      this.#size += liveAtOnce * activitiesEach
      const nowMs = performance.now()
      if (nowMs - toldMs < tellIntervalMs) continue
      toldMs = nowMs
      const perSecond = ((this.#size - from) / (nowMs - startedMs)) * 1000
      const leftSeconds = Math.ceil((activities - this.#size) / perSecond)
      say(`store: ${this.#size} of ${activities} activities, ${perSecond.toFixed(0)}/s, ${leftSeconds} s to go`)
    }
  }

  /** So many of its conversations, of any age, none twice as long as there are enough. */
  some(count: number): readonly ConversationId[] {
    const from = [...this.ids]
    return Array.from({ length: Math.min(count, from.length) }, (_, at) => {
      const other = at + Math.floor(Math.random() * (from.length - at))
      const chosen = from[other] as ConversationId
      from[other] = from[at] as ConversationId
      return chosen
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}
