/**
 * Looks as queries, on connections of their own: the database does the work, and what is left to do here is done in
 * small pieces, so that nobody's message waits for it.
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
import { placed } from '../../protocol/activity.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type BotId, type ConversationId, siteId, userId } from '../../protocol/ids.ts'
import { previewOf, textOf } from '../../protocol/said.ts'
import { activityIdAt, type Position, position } from '../../protocol/watermark.ts'
import type { Connections } from './connections.ts'
import { conditionsOf, isEnding, isFailed, lastMs } from './look-filter.ts'
import { Mentions } from './mentions.ts'
import { bound, unbound } from './text.ts'

/** How many questions may be under way or wait; further ones are refused. */
const askedMax = 256

/** Conversations that are put in order at once where nobody knows how many must be looked at, and how this grows. */
const batchMin = 500
const batchGrowth = 4

/** Conversations whose content is looked through by one query, and entries read by one. */
const searchedAtOnce = 20
const entriesAtOnce = 256

/** As in the column `state`. */
const states = ['shown', 'replaced', 'erased'] as const

type PlaceRow = readonly [id: ConversationId, number: number, lastMs: number]
type HeadRow = readonly [
  id: ConversationId,
  bot: BotId,
  site: string,
  last: number,
  startedMs: number,
  lastMs: number,
  ended: boolean,
  failed: number,
  users: readonly string[],
]
type EntryRow = readonly [
  position: number,
  target: number | null,
  timestampMs: number,
  state: 0 | 1 | 2,
  audience: string | null,
  rest: string | null,
]

/** Looks into a store in PostgreSQL. */
export class PostgresLook implements Look {
  readonly #database: Connections
  readonly #mentions: Mentions
  #asked = 0
  #closed: Promise<void> | undefined

  constructor(database: Connections) {
    this.#database = database
    this.#mentions = new Mentions(database)
  }

  conversations(filter: LookFilter, from: LookPlace | number, max: number): Promise<LookPage> {
    return this.#ask(() => this.#conversations(filter, from, max))
  }

  count(filter: LookFilter): Promise<number> {
    return this.#ask(async () => {
      const { where, values } = conditionsOf(filter)
      const text = `SELECT count(*) FROM landline.conversations c ${whereOf(where)}`
      return (await this.#database.read<[number]>({ text }, values))[0]?.[0] ?? 0
    })
  }

  these(conversations: readonly ConversationId[]): Promise<readonly Looked[]> {
    return this.#ask(() => this.#looked(conversations))
  }

  entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<LookEntries | undefined> {
    return this.#ask(() => this.#entries(conversation, range, limits))
  }

  before(conversation: ConversationId, shown: number): Promise<Position | undefined> {
    return this.#ask(async () => {
      const [row] = await this.#database.read<[number]>(sql.shownBefore, [bound(conversation), shown])
      return row === undefined ? undefined : position(row[0])
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#database.close()
    return this.#closed
  }

  async #ask<Answer>(look: () => Promise<Answer>): Promise<Answer> {
    if (this.#closed !== undefined) throw new ProtocolError('Unavailable', 'The store is closed.')
    if (this.#asked >= askedMax) throw new ProtocolError('Unavailable', 'Too many are looking in at once.')
    this.#asked += 1
    try {
      return await look()
    } finally {
      this.#asked -= 1
    }
  }

  async #conversations(filter: LookFilter, from: LookPlace | number, max: number): Promise<LookPage> {
    const words = filter.words?.toLowerCase()
    // What nearly all of them are is looked at when its turn comes.
    const isPicky = words !== undefined || filter.ended === false
    const found: ConversationId[] = []
    let searched = 0
    let place = from
    let untilMs: number | undefined
    const page = async (isEnd: boolean): Promise<LookPage> => {
      const looked = new Map((await this.#looked(found)).map(one => [one.id, one]))
      const conversations = found.flatMap(id => looked.get(id) ?? [])
      return { conversations, next: isEnd || place === from ? undefined : (place as LookPlace), searched }
    }
    for (let size = isPicky ? batchMin : max; ; size *= batchGrowth) {
      const rows = await this.#inOrder(filter, place, size + 1)
      untilMs ??= performance.now() + lookMsMax
      const batch = rows.slice(0, size)
      for (let at = 0; at < batch.length; at += searchedAtOnce) {
        if (isPicky && searched > 0 && performance.now() > untilMs) return page(false)
        const some = batch.slice(at, at + searchedAtOnce)
        const fitting = isPicky ? await this.#fitting(some, words, filter.ended === false) : undefined
        for (const [id, number, last] of some) {
          if (found.length >= max) return page(false)
          searched += 1
          place = { lastMs: last, number }
          if (fitting?.has(id) !== false) found.push(id)
        }
      }
      if (rows.length <= size) return page(true)
      if (found.length >= max) return page(false)
    }
  }

  async #fitting(
    rows: readonly PlaceRow[],
    words: string | undefined,
    notEnded: boolean,
  ): Promise<ReadonlySet<ConversationId>> {
    let ids: readonly ConversationId[] = rows.map(([id]) => id)
    if (notEnded) ids = (await this.#database.read<[ConversationId]>(sql.notEnded, [ids])).map(([id]) => id)
    return words === undefined ? new Set(ids) : this.#mentions.among(ids, words)
  }

  #inOrder(filter: LookFilter, from: LookPlace | number, limit: number): Promise<readonly PlaceRow[]> {
    const { where, values } = conditionsOf(filter)
    const value = (given: number): string => `$${values.push(given)}::bigint`
    const conditions =
      typeof from === 'number'
        ? where
        : [...where, `(${lastMs}, c.number) < (${value(from.lastMs)}, ${value(from.number)})`]
    const text = `SELECT c.id, c.number, ${lastMs} AS last_ms FROM landline.conversations c ${whereOf(conditions)}
      ORDER BY last_ms DESC, c.number DESC LIMIT ${value(limit)} OFFSET ${value(typeof from === 'number' ? from : 0)}`
    return this.#database.read<PlaceRow>({ text }, values)
  }

  async #looked(ids: readonly ConversationId[]): Promise<readonly Looked[]> {
    if (ids.length === 0) return []
    const given = [ids.map(id => bound(id))]
    const heads = await this.#database.read<HeadRow>(sql.heads, given)
    const previews = new Map<ConversationId, string>()
    for (const [id, rest] of await this.#database.read<[ConversationId, string]>(sql.newest, given)) {
      const text = previews.has(id) ? '' : previewOf(textOf(`{${unbound(rest)}`))
      if (text !== '') previews.set(id, text)
    }
    return heads.map(([id, bot, site, last, startedMs, last_ms, ended, failed, users]) => ({
      id,
      bot,
      site: siteId(site),
      users: users.map(user => userId(unbound(user))),
      startedMs,
      lastMs: last_ms,
      last: position(last),
      ended,
      failed,
      preview: previews.get(id) ?? '',
    }))
  }

  async #entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<LookEntries | undefined> {
    const [log] = await this.#database.read<[number]>(sql.last, [bound(conversation)])
    if (log === undefined) return undefined
    const last = position(log[0])
    const isForward = 'after' in range
    const entries: LookEntry[] = []
    const answer = (): LookEntries => ({ entries: isForward ? entries : entries.reverse(), last })
    let characters = 0
    let from: number = isForward ? range.after : Math.min(range.before, last + 1)
    for (;;) {
      const step = Math.min(entriesAtOnce, limits.entries + 1)
      const statement = isForward ? sql.entriesAfter : sql.entriesBefore
      const rows = await this.#database.read<EntryRow>(statement, [bound(conversation), from, last, step])
      for (const row of rows) {
        const entry = entryOf(conversation, row)
        characters += entry.text.length
        if (entries.length >= limits.entries || (entries.length > 0 && characters > limits.characters)) return answer()
        entries.push(entry)
        from = entry.position
      }
      if (rows.length < step) return answer()
    }
  }
}

const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`

const entryOf = (conversation: ConversationId, row: EntryRow): LookEntry => {
  const [at, given, timestampMs, state, kept, rest] = row
  const audience = unbound(kept)
  const target = position(given ?? at)
  return {
    position: position(at),
    text: rest === null ? '' : placed(unbound(rest), activityIdAt(conversation, target), timestampMs),
    audience: audience === undefined ? undefined : userId(audience),
    timestampMs,
    state: states[state],
    target,
  }
}

const entryColumns = 'position, target, timestamp_ms, state, audience, rest'

const sql = {
  heads: {
    name: 'landline look heads',
    text: `SELECT c.id, c.bot, c.site, c.last, c.started_ms, ${lastMs}, ${isEnding},
      (SELECT count(*)::integer FROM landline.turns WHERE conversation = c.id AND ${isFailed}),
      ARRAY(SELECT m.id FROM landline.members m WHERE m.conversation = c.id ORDER BY m.number LIMIT 2)
      FROM landline.conversations c WHERE c.id = ANY ($1::text[])`,
  },
  newest: {
    name: 'landline look newest',
    text: `SELECT given.id, e.rest FROM unnest($1::text[]) AS given (id), LATERAL (
        SELECT position, rest FROM landline.entries WHERE conversation = given.id AND state = 0
          AND length(rest) <= ${previewCharactersMax} ORDER BY position DESC LIMIT ${previewEntriesMax}
      ) e WHERE strpos(e.rest, '"text":"') > 0 ORDER BY given.id, e.position DESC`,
  },
  notEnded: {
    name: 'landline look not ended',
    text: `SELECT c.id FROM landline.conversations c WHERE c.id = ANY ($1::text[]) AND NOT ${isEnding}`,
  },
  last: { name: 'landline look last', text: 'SELECT last FROM landline.conversations WHERE id = $1' },
  entriesAfter: {
    name: 'landline look after',
    text: `SELECT ${entryColumns} FROM landline.entries
      WHERE conversation = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4`,
  },
  entriesBefore: {
    name: 'landline look before',
    text: `SELECT ${entryColumns} FROM landline.entries
      WHERE conversation = $1 AND position < $2 AND position <= $3 ORDER BY position DESC LIMIT $4`,
  },
  shownBefore: {
    name: 'landline look shown before',
    text: `SELECT position FROM landline.entries WHERE conversation = $1 AND state = 0
      ORDER BY position DESC LIMIT 1 OFFSET $2`,
  },
}
