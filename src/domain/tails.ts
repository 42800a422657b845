/**
 * The newest entries of conversations in use, kept in memory: who polls or comes back asks for what was said a moment
 * ago, and asking the store for it costs more than all the rest of the answer.
 *
 * Nothing here is believed by itself: a tail counts only while it ends where the store says that the log ends, and
 * every change of a log, an erasure too, moves its end.
 */
import type { ConversationId } from '../protocol/ids.ts'
import { type Position, position } from '../protocol/watermark.ts'
import type { ConversationStore, Entry, Page } from './ports.ts'

/** How much of one log, and of all logs together, is kept: entries, characters. */
const entriesMax = 200
const charactersMax = 64 * 1024
const charactersOfAllMax = 48 * 1024 * 1024

/** The entries after a position, up to the end of the log when they were read. */
type Tail = { after: Position; end: Position; readonly entries: Entry[]; characters: number }

/** How much is read at once. */
type PageLimits = { readonly entries: number; readonly characters: number }

/** Reads logs: from memory what is there, from the store everything else. */
export class Tails {
  readonly #store: Pick<ConversationStore, 'find' | 'read' | 'newest'>
  readonly #tails = new Map<ConversationId, Tail>()
  #characters = 0

  constructor(store: Pick<ConversationStore, 'find' | 'read' | 'newest'>) {
    this.#store = store
  }

  /**
   * As `ConversationStore.read`.
   *
   * @param last the end of the log, if the caller has just asked the store for it
   */
  async read(conversation: ConversationId, after: Position, limits: PageLimits, last?: Position): Promise<Page> {
    const tail = this.#tails.get(conversation)
    // Who has all of the tail asks because there is more: what another process has said is in the store alone.
    if (tail !== undefined && tail.after <= after && after < tail.end) {
      const end = last ?? (await this.#store.find(conversation))?.last
      if (tail.end === end && tail.after <= after) return pageOf(tail, after, limits)
    }
    const page = await this.#store.read(conversation, after, limits)
    if (!page.more && page.entries.length > 0) this.#keep(conversation, after, page)
    return page
  }

  /** As `ConversationStore.newest`. */
  newest(conversations: readonly ConversationId[]): Promise<readonly Position[]> {
    return this.#store.newest(conversations)
  }

  /** Something has been appended by this process. Those of one conversation are told in order. */
  appended(conversation: ConversationId, entry: Entry): void {
    const tail = this.#tails.get(conversation)
    if (tail?.end !== entry.position - 1) {
      this.#keep(conversation, position(entry.position - 1), { entries: [entry], end: entry.position })
      return
    }
    tail.end = entry.position
    tail.entries.push(entry)
    this.#grow(tail, entry.text.length)
  }

  /** What has been said there is to be gone from memory too. */
  forget(conversation: ConversationId): void {
    const tail = this.#tails.get(conversation)
    if (tail !== undefined) this.#drop(conversation, tail)
  }

  #keep(conversation: ConversationId, after: Position, { entries, end }: Pick<Page, 'entries' | 'end'>): void {
    const before = this.#tails.get(conversation)
    if (before !== undefined) {
      // Read before something was appended, and come back after it.
      if (before.end > end) return
      this.#drop(conversation, before)
    }
    const tail: Tail = { after, end, entries: [...entries], characters: 0 }
    this.#tails.set(conversation, tail)
    this.#grow(
      tail,
      entries.reduce((sum, { text }) => sum + text.length, 0),
    )
  }

  /** A tail has got so many characters more: what is too much goes, the oldest first. */
  #grow(tail: Tail, characters: number): void {
    tail.characters += characters
    this.#characters += characters
    if (tail.entries.length > entriesMax || tail.characters > charactersMax) this.#shorten(tail)
    if (this.#characters <= charactersOfAllMax) return
    for (const [conversation, oldest] of this.#tails) {
      this.#drop(conversation, oldest)
      if (this.#characters <= charactersOfAllMax) return
    }
  }

  /** Takes more than it must, so that not every entry that comes is one that goes. */
  #shorten(tail: Tail): void {
    let goes = 0
    let characters = 0
    for (const { text, position } of tail.entries) {
      if (tail.entries.length - goes <= entriesMax / 2 && tail.characters - characters <= charactersMax / 2) break
      goes += 1
      characters += text.length
      tail.after = position
    }
    tail.entries.splice(0, goes)
    tail.characters -= characters
    this.#characters -= characters
  }

  #drop(conversation: ConversationId, tail: Tail): void {
    this.#tails.delete(conversation)
    this.#characters -= tail.characters
  }
}

function pageOf(tail: Tail, after: Position, limits: PageLimits): Page {
  const entries: Entry[] = []
  let characters = 0
  for (const entry of tail.entries) {
    if (entry.position <= after) continue
    characters += entry.text.length
    const before = entries.at(-1)
    if (before !== undefined && (entries.length >= limits.entries || characters > limits.characters))
      return { entries, end: before.position, more: true }
    entries.push(entry)
  }
  return { entries, end: tail.end, more: false }
}
