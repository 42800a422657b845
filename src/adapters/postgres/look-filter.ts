/**
 * What people look for, as conditions of SQL.
 */
import type { LookFilter } from '../../domain/look-port.ts'
import { bound } from './text.ts'

/** When a conversation was last used, for its place in a list. */
export const lastMs = '(CASE WHEN c.last_timestamp_ms > 0 THEN c.last_timestamp_ms ELSE c.started_ms END)'

/** Whether the newest activity ended a conversation: `type` is the first member that is kept of every activity. */
export const isEnding = `EXISTS (SELECT 1 FROM landline.entries e WHERE e.conversation = c.id AND e.position = c.last
  AND starts_with(e.rest, '"type":"endOfConversation"'))`

/**
 * Of a kept turn, whose text is JSON of ours. As the index over these has it, to the letter. What it holds is sought as
 * text, in which no quote within a string stands by itself: read as JSON, one turn with a NUL in what a client called its
 * activity would fail the whole query.
 */
export const isFailed = `strpos(text, '"outcome":"ok"') = 0`

/** The conditions of a filter but for its words and for not having ended, and what stands for their `$1`, `$2` and so on. */
export function conditionsOf(filter: LookFilter): { readonly where: readonly string[]; readonly values: unknown[] } {
  const where: string[] = []
  const values: unknown[] = []
  const add = (condition: string, value: unknown) => {
    values.push(value)
    where.push(condition.replace('$', () => `$${values.length}`))
  }
  const { bot, user, among, except, ended, failed, sinceMs, untilMs } = filter
  if (bot !== undefined) add('c.bot = $', bound(bot))
  if (among !== undefined)
    add(
      'c.id = ANY ($::text[])',
      among.map(id => bound(id)),
    )
  if (except !== undefined && except.length > 0)
    add(
      'c.id <> ALL ($::text[])',
      except.map(id => bound(id)),
    )
  if (user !== undefined)
    add('EXISTS (SELECT 1 FROM landline.members m WHERE m.conversation = c.id AND m.id = $)', bound(user))
  if (ended === true) where.push(isEnding)
  const failedIn = `c.id IN (SELECT conversation FROM landline.turns WHERE ${isFailed}`
  if (failed === 'any') where.push(`${failedIn})`)
  else if (failed !== undefined) add(`${failedIn} AND strpos(text, $) > 0)`, `"problem":${JSON.stringify(failed)}`)
  if (sinceMs !== undefined) add(`${lastMs} >= $::bigint`, sinceMs)
  if (untilMs !== undefined) add(`${lastMs} < $::bigint`, untilMs)
  return { where, values }
}

/**
 * A pattern for ILIKE, with `\` as its escape, that fits the JSON text of whatever contains the words; and of some that do
 * not, because the case is known of ASCII letters only.
 */
export function likeOf(words: string): string {
  const inJson = JSON.stringify(words).slice(1, -1)
  return `%${inJson.replace(/[\\%_]/g, '\\$&').replace(/[^\x20-\x7e]+/g, '%')}%`
}
