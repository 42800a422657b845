/**
 * Each read as a query on the reading connection. Nothing here waits, and every answer is bounded.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Bag, BagKey } from '../../domain/bag-port.ts'
import type { Conversation, Entry, Member, Page } from '../../domain/ports.ts'
import { type BotId, type ConversationId, siteId, type UserId, userId } from '../../protocol/ids.ts'
import { type Position, position } from '../../protocol/watermark.ts'
import { boundUser, unbound } from './text.ts'

type EntryRow = { position: number; text: string; audience: unknown }
type MemberRow = { id: unknown; name: unknown }
type ConversationRow = {
  id: string
  bot: string
  site: string
  locale: unknown
  last: number
  last_timestamp_ms: number
  seen_ms: number
}

/** Reads from one connection. */
export class Reading {
  readonly #sql: ReturnType<typeof prepared>

  constructor(database: DatabaseSync) {
    this.#sql = prepared(database)
  }

  conversation(id: ConversationId): Conversation | undefined {
    const row = this.#sql.conversation.get(id)
    return row === undefined ? undefined : conversationOf(row as ConversationRow)
  }

  /**
   * The end of the log is read first and then the entries up to it, so that what is appended between the two
   * queries belongs to the next page.
   */
  page(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Page {
    const log = this.#sql.log.get(conversation) as { number: number; last: number } | undefined
    const end = position(log?.last ?? 0)
    const entries: Entry[] = []
    if (log === undefined || after >= end) return { entries, end, more: false }
    let characters = 0
    for (const row of this.#sql.entriesAfter.iterate(log.number, after, end)) {
      const entry = entryOf(row as EntryRow)
      const before = entries.at(-1)
      characters += entry.text.length
      if (before !== undefined && (entries.length >= limits.entries || characters > limits.characters)) {
        return { entries, end: before.position, more: true }
      }
      entries.push(entry)
    }
    return { entries, end, more: false }
  }

  entry(conversation: ConversationId, target: Position): Entry | undefined {
    const row = this.#sql.laterVersion.get(conversation, target) ?? this.#sql.firstVersion.get(conversation, target)
    return row === undefined ? undefined : entryOf(row as EntryRow)
  }

  members(conversation: ConversationId): readonly Member[] {
    return this.#sql.members.all(conversation).map(row => memberOf(row as MemberRow))
  }

  unannounced(conversation: ConversationId): readonly (UserId | undefined)[] {
    const members = this.#sql.unannounced.all(conversation).map(row => memberOf(row as MemberRow).id)
    return this.#sql.botUnannounced.get(conversation) === undefined ? members : [undefined, ...members]
  }

  list(bot: BotId, after: ConversationId | undefined, max: number): readonly Conversation[] {
    return this.#sql.list.all(bot, after ?? '', max).map(row => conversationOf(row as ConversationRow))
  }

  bag({ bot, user, conversation }: BagKey): Bag | undefined {
    const row = this.#sql.bag.get(bot, boundUser(user), conversation ?? null, conversation ?? null)
    return row === undefined ? undefined : { data: String(row['data']), eTag: String(row['etag']) }
  }

  setting(name: string): string | undefined {
    return unbound(this.#sql.setting.get(name)?.['value'] ?? null)
  }
}

const entryOf = (row: EntryRow): Entry => {
  const audience = unbound(row.audience)
  return {
    position: position(row.position),
    text: row.text,
    audience: audience === undefined ? undefined : userId(audience),
  }
}

const memberOf = (row: MemberRow): Member => ({ id: userId(unbound(row.id) ?? ''), name: unbound(row.name) })

const conversationOf = (row: ConversationRow): Conversation => ({
  id: row.id as ConversationId,
  bot: row.bot as BotId,
  site: siteId(row.site),
  locale: unbound(row.locale),
  last: position(row.last),
  lastTimestampMs: row.last_timestamp_ms,
  seenMs: row.seen_ms,
})

const columns = 'id, bot, site, locale, last, last_timestamp_ms, seen_ms'
const numberOf = '(SELECT number FROM conversations WHERE id = ?)'

const prepared = (database: DatabaseSync) => ({
  conversation: database.prepare(`SELECT ${columns} FROM conversations WHERE id = ?`),
  log: database.prepare('SELECT number, last FROM conversations WHERE id = ?'),
  entriesAfter: database.prepare(
    'SELECT position, text, audience FROM entries WHERE conversation = ? AND position > ? AND position <= ? AND state = 0 ORDER BY position',
  ),
  laterVersion: database.prepare(
    `SELECT position, text, audience FROM entries WHERE conversation = ${numberOf} AND target = ? AND state = 0`,
  ),
  firstVersion: database.prepare(
    `SELECT position, text, audience FROM entries WHERE conversation = ${numberOf} AND position = ? AND target IS NULL AND state = 0`,
  ),
  members: database.prepare(`SELECT id, name FROM members WHERE conversation = ${numberOf} ORDER BY number`),
  unannounced: database.prepare(
    `SELECT id, name FROM members WHERE conversation = ${numberOf} AND announced = 0 ORDER BY number`,
  ),
  botUnannounced: database.prepare('SELECT 1 FROM conversations WHERE id = ? AND bot_announced = 0'),
  list: database.prepare(`SELECT ${columns} FROM conversations WHERE bot = ? AND id > ? ORDER BY id LIMIT ?`),
  // A conversation that is gone has no number, and so no bag.
  bag: database.prepare(`SELECT data, etag FROM bags WHERE bot = ? AND user = ?
    AND ifnull(conversation, 0) = CASE WHEN ? IS NULL THEN 0 ELSE ${numberOf} END`),
  setting: database.prepare('SELECT value FROM settings WHERE name = ?'),
})
