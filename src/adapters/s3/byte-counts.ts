/**
 * How many bytes conversations keep in a bucket: listed when first asked for, kept up with what this node puts, and
 * listed again behind the answers for what others put.
 */
import type { ConversationId } from '../../protocol/ids.ts'
import type { Listed } from './bucket.ts'

/** Conversations whose bytes are remembered. */
const countsMax = 10_000

/** How old a listing may be before another one is asked for: milliseconds. */
const renewedMs = 1_000

/** All objects of a conversation. */
type List = (conversation: ConversationId) => AsyncIterable<readonly Listed[]>

/** The counts of those conversations that were asked for last. */
export class ByteCounts {
  readonly #list: List
  readonly #counts = new Map<ConversationId, Count>()

  constructor(list: List) {
    this.#list = list
  }

  /** Waits for the bucket only when a conversation is asked for the first time. Rejects if it does not answer then. */
  async of(conversation: ConversationId): Promise<number> {
    const count = this.#counts.get(conversation) ?? new Count(() => this.#list(conversation))
    this.#counts.delete(conversation)
    this.#counts.set(conversation, count)
    const [oldest] = this.#counts.keys()
    if (this.#counts.size > countsMax && oldest !== undefined) this.#counts.delete(oldest)
    return count.bytes()
  }

  /** An object is there now. */
  put(conversation: ConversationId, { key, size }: Listed): void {
    this.#counts.get(conversation)?.put(key, size)
  }

  /** Objects are there no more: the conversation is listed when it is next asked for. */
  forget(conversation: ConversationId): void {
    this.#counts.delete(conversation)
  }
}

/** One conversation's. */
class Count {
  readonly #list: () => AsyncIterable<readonly Listed[]>
  /** What the last listing found, without what is in `#own`. */
  #listed: number | undefined
  #listedMs = 0
  /** Puts since the last listing began, by key. */
  #own = new Map<string, number>()
  /** Puts since the one that is running began: it may have found them, or not. */
  #during: Map<string, number> | undefined
  #running: Promise<number> | undefined

  constructor(list: () => AsyncIterable<readonly Listed[]>) {
    this.#list = list
  }

  async bytes(): Promise<number> {
    const isOld = performance.now() - this.#listedMs > renewedMs
    if (this.#listed === undefined || isOld) this.#running ??= this.#renew()
    // Should the one behind the answer fail, the next who asks begins another.
    this.#running?.catch(() => undefined)
    const listed = this.#listed ?? (await this.#running) ?? 0
    return listed + sum(this.#own.values())
  }

  put(key: string, size: number): void {
    this.#own.set(key, size)
    this.#during?.set(key, size)
  }

  async #renew(): Promise<number> {
    const during = new Map<string, number>()
    const beganMs = performance.now()
    this.#during = during
    try {
      const found = new Map<string, number>()
      for await (const page of this.#list()) for (const { key, size } of page) found.set(key, size)
      for (const key of during.keys()) found.delete(key)
      this.#listed = sum(found.values())
      this.#listedMs = beganMs
      this.#own = during
      return this.#listed
    } finally {
      this.#during = undefined
      this.#running = undefined
    }
  }
}

function sum(sizes: Iterable<number>): number {
  let all = 0
  for (const size of sizes) all += size
  return all
}
