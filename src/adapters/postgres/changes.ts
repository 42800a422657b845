/**
 * What can be changed, and each change but an append as the statement that makes it.
 *
 * Whoever loses the connection before the answer does not know whether a change was made. So every change may be made
 * twice: it carries a name of its own, its `send`, is found to be there already the second time, and is answered as it
 * would have been the first time.
 */
import { randomBytes } from 'node:crypto'
import type { BagKey } from '../../domain/bag-port.ts'
import type { Append, Conversation, Member, TurnState } from '../../domain/ports.ts'
import type { KeptTurn } from '../../domain/turn-port.ts'
import type { BotId, ConversationId, UserId } from '../../protocol/ids.ts'
import type { Connections, Statement } from './connections.ts'
import { bound, boundUser, ownName } from './text.ts'

/** How far the noted time of last use may lag behind: milliseconds. Noting every use would move an index entry each time. */
export const seenLagMs = 60_000

/** An entry to be written. */
export type AppendChange = {
  readonly kind: 'append'
  readonly request: Append
  /** On a replace: the position in the id, and whether what gives way is erased. */
  readonly target: { readonly position: number; readonly erase: boolean } | undefined
  readonly send: string
}

/** An entry whose turn the bot has accepted. */
export type SettleChange = {
  readonly kind: 'settle'
  readonly conversation: ConversationId
  readonly position: number
}

/** A change that is a statement of its own. */
export type SingleChange = {
  readonly kind: 'single'
  make(database: Connections): Promise<unknown>
}

/** Every change there is. Appends and settled entries go in groups. */
export type Change = AppendChange | SettleChange | SingleChange

/** What came of writing an entry. `target` is the position in its id: its own, unless it replaces another. */
export type Written =
  | {
      readonly outcome: 'appended' | 'repeated'
      readonly position: number
      readonly target: number
      readonly timestampMs: number
      readonly turn: TurnState
    }
  | { readonly outcome: 'full' | 'unknown' | 'missing' }

/** Names sends: never the same twice, whatever other stores do. */
export class Sends {
  readonly #store = randomBytes(9).toString('base64url')
  #count = 0

  /** A new name. */
  next(): string {
    this.#count += 1
    return ownName(`${this.#store}${this.#count.toString(36)}`)
  }
}

/** A change that is made by one statement, whose rows are made the answer. */
const single = <Row extends readonly unknown[], Answer>(
  statement: Statement,
  values: readonly unknown[],
  answer: (rows: readonly Row[]) => Answer,
): SingleChange & { make(database: Connections): Promise<Answer> } => ({
  kind: 'single',
  make: async database => answer(await database.query<Row>(statement, values)),
})

const nothing = (): void => undefined

/** Answers whether it was started. */
export const start = (
  { id, bot, site, locale }: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
  user: Member | undefined,
  atMs: number,
  send: string,
) =>
  single<[boolean], boolean>(
    sql.start,
    [id, bot, site, bound(locale), atMs, send, seenLagMs, bound(user?.id), bound(user?.name)],
    rows => rows[0]?.[0] === true,
  )

/** Answers whether somebody has become a member, was one, or there is no such conversation of the bot. */
export const join = (conversation: ConversationId, bot: BotId, { id, name }: Member, send: string) =>
  single<['joined' | 'already' | 'unknown'], 'joined' | 'already' | 'unknown'>(
    sql.join,
    [conversation, bot, bound(id), bound(name), send],
    rows => rows[0]?.[0] ?? 'unknown',
  )

/** Takes somebody out. */
export const leave = (conversation: ConversationId, member: UserId) =>
  single(sql.leave, [conversation, bound(member)], nothing)

/** Notes that the bot has been told of joins; undefined is its own. */
export const announced = (conversation: ConversationId, members: readonly (UserId | undefined)[]) => {
  const people = members.filter(member => member !== undefined).map(member => bound(member))
  return single(sql.announced, [conversation, people.length < members.length, people], nothing)
}

/** Ends the turn that a send holds on an entry. */
export const release = (conversation: ConversationId, position: number, send: string) =>
  single(sql.release, [conversation, position, send], nothing)

/** Notes that a conversation is in use. */
export const touch = (conversation: ConversationId, atMs: number) =>
  single(sql.touch, [conversation, atMs, seenLagMs], nothing)

/** Forgets a conversation with all that belongs to it. */
export const forget = (conversation: ConversationId) => single(sql.forget, [[conversation], null], nothing)

/** Chooses once: of those chosen, any that are gone have been forgotten, also by a time whose answer was lost. */
export function forgetUnused(beforeMs: number, max: number) {
  let chosen: readonly string[] | undefined
  return {
    kind: 'single',
    async make(database: Connections): Promise<readonly ConversationId[]> {
      chosen ??= (await database.query<[string]>(sql.unused, [beforeMs, max])).map(([id]) => id)
      if (chosen.length === 0) return []
      const [row] = await database.query<[readonly ConversationId[]]>(sql.forget, [chosen, beforeMs])
      return row?.[0] ?? []
    },
  } as const satisfies SingleChange
}

/** Answers the new eTag, or `stale`. Who makes it a second time and finds it there is not stale. */
export const putBag = (key: BagKey, data: string, expected: string | undefined) => {
  const eTag = randomBytes(8).toString('hex').toUpperCase()
  const where = [key.conversation ?? '', key.bot, boundUser(key.user)]
  const answer = (rows: readonly unknown[][]) => (rows.length === 0 ? ('stale' as const) : { eTag })
  if (expected !== undefined) return single(sql.changeBag, [...where, bound(data), eTag, expected], answer)
  const statement = key.conversation === undefined ? sql.putUserBag : sql.putBag
  return single(statement, [...where, bound(data), eTag], answer)
}

/** Removes all data of a bot about a user. */
export const dropBags = (bot: BotId, user: UserId) => single(sql.dropBags, [bot, boundUser(user)], nothing)

/** Keeps a setting, whatever was there. */
export const putSetting = (name: string, value: string, send: string) =>
  single(sql.putSetting, [bound(name), bound(value), false, null, send], nothing)

/** Answers whether it was put. */
export const putSettingIf = (name: string, value: string, expected: string | undefined, send: string) =>
  single<[boolean], boolean>(
    sql.putSetting,
    [bound(name), bound(value), true, bound(expected), send],
    rows => rows[0]?.[0] === true,
  )

/** Writes what nobody looks at, beside the order of all other settings. */
export const probe = (value: string) => single(sql.probe, [value], nothing)

/** Of several with one id the last is kept, in the place of the first. */
export function putTurns(turns: readonly KeptTurn[]) {
  const kept = [...new Map(turns.map(turn => [turn.id, turn])).values()]
  const columns = [
    kept.map(({ conversation }) => conversation),
    kept.map(({ id }) => bound(id)),
    kept.map(({ first }) => first ?? null),
    kept.map(({ last }) => last ?? null),
    kept.map(({ startedMs }) => startedMs),
    kept.map(({ text }) => bound(text)),
    kept.map(({ exchange }) => bound(exchange)),
  ]
  return single(sql.putTurns, columns, nothing)
}

/** Forgets what went to the bot and came back in turns that reach over a position. */
export const eraseExchanges = (conversation: ConversationId, position: number) =>
  single(sql.eraseExchanges, [conversation, position], nothing)

/** Answers how many. */
export const forgetTurns = (beforeMs: number, keep: number, max: number) =>
  single<[number], number>(sql.forgetTurns, [beforeMs, keep, max], rows => rows[0]?.[0] ?? 0)

/** Names say which version of a statement it is, so none is ever another's. */
const statement = (name: string, text: string): Statement => ({ name: `landline ${name}`, text })

const sql = {
  start: statement('start', 'SELECT landline.start_1($1, $2, $3, $4, $5, $6, $7, $8, $9)'),
  join: statement('join', 'SELECT landline.join_1($1, $2, $3, $4, $5)'),
  leave: statement('leave', 'DELETE FROM landline.members WHERE conversation = $1 AND id = $2'),
  announced: statement(
    'announced',
    `WITH bot AS (UPDATE landline.conversations SET bot_announced = true WHERE id = $1 AND $2 AND NOT bot_announced)
    UPDATE landline.members SET announced = true WHERE conversation = $1 AND id = ANY ($3::text[])`,
  ),
  release: statement(
    'release',
    `UPDATE landline.entries SET turn_until = NULL
    WHERE conversation = $1 AND position = $2 AND coalesce(turn_send, send, key) = $3`,
  ),
  touch: statement(
    'touch',
    'UPDATE landline.conversations SET seen_ms = $2 WHERE id = $1 AND seen_ms <= $2 - $3::bigint',
  ),
  unused: statement('unused', 'SELECT id FROM landline.conversations WHERE seen_ms < $1 ORDER BY seen_ms LIMIT $2'),
  forget: statement('forget', 'SELECT landline.forget_1($1, $2)'),
  changeBag: statement(
    'changeBag',
    `UPDATE landline.bags SET data = $4, etag = $5
    WHERE conversation = $1 AND bot = $2 AND holder = $3 AND etag IN ($5, $6) RETURNING 1`,
  ),
  putUserBag: statement(
    'putUserBag',
    `INSERT INTO landline.bags (conversation, bot, holder, data, etag) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (conversation, bot, holder) DO UPDATE SET data = excluded.data, etag = excluded.etag RETURNING 1`,
  ),
  putBag: statement(
    'putBag',
    `INSERT INTO landline.bags (conversation, bot, holder, data, etag)
    SELECT c.id, $2::text, $3::text, $4::text, $5::text FROM landline.conversations c
    WHERE c.id = $1 AND c.bot = $2 FOR KEY SHARE
    ON CONFLICT (conversation, bot, holder) DO UPDATE SET data = excluded.data, etag = excluded.etag RETURNING 1`,
  ),
  dropBags: statement('dropBags', 'DELETE FROM landline.bags WHERE bot = $1 AND holder = $2'),
  putSetting: statement('putSetting', 'SELECT landline.put_setting_1($1, $2, $3, $4, $5)'),
  probe: statement(
    'probe',
    `INSERT INTO landline.settings (name, value, version) VALUES ('probe', $1, 0)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  ),
  // A conversation that is gone takes no turn.
  putTurns: statement(
    'putTurns',
    `INSERT INTO landline.turns AS kept (conversation, id, first, last, started_ms, text, exchange)
    SELECT t.conversation, t.id, t.first, t.last, t.started_ms, t.text, t.exchange
    FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::bigint[], $6::text[], $7::text[])
      WITH ORDINALITY AS t (conversation, id, first, last, started_ms, text, exchange, ordinal)
    JOIN (SELECT id FROM landline.conversations WHERE id = ANY ($1::text[]) ORDER BY id FOR KEY SHARE) c
      ON c.id = t.conversation
    ORDER BY t.ordinal
    ON CONFLICT (conversation, id) DO UPDATE
      SET first = excluded.first, last = excluded.last, text = excluded.text,
        exchange = CASE WHEN kept.exchange IS NOT NULL THEN excluded.exchange END`,
  ),
  eraseExchanges: statement(
    'eraseExchanges',
    'UPDATE landline.turns SET exchange = NULL WHERE conversation = $1 AND first <= $2 AND last >= $2',
  ),
  // Numbers have gaps: the newest are counted, not reckoned.
  forgetTurns: statement(
    'forgetTurns',
    `WITH oldest AS (SELECT number, started_ms FROM landline.turns ORDER BY number LIMIT $3), gone AS (
      DELETE FROM landline.turns WHERE number IN (SELECT number FROM oldest WHERE started_ms < $1 OR number <=
        coalesce((SELECT number FROM landline.turns ORDER BY number DESC LIMIT 1 OFFSET $2), -1)) RETURNING 1)
    SELECT count(*)::integer FROM gone`,
  ),
}
