/**
 * Each read as a query on the reading connection. Nothing here waits, and every answer is bounded.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Bag, BagKey } from '../../domain/bag-port.ts'
import type { Conversation, Entry, Member, Page } from '../../domain/ports.ts'
import { type BotId, type ConversationId, siteId, type UserId, userId } from '../../protocol/ids.ts'
import { beginning, type Position, position } from '../../protocol/watermark.ts'
import { boundUser, unbound } from './text.ts'

type EntryRow = { position: number; text: string; audience: unknown }
/** The end of the log, and an entry; null where there is none. Arrays, which cost less to make than objects. */
type PageRow = readonly [last: number, position: number | null, text: string, audience: unknown]
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

  newest(id: ConversationId): Position {
    return position(Number(this.#sql.newest.get(id)?.['last'] ?? 0))
  }

  /**
   * The end of the log comes with the entries in one query, and so from one state of the file; a second query would also
   * be a second round of SQLite's locks, which cost more than reading some entries. Row by row: texts may be long, and
   * what does not fit must not be read.
   */
  page(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Page {
    const entries: Entry[] = []
    let end = beginning
    let characters = 0
    for (const row of this.#sql.page.iterate(after, conversation)) {
      const [last, at, text, audience] = row as unknown as PageRow
      end = position(last)
      if (at === null) break
      const before = entries.at(-1)
      characters += text.length
      if (before !== undefined && (entries.length >= limits.entries || characters > limits.characters)) {
        return { entries, end: before.position, more: true }
      }
      entries.push(entryOf(at, text, audience))
    }
    return { entries, end, more: false }
  }

  entry(conversation: ConversationId, target: Position): Entry | undefined {
    const row = this.#sql.laterVersion.get(conversation, target) ?? this.#sql.firstVersion.get(conversation, target)
    if (row === undefined) return undefined
    const { position: at, text, audience } = row as EntryRow
    return entryOf(at, text, audience)
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

const entryOf = (at: number, text: string, bound: unknown): Entry => {
  const audience = unbound(bound)
  return { position: position(at), text, audience: audience === undefined ? undefined : userId(audience) }
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

const inArrays = (statement: StatementSync): StatementSync => {
  statement.setReturnArrays(true)
  return statement
}

const prepared = (database: DatabaseSync) => ({
  conversation: database.prepare(`SELECT ${columns} FROM conversations WHERE id = ?`),
  newest: database.prepare('SELECT last FROM conversations WHERE id = ?'),
  page: inArrays(
    database.prepare(`SELECT last, position, text, audience
      FROM conversations LEFT JOIN entries ON conversation = number AND position > ? AND state = 0
      WHERE id = ? ORDER BY position`),
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
