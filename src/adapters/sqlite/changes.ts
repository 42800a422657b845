/**
 * Each kind of change as the statements that make it, on the writing connection. The caller has opened a
 * transaction, and rolls it back if anything here throws.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { LogLimits, Member } from '../../domain/ports.ts'
import { placed } from '../../protocol/activity.ts'
import type { ConversationId, UserId } from '../../protocol/ids.ts'
import { activityIdAt, position } from '../../protocol/watermark.ts'
import { chained } from './chain.ts'
import type { AppendCommand, Command, Result, Results, Written } from './commands.ts'
import { bound, boundUser } from './text.ts'
import { TurnChanges } from './turn-changes.ts'

/** How far the noted time of last use may lag behind: milliseconds. Noting every use would move an index entry each time. */
const seenLagMs = 60_000

/** As in the column `state`. */
const gaveWay = 1
const erased = 2

type ConversationRow = {
  number: number
  last: number
  last_timestamp_ms: number
  characters: number
  seen_ms: number
  hash: Uint8Array
}
type EntryRow = { position: number; target: number | null; timestamp_ms: number; state: number }

/** Makes changes on one connection. */
export class Changes {
  readonly #limits: LogLimits
  readonly #sql: ReturnType<typeof prepared>
  readonly #turns: TurnChanges

  constructor(database: DatabaseSync, limits: LogLimits) {
    this.#limits = limits
    this.#sql = prepared(database)
    this.#turns = new TurnChanges(database)
  }

  /** Makes one change. */
  make(command: Command): Result {
    switch (command.kind) {
      case 'append':
        return this.#append(command)
      case 'start':
        return this.#start(command)
      case 'settle':
        this.#sql.settle.run(command.position, command.conversation, command.position)
        return undefined
      case 'join':
        return this.#join(command)
      case 'leave':
        this.#sql.leave.run(bound(command.member), command.conversation)
        return undefined
      case 'announced':
        for (const member of command.members) this.#announced(command.conversation, member)
        return undefined
      case 'touch':
        this.#sql.touch.run(command.atMs, command.conversation, command.atMs - seenLagMs)
        return undefined
      case 'forgetUnused':
        return this.#sql.forgetUnused.all(command.beforeMs, command.max).map(row => row['id'] as ConversationId)
      case 'forget':
        this.#sql.forget.run(command.conversation)
        return undefined
      case 'putBag':
        return this.#putBag(command)
      case 'dropBags':
        this.#sql.dropBags.run(command.bot, boundUser(command.user))
        return undefined
      case 'putSetting':
        this.#sql.putSetting.run(bound(command.name), bound(command.value))
        return undefined
      case 'putSettingIf':
        return this.#putSettingIf(command)
      case 'putTurns':
        this.#turns.put(command)
        return undefined
      case 'eraseExchanges':
        this.#turns.erase(command)
        return undefined
      case 'forgetTurns':
        return this.#turns.forget(command)
      default:
        return command satisfies never
    }
  }

  #putSettingIf({ name, value, expected }: Extract<Command, { kind: 'putSettingIf' }>): boolean {
    const { addSetting, changeSetting } = this.#sql
    const { changes } =
      expected === undefined
        ? addSetting.run(bound(name), bound(value))
        : changeSetting.run(bound(value), bound(name), bound(expected))
    return changes === 1
  }

  #append(command: AppendCommand): Written {
    const conversation = this.#sql.conversation.get(command.conversation, command.bot) as ConversationRow | undefined
    if (conversation === undefined) return { outcome: 'unknown' }
    const key = bound(command.key)
    if (key !== null) {
      const known = this.#sql.keyed.get(conversation.number, key) as (EntryRow & { accepted: number }) | undefined
      if (known !== undefined) return { outcome: 'repeated', ...placeOf(known), accepted: known.accepted === 1 }
    }
    if (command.target === undefined) return this.#write(command, conversation, undefined)
    const target = this.#sql.entry.get(conversation.number, command.target.position) as EntryRow | undefined
    if (target === undefined || target.target !== null || target.state === erased) return { outcome: 'missing' }
    return this.#write(command, conversation, target)
  }

  #write(command: AppendCommand, conversation: ConversationRow, target: EntryRow | undefined): Written {
    const at = conversation.last + 1
    const timestampMs = target?.timestamp_ms ?? Math.max(command.atMs, conversation.last_timestamp_ms + 1)
    const first = target?.position ?? at
    const text = placed(command.rest, activityIdAt(command.conversation, position(first)), timestampMs)
    const characters = conversation.characters + text.length
    const erases = command.target?.erase === true
    if (!erases && (at > this.#limits.entriesMax || characters > this.#limits.charactersMax)) return { outcome: 'full' }
    if (target !== undefined) this.#giveWay(conversation.number, first, erases)
    const hash = chained(conversation.hash, at, text)
    const sql = this.#sql
    sql.insertEntry.run(
      conversation.number,
      at,
      target === undefined ? null : first,
      timestampMs,
      bound(command.audience),
      hash,
      text,
    )
    if (command.key !== undefined) sql.insertKey.run(conversation.number, bound(command.key), at)
    sql.advance.run(at, Math.max(timestampMs, conversation.last_timestamp_ms), characters, hash, conversation.number)
    if (command.atMs >= conversation.seen_ms + seenLagMs) sql.seen.run(command.atMs, conversation.number)
    return { outcome: 'appended', position: at, target: first, timestampMs }
  }

  #giveWay(conversation: number, target: number, erases: boolean): void {
    const sql = this.#sql
    for (const statement of erases ? [sql.eraseFirst, sql.eraseLater] : [sql.passOverFirst, sql.passOverLater]) {
      statement.run(conversation, target)
    }
  }

  #start(command: Extract<Command, { kind: 'start' }>): Results['start'] {
    const { id, bot, site, locale } = command.conversation
    const started = this.#sql.start.run(id, bot, site, bound(locale), command.atMs, command.atMs).changes === 1
    if (!started) this.#sql.touchOfBot.run(command.atMs, id, command.atMs - seenLagMs, bot)
    if (command.user !== undefined) this.#addMember(id, bot, command.user)
    return started
  }

  #join(command: Extract<Command, { kind: 'join' }>): Results['join'] {
    if (this.#addMember(command.conversation, command.bot, command.member)) return 'joined'
    return this.#sql.conversation.get(command.conversation, command.bot) === undefined ? 'unknown' : 'already'
  }

  #addMember(conversation: string, bot: string, member: Member): boolean {
    return this.#sql.join.run(bound(member.id), bound(member.name), conversation, bot).changes === 1
  }

  #putBag({ key, data, expected }: Extract<Command, { kind: 'putBag' }>): Results['putBag'] {
    const { bot, user, conversation } = key
    const number = conversation === undefined ? null : this.#sql.conversation.get(conversation, bot)?.['number']
    if (number === undefined) return 'stale'
    const where = [bot, boundUser(user), number] as const
    if (expected !== undefined && this.#sql.bag.get(...where)?.['etag'] !== expected) return 'stale'
    return { eTag: String(this.#sql.putBag.get(...where, data)?.['etag']) }
  }

  #announced(conversation: string, member: UserId | undefined): void {
    if (member === undefined) this.#sql.botAnnounced.run(conversation)
    else this.#sql.memberAnnounced.run(bound(member), conversation)
  }
}

const placeOf = (row: EntryRow) => ({
  position: row.position,
  target: row.target ?? row.position,
  timestampMs: row.timestamp_ms,
})

const numberOf = '(SELECT number FROM conversations WHERE id = ?)'

const prepared = (database: DatabaseSync) => ({
  conversation: database.prepare(
    'SELECT number, last, last_timestamp_ms, characters, seen_ms, hash FROM conversations WHERE id = ? AND bot = ?',
  ),
  keyed: database.prepare(`SELECT position, target, timestamp_ms, state,
      EXISTS (SELECT 1 FROM settled WHERE settled.conversation = keys.conversation AND settled.position = keys.position) AS accepted
    FROM keys JOIN entries USING (conversation, position) WHERE conversation = ? AND key = ?`),
  entry: database.prepare(
    'SELECT position, target, timestamp_ms, state FROM entries WHERE conversation = ? AND position = ?',
  ),
  insertEntry: database.prepare(
    'INSERT INTO entries (conversation, position, target, timestamp_ms, audience, hash, text) VALUES (?, ?, ?, ?, ?, ?, ?)',
  ),
  insertKey: database.prepare('INSERT INTO keys (conversation, key, position) VALUES (?, ?, ?)'),
  advance: database.prepare(
    'UPDATE conversations SET last = ?, last_timestamp_ms = ?, characters = ?, hash = ? WHERE number = ?',
  ),
  seen: database.prepare('UPDATE conversations SET seen_ms = ? WHERE number = ?'),
  passOverFirst: database.prepare(`UPDATE entries SET state = ${gaveWay} WHERE conversation = ? AND position = ?`),
  passOverLater: database.prepare(
    `UPDATE entries SET state = ${gaveWay} WHERE conversation = ? AND target = ? AND state = 0`,
  ),
  eraseFirst: database.prepare(
    `UPDATE entries SET state = ${erased}, text = NULL WHERE conversation = ? AND position = ?`,
  ),
  eraseLater: database.prepare(
    `UPDATE entries SET state = ${erased}, text = NULL WHERE conversation = ? AND target = ?`,
  ),
  start: database.prepare(
    'INSERT INTO conversations (id, bot, site, locale, seen_ms, started_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  touch: database.prepare('UPDATE conversations SET seen_ms = ? WHERE id = ? AND seen_ms <= ?'),
  touchOfBot: database.prepare('UPDATE conversations SET seen_ms = ? WHERE id = ? AND seen_ms <= ? AND bot = ?'),
  settle: database.prepare(
    'INSERT INTO settled SELECT number, ? FROM conversations WHERE id = ? AND last >= ? ON CONFLICT DO NOTHING',
  ),
  join: database.prepare(
    'INSERT INTO members (conversation, id, name) SELECT number, ?, ? FROM conversations WHERE id = ? AND bot = ? ON CONFLICT DO NOTHING',
  ),
  leave: database.prepare(`DELETE FROM members WHERE id = ? AND conversation = ${numberOf}`),
  botAnnounced: database.prepare('UPDATE conversations SET bot_announced = 1 WHERE id = ?'),
  memberAnnounced: database.prepare(`UPDATE members SET announced = 1 WHERE id = ? AND conversation = ${numberOf}`),
  forgetUnused: database.prepare(`DELETE FROM conversations WHERE number IN
    (SELECT number FROM conversations WHERE seen_ms < ? ORDER BY seen_ms LIMIT ?) RETURNING id`),
  forget: database.prepare('DELETE FROM conversations WHERE id = ?'),
  bag: database.prepare('SELECT etag FROM bags WHERE bot = ? AND user = ? AND ifnull(conversation, 0) = ifnull(?, 0)'),
  putBag:
    database.prepare(`INSERT INTO bags (bot, user, conversation, data, etag) VALUES (?, ?, ?, ?, hex(randomblob(8)))
    ON CONFLICT (bot, user, ifnull(conversation, 0)) DO UPDATE SET data = excluded.data, etag = excluded.etag RETURNING etag`),
  dropBags: database.prepare('DELETE FROM bags WHERE bot = ? AND user = ?'),
  putSetting: database.prepare(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  ),
  addSetting: database.prepare('INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING'),
  changeSetting: database.prepare('UPDATE settings SET value = ? WHERE name = ? AND value = ?'),
})
