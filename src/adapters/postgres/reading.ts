/**
 * Each read as a query. Every answer is of one moment, and bounded; nothing is kept between reads, because other nodes
 * write too.
 */
import type { Bag, BagKey } from '../../domain/bag-port.ts'
import type { Conversation, Entry, Member, Page } from '../../domain/ports.ts'
import type { SettingChanges } from '../../domain/setting-port.ts'
import { placed } from '../../protocol/activity.ts'
import { type BotId, type ConversationId, siteId, type UserId, userId } from '../../protocol/ids.ts'
import { activityIdAt, beginning, type Position, position } from '../../protocol/watermark.ts'
import type { Connections, Statement } from './connections.ts'
import { bound, boundUser, unbound } from './text.ts'

type EntryRow = readonly [
  position: number | null,
  target: number | null,
  timestampMs: number,
  audience: string | null,
  rest: string | null,
]
type PageRow = readonly [...EntryRow, last: number]
type ConversationRow = readonly [
  id: string,
  bot: string,
  site: string,
  locale: string | null,
  last: number,
  lastTimestampMs: number,
  seenMs: number,
]

/** Entries read in one step of a page: some more than a frame may hold are read for nothing. */
const stepRows = 64

/** Reads from one database. */
export class Reading {
  readonly #database: Connections

  constructor(database: Connections) {
    this.#database = database
  }

  /** What there is of these conversations, in any order. */
  async conversations(ids: readonly ConversationId[]): Promise<readonly Conversation[]> {
    const rows = await this.#database.read<ConversationRow>(sql.conversations, [ids.map(id => bound(id))])
    return rows.map(conversationOf)
  }

  async newest(ids: readonly ConversationId[]): Promise<readonly Position[]> {
    if (ids.length === 0) return []
    const rows = await this.#database.read<[string, number]>(sql.newest, [ids.map(id => bound(id))])
    const lasts = new Map(rows)
    return ids.map(id => position(lasts.get(id) ?? 0))
  }

  async page(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<Page> {
    const entries: Entry[] = []
    let end = beginning
    let characters = 0
    const step = Math.min(stepRows, limits.entries + 1)
    for (;;) {
      const from = entries.at(-1)?.position ?? after
      const rows = await this.#database.read<PageRow>(sql.page, [bound(conversation), from, step])
      // Entries that come while a long page is read are left to the next one.
      if (entries.length === 0) end = position(rows[0]?.[5] ?? 0)
      for (const row of rows) {
        const entry = entryOf(conversation, row)
        if (entry === undefined || entry.position > end) return { entries, end, more: false }
        const before = entries.at(-1)
        characters += entry.text.length
        if (before !== undefined && (entries.length >= limits.entries || characters > limits.characters)) {
          return { entries, end: before.position, more: true }
        }
        entries.push(entry)
      }
      if (rows.length < step) return { entries, end, more: false }
    }
  }

  async entry(conversation: ConversationId, target: Position): Promise<Entry | undefined> {
    const [row] = await this.#database.read<EntryRow>(sql.entry, [bound(conversation), target])
    return row === undefined ? undefined : entryOf(conversation, row)
  }

  async members(conversation: ConversationId): Promise<readonly Member[]> {
    const rows = await this.#database.read<[string, string | null]>(sql.members, [bound(conversation)])
    return rows.map(([id, name]) => ({ id: userId(unbound(id)), name: unbound(name) }))
  }

  /** The bot's own join comes first. */
  async unannounced(conversation: ConversationId): Promise<readonly (UserId | undefined)[]> {
    const rows = await this.#database.read<[string | null]>(sql.unannounced, [bound(conversation)])
    return rows.map(([id]) => (id === null ? undefined : userId(unbound(id))))
  }

  async list(bot: BotId, after: ConversationId | undefined, max: number): Promise<readonly Conversation[]> {
    const rows = await this.#database.read<ConversationRow>(sql.list, [bound(bot), bound(after ?? ''), max])
    return rows.map(conversationOf)
  }

  async bag({ bot, user, conversation }: BagKey): Promise<Bag | undefined> {
    const where = [bound(conversation ?? ''), bound(bot), boundUser(user)]
    const [row] = await this.#database.read<[string, string]>(sql.bag, where)
    return row === undefined ? undefined : { data: unbound(row[0]), eTag: row[1] }
  }

  async setting(name: string): Promise<string | undefined> {
    const [row] = await this.#database.read<[string]>(sql.setting, [bound(name)])
    return unbound(row?.[0] ?? null)
  }

  async settingsSince(version: number | undefined): Promise<SettingChanges> {
    const rows = await this.#database.read<[number, string | null]>(sql.settingsSince, [version ?? null])
    return { version: rows[0]?.[0] ?? 0, names: rows.flatMap(([, name]) => (name === null ? [] : [unbound(name)])) }
  }
}

/** Undefined for the row that only tells the end of a log. */
function entryOf(conversation: ConversationId, row: EntryRow | PageRow): Entry | undefined {
  const [at, target, timestampMs, kept, rest] = row
  if (at === null) return undefined
  const audience = unbound(kept)
  const text = placed(unbound(rest ?? ''), activityIdAt(conversation, position(target ?? at)), timestampMs)
  return { position: position(at), text, audience: audience === undefined ? undefined : userId(audience) }
}

const conversationOf = ([id, bot, site, locale, last, lastTimestampMs, seenMs]: ConversationRow): Conversation => ({
  id: id as ConversationId,
  bot: bot as BotId,
  site: siteId(site),
  locale: unbound(locale),
  last: position(last),
  lastTimestampMs,
  seenMs,
})

const columns = 'id, bot, site, locale, last, last_timestamp_ms, seen_ms'

const statement = (name: string, text: string): Statement => ({ name: `landline read ${name}`, text })

const sql = {
  conversations: statement(
    'conversations',
    `SELECT ${columns} FROM landline.conversations WHERE id = ANY ($1::text[])`,
  ),
  newest: statement('newest', 'SELECT id, last FROM landline.conversations WHERE id = ANY ($1::text[])'),
  // The end of the log comes with the entries, and so from one moment.
  page: statement(
    'page',
    `SELECT e.position, e.target, e.timestamp_ms, e.audience, e.rest, c.last
    FROM landline.conversations c LEFT JOIN LATERAL (
      SELECT * FROM landline.entries WHERE conversation = $1 AND position > $2 AND state = 0 ORDER BY position LIMIT $3
    ) e ON true WHERE c.id = $1 ORDER BY e.position`,
  ),
  entry: statement(
    'entry',
    `SELECT position, target, timestamp_ms, audience, rest FROM landline.entries
    WHERE conversation = $1 AND state = 0 AND (target = $2 OR (position = $2 AND target IS NULL)) LIMIT 1`,
  ),
  members: statement('members', 'SELECT id, name FROM landline.members WHERE conversation = $1 ORDER BY number'),
  unannounced: statement(
    'unannounced',
    `SELECT id FROM (
      SELECT NULL AS id, 0 AS number FROM landline.conversations WHERE id = $1 AND NOT bot_announced
      UNION ALL SELECT id, number FROM landline.members WHERE conversation = $1 AND NOT announced
    ) AS joins ORDER BY number`,
  ),
  list: statement(
    'list',
    `SELECT ${columns} FROM landline.conversations WHERE bot = $1 AND id > $2 ORDER BY id LIMIT $3`,
  ),
  bag: statement('bag', 'SELECT data, etag FROM landline.bags WHERE conversation = $1 AND bot = $2 AND holder = $3'),
  // Names and version are of one moment.
  settingsSince: statement(
    'settingsSince',
    `SELECT v.version, s.name FROM landline.settings_version v LEFT JOIN landline.settings s ON s.version > $1::bigint`,
  ),
  setting: statement('setting', 'SELECT value FROM landline.settings WHERE name = $1'),
}
