/**
 * Looking into the log in memory. What it costs is paid by the one thread there is, so a big list is slow here: the
 * store in memory is for tests and for trying things out.
 */
import {
  type Look,
  type LookEntries,
  type LookEntry,
  type Looked,
  type LookFilter,
  type LookPage,
  type LookPlace,
  type LookRange,
  lookMsMax,
  previewCharactersMax,
  previewEntriesMax,
} from '../../domain/look-port.ts'
import type { TurnBody } from '../../protocol/admin-conversations.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import { contains, isEnd, previewOf, textOf } from '../../protocol/said.ts'
import { type Position, position } from '../../protocol/watermark.ts'
import type { Log } from './log.ts'
import type { MemoryStore } from './store.ts'

/** Looks into a store in memory. */
export class MemoryLook implements Look {
  readonly #store: MemoryStore

  constructor(store: MemoryStore) {
    this.#store = store
  }

  async conversations(filter: LookFilter, from: LookPlace | number, max: number): Promise<LookPage> {
    const untilMs = performance.now() + lookMsMax
    const fitting = this.#fitting(filter).sort((a, b) => inOrder(placeOf(a), placeOf(b)))
    const rest = typeof from === 'number' ? fitting.slice(from) : fitting.filter(log => inOrder(from, placeOf(log)) < 0)
    const words = filter.words?.toLowerCase()
    const found: Log[] = []
    let searched = 0
    for (const log of rest) {
      if (found.length >= max || (searched > 0 && performance.now() > untilMs)) break
      searched += 1
      if (words === undefined || mentions(log, words)) found.push(log)
    }
    const last = searched < rest.length ? rest[searched - 1] : undefined
    return { conversations: this.#looked(found), next: last === undefined ? undefined : placeOf(last), searched }
  }

  async count(filter: LookFilter): Promise<number> {
    return this.#fitting({ ...filter, ended: undefined }).length
  }

  async these(conversations: readonly ConversationId[]): Promise<readonly Looked[]> {
    return this.#looked(conversations.flatMap(id => this.#store.logs.get(id) ?? []))
  }

  async entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<LookEntries | undefined> {
    const log = this.#store.logs.get(conversation)
    if (log === undefined) return undefined
    const { last } = log.conversation
    const isForward = 'after' in range
    const step = isForward ? 1 : -1
    const entries: LookEntry[] = []
    let characters = 0
    for (let at = isForward ? range.after + 1 : Math.min(range.before - 1, last); ; at += step) {
      const entry = log.lookAt(at)
      characters += entry?.text.length ?? 0
      const isFull = entries.length >= limits.entries || (entries.length > 0 && characters > limits.characters)
      if (entry === undefined || isFull) return { entries: isForward ? entries : entries.reverse(), last }
      entries.push(entry)
    }
  }

  async before(conversation: ConversationId, shown: number): Promise<Position | undefined> {
    const log = this.#store.logs.get(conversation)
    if (log === undefined) return undefined
    let left = shown
    for (let at: number = log.conversation.last; at > 0; at -= 1) {
      if (log.lookAt(at)?.state !== 'shown') continue
      if (left === 0) return position(at)
      left -= 1
    }
    return undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The store is closed by whoever opened it.
  }

  #looked(logs: readonly Log[]): readonly Looked[] {
    const failed = this.#failed('any')
    return logs.map(log => looked(log, failed.get(log.conversation.id) ?? 0))
  }

  /** How many turns failed in each conversation. */
  #failed(wanted: NonNullable<LookFilter['failed']>): ReadonlyMap<ConversationId, number> {
    const failed = new Map<ConversationId, number>()
    for (const { conversation, text } of this.#store.turns.all) {
      // There are many, and nearly all of them are well: only the others are read.
      if (text.includes('"outcome":"ok"')) continue
      if (wanted !== 'any' && (JSON.parse(text) as TurnBody).problem !== wanted) continue
      failed.set(conversation, (failed.get(conversation) ?? 0) + 1)
    }
    return failed
  }

  #fitting(filter: LookFilter): Log[] {
    const failed = filter.failed === undefined ? undefined : this.#failed(filter.failed)
    const { bot, user, ended, sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = filter
    const among = filter.among === undefined ? undefined : new Set(filter.among)
    const except = new Set(filter.except)
    return [...this.#store.logs.values()].filter(log => {
      const { id, bot: own } = log.conversation
      const { lastMs } = placeOf(log)
      return (
        (bot === undefined || own === bot) &&
        (user === undefined || log.members.some(member => member.id === user)) &&
        (failed === undefined || failed.has(id)) &&
        (among === undefined || among.has(id)) &&
        !except.has(id) &&
        (ended === undefined || hasEnded(log) === ended) &&
        lastMs >= sinceMs &&
        lastMs < untilMs
      )
    })
  }
}

function placeOf(log: Log): LookPlace {
  const { lastTimestampMs } = log.conversation
  return { lastMs: lastTimestampMs > 0 ? lastTimestampMs : log.startedMs, number: log.number }
}

/** Newest first. */
const inOrder = (a: LookPlace, b: LookPlace): number => b.lastMs - a.lastMs || b.number - a.number

const hasEnded = (log: Log): boolean => isEnd(log.lookAt(log.conversation.last)?.text ?? '')

function looked(log: Log, failed: number): Looked {
  const { id, bot, site, last } = log.conversation
  const users = log.members.slice(0, 2).map(member => member.id)
  const { lastMs } = placeOf(log)
  return {
    id,
    bot,
    site,
    users,
    startedMs: log.startedMs,
    lastMs,
    last,
    ended: hasEnded(log),
    failed,
    preview: preview(log),
  }
}

function preview(log: Log): string {
  let left = previewEntriesMax
  for (let at: number = log.conversation.last; at > 0 && left > 0; at -= 1) {
    const entry = log.lookAt(at)
    if (entry?.state !== 'shown' || entry.text.length > previewCharactersMax) continue
    left -= 1
    const text = previewOf(textOf(entry.text))
    if (text !== '') return text
  }
  return ''
}

function mentions(log: Log, words: string): boolean {
  const { id, last } = log.conversation
  if (id.toLowerCase().startsWith(words)) return true
  if (log.members.some(member => contains(member.id, words))) return true
  for (let at: number = last; at > 0; at -= 1) {
    const entry = log.lookAt(at)
    if (entry?.state === 'shown' && contains(textOf(entry.text), words)) return true
  }
  return false
}
