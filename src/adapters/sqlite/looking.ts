/**
 * Each look as queries, on a connection that only reads. They may take a tenth of a second, which is why they run in a
 * thread where nobody waits for a message.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
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
import { type BotId, type ConversationId, siteId, userId } from '../../protocol/ids.ts'
import { contains, isEnd, previewOf, textOf } from '../../protocol/said.ts'
import { type Position, position } from '../../protocol/watermark.ts'
import type { LookCommand, LookResult } from './look-commands.ts'
import { conditionsOf, isFailed, lastMs, likeOf } from './look-filter.ts'
import { unbound } from './text.ts'

/** Conversations that are put in order at once where nobody knows how many must be looked at, and how this grows. */
const batchMin = 500
const batchGrowth = 4

/** As in the column `state`. */
const states = ['shown', 'replaced', 'erased'] as const

type PlaceRow = { number: number; last_ms: number }
type HeadRow = {
  number: number
  id: string
  bot: string
  site: string
  last: number
  started_ms: number
  last_ms: number
}
type EntryRow = {
  position: number
  target: number | null
  timestamp_ms: number
  state: 0 | 1 | 2
  audience: unknown
  text: string | null
}

/** Looks, on one connection. */
export class Looking {
  readonly #database: DatabaseSync
  readonly #sql: ReturnType<typeof prepared>

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#sql = prepared(database)
  }

  /** Looks at one thing. */
  look(command: LookCommand): LookResult {
    switch (command.kind) {
      case 'conversations':
        return this.#conversations(command.filter, command.from, command.max)
      case 'count':
        return this.#count(command.filter)
      case 'these':
        return command.conversations.flatMap(id => {
          const row = this.#sql.named.get(id)
          return row === undefined ? [] : [this.#looked(row as HeadRow)]
        })
      case 'entries':
        return this.#entries(command.conversation, command.range, command.limits)
      case 'before':
        return this.#before(command.conversation, command.shown)
      default:
        return command satisfies never
    }
  }

  #conversations(filter: LookFilter, from: LookPlace | number, max: number): LookPage {
    const words = filter.words?.toLowerCase()
    // What nearly all of them are is looked at when its turn comes.
    const isPicky = words !== undefined || filter.ended === false
    const fits = (head: HeadRow) =>
      (filter.ended !== false || !this.#hasEnded(head)) && (words === undefined || this.#mentions(head, words))
    const found: Looked[] = []
    let searched = 0
    let place = from
    let untilMs: number | undefined
    for (let size = isPicky ? batchMin : max; ; size *= batchGrowth) {
      const rows = this.#inOrder(filter, place, size + 1)
      untilMs ??= performance.now() + lookMsMax
      for (const row of rows.slice(0, size)) {
        if (found.length >= max || (isPicky && searched > 0 && performance.now() > untilMs))
          return { conversations: found, next: place === from ? undefined : (place as LookPlace), searched }
        searched += 1
        place = { lastMs: row.last_ms, number: row.number }
        const head = this.#sql.numbered.get(row.number) as HeadRow | undefined
        if (head !== undefined && (!isPicky || fits(head))) found.push(this.#looked(head))
      }
      if (rows.length <= size) return { conversations: found, next: undefined, searched }
      if (found.length >= max) return { conversations: found, next: place as LookPlace, searched }
    }
  }

  #inOrder(filter: LookFilter, from: LookPlace | number, limit: number): readonly PlaceRow[] {
    const { where, values } = conditionsOf(filter)
    const after = typeof from === 'number' ? [] : [from.lastMs, from.number]
    const conditions = typeof from === 'number' ? where : [...where, `(${lastMs}, number) < (?, ?)`]
    const statement = this.#database.prepare(
      `SELECT number, ${lastMs} AS last_ms FROM conversations ${whereOf(conditions)}
      ORDER BY last_ms DESC, number DESC LIMIT ? OFFSET ?`,
    )
    return statement.all(...values, ...after, limit, typeof from === 'number' ? from : 0) as PlaceRow[]
  }

  #count(filter: LookFilter): number {
    const { where, values } = conditionsOf(filter)
    const statement = this.#database.prepare(`SELECT count(*) AS count FROM conversations ${whereOf(where)}`)
    return Number(statement.get(...values)?.['count'])
  }

  #looked({ number, id, bot, site, last, started_ms, last_ms }: HeadRow): Looked {
    return {
      id: id as ConversationId,
      bot: bot as BotId,
      site: siteId(site),
      users: this.#sql.members.all(number).map(row => userId(unbound(row['id'] ?? null) ?? '')),
      startedMs: started_ms,
      lastMs: last_ms,
      last: position(last),
      ended: this.#hasEnded({ number, last }),
      failed: Number(this.#sql.failed.get(number)?.['count']),
      preview: this.#preview(number),
    }
  }

  #hasEnded({ number, last }: Pick<HeadRow, 'number' | 'last'>): boolean {
    const newest = this.#sql.entryAt.get(number, last)?.['text']
    return typeof newest === 'string' && isEnd(newest)
  }

  #preview(number: number): string {
    for (const row of this.#sql.newest.iterate(number, previewCharactersMax, previewEntriesMax)) {
      const text = previewOf(textOf(String(row['text'])))
      if (text !== '') return text
    }
    return ''
  }

  #mentions({ number, id }: HeadRow, words: string): boolean {
    if (id.toLowerCase().startsWith(words)) return true
    for (const row of this.#sql.allMembers.iterate(number))
      if (contains(unbound(row['id'] ?? null) ?? '', words)) return true
    for (const row of this.#sql.like.iterate(number, likeOf(words)))
      if (contains(textOf(String(row['text'])), words)) return true
    return false
  }

  #entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): LookEntries | undefined {
    const log = this.#sql.log.get(conversation) as { number: number; last: number } | undefined
    if (log === undefined) return undefined
    const last = position(log.last)
    const isForward = 'after' in range
    const rows = isForward
      ? this.#sql.entriesAfter.iterate(log.number, range.after, last)
      : this.#sql.entriesBefore.iterate(log.number, Math.min(range.before, last + 1))
    const entries: LookEntry[] = []
    let characters = 0
    for (const row of rows) {
      const entry = entryOf(row as EntryRow)
      characters += entry.text.length
      if (entries.length >= limits.entries || (entries.length > 0 && characters > limits.characters)) break
      entries.push(entry)
    }
    return { entries: isForward ? entries : entries.reverse(), last }
  }

  #before(conversation: ConversationId, shown: number): Position | undefined {
    const found = this.#sql.shownBefore.get(conversation, shown)?.['position']
    return found === undefined ? undefined : position(Number(found))
  }
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`

const entryOf = (row: EntryRow): LookEntry => {
  const audience = unbound(row.audience)
  return {
    position: position(row.position),
    text: row.text ?? '',
    audience: audience === undefined ? undefined : userId(audience),
    timestampMs: row.timestamp_ms,
    state: states[row.state],
    target: position(row.target ?? row.position),
  }
}

/** Conversations from before `started_ms` were started when their first activity was said, as far as anybody knows. */
const head = `SELECT number, id, bot, site, last, ${lastMs} AS last_ms,
  coalesce(started_ms, (SELECT timestamp_ms FROM entries WHERE conversation = number AND position = 1), seen_ms) AS started_ms
  FROM conversations`
const entryColumns = 'position, target, timestamp_ms, state, audience, text'

const prepared = (database: DatabaseSync) =>
  ({
    numbered: database.prepare(`${head} WHERE number = ?`),
    named: database.prepare(`${head} WHERE id = ?`),
    members: database.prepare('SELECT id FROM members WHERE conversation = ? ORDER BY number LIMIT 2'),
    allMembers: database.prepare('SELECT id FROM members WHERE conversation = ?'),
    failed: database.prepare(`SELECT count(*) AS count FROM turns WHERE conversation = ? AND ${isFailed}`),
    entryAt: database.prepare('SELECT text FROM entries WHERE conversation = ? AND position = ?'),
    newest: database.prepare(`SELECT text FROM entries
      WHERE conversation = ? AND state = 0 AND length(text) <= ? ORDER BY position DESC LIMIT ?`),
    like: database.prepare("SELECT text FROM entries WHERE conversation = ? AND state = 0 AND text LIKE ? ESCAPE '\\'"),
    log: database.prepare('SELECT number, last FROM conversations WHERE id = ?'),
    entriesAfter: database.prepare(
      `SELECT ${entryColumns} FROM entries WHERE conversation = ? AND position > ? AND position <= ? ORDER BY position`,
    ),
    entriesBefore: database.prepare(
      `SELECT ${entryColumns} FROM entries WHERE conversation = ? AND position < ? ORDER BY position DESC`,
    ),
    shownBefore: database.prepare(`SELECT position FROM entries
      WHERE conversation = (SELECT number FROM conversations WHERE id = ?) AND state = 0
      ORDER BY position DESC LIMIT 1 OFFSET ?`),
  }) satisfies Record<string, StatementSync>
