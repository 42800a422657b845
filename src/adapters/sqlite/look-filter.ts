/**
 * What people look for, as conditions of SQL.
 */
import type { LookFilter } from '../../domain/look-port.ts'
import { bound } from './text.ts'

/** What can stand for a `?`. */
type Bindable = string | number | null | Uint8Array

/** When a conversation was last used, for its place in a list. */
export const lastMs = '(CASE WHEN last_timestamp_ms > 0 THEN last_timestamp_ms ELSE ifnull(started_ms, seen_ms) END)'

/** `type` is the third member of every stored activity; the first two are short. */
const isEnding = `EXISTS (SELECT 1 FROM entries WHERE conversation = conversations.number AND position = conversations.last
  AND substr(text, 1, 160) LIKE '{"id":"%","timestamp":"${'_'.repeat(24)}","type":"endOfConversation"%')`

/** Of a kept turn, whose text is JSON of ours. As the index over these has it, to the letter. */
export const isFailed = `instr(text, '"outcome":"ok"') = 0`

/** The conditions of a filter but for its words and for not having ended, and what stands for their `?`, in order. */
export function conditionsOf(filter: LookFilter): {
  readonly where: readonly string[]
  readonly values: readonly Bindable[]
} {
  const where: string[] = []
  const values: Bindable[] = []
  const add = (condition: string, ...given: readonly Bindable[]) => {
    where.push(condition)
    values.push(...given)
  }
  const { bot, user, among, except, ended, failed, sinceMs, untilMs } = filter
  if (bot !== undefined) add('bot = ?', bot)
  if (among !== undefined) add('id IN (SELECT value FROM json_each(?))', JSON.stringify(among))
  if (except !== undefined && except.length > 0)
    add('id NOT IN (SELECT value FROM json_each(?))', JSON.stringify(except))
  if (user !== undefined)
    add(
      'EXISTS (SELECT 1 FROM members WHERE members.conversation = conversations.number AND members.id = ?)',
      bound(user),
    )
  if (ended === true) where.push(isEnding)
  if (failed === 'any') where.push(`number IN (SELECT conversation FROM turns WHERE ${isFailed})`)
  else if (failed !== undefined)
    add(`number IN (SELECT conversation FROM turns WHERE ${isFailed} AND json_extract(text, '$.problem') = ?)`, failed)
  if (sinceMs !== undefined) add(`${lastMs} >= ?`, sinceMs)
  if (untilMs !== undefined) add(`${lastMs} < ?`, untilMs)
  return { where, values }
}

/**
 * A pattern for LIKE, with `\` as its escape, that fits the JSON text of whatever contains the words; and of some that
 * do not, because LIKE knows the case of ASCII letters only.
 */
export function likeOf(words: string): string {
  const inJson = JSON.stringify(words).slice(1, -1)
  return `%${inJson.replace(/[\\%_]/g, '\\$&').replace(/[^\x20-\x7e]+/g, '%')}%`
}
