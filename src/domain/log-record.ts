/**
 * An entry of the log as people who look in are shown it.
 */
import type { LogRecord } from '../protocol/admin-conversations.ts'
import { isObject, type JsonObject } from '../protocol/fields.ts'
import { activityOf } from '../protocol/said.ts'
import { position } from '../protocol/watermark.ts'
import type { LookEntry } from './look-port.ts'
import type { Entry } from './ports.ts'
import { nobody } from './stamp.ts'

/** What is left of a text that is too long to be shown: characters. */
const cutTextCharacters = 1_000

/** How every stored activity begins. */
const placePattern = /^\{"id":"[^"|]*\|(\d+)","timestamp":"([^"]+)"/

/** Makes a record of an entry. @param charactersMax beyond it the activity is shortened to what tells it apart */
export function recordOf(entry: LookEntry, turn?: string, charactersMax = Number.POSITIVE_INFINITY): LogRecord {
  const whole = activityOf(entry.text)
  const isCut = entry.text.length > charactersMax
  return {
    seq: entry.position,
    at: new Date(entry.timestampMs).toISOString(),
    dir: directionOf(entry, whole),
    activity: isCut ? shortened(whole) : whole,
    ...(turn === undefined ? {} : { turn }),
    bytes: utf8Bytes(entry.text),
    cut: isCut,
    ...(entry.state === 'shown' ? {} : { state: entry.state }),
    ...(entry.target === entry.position ? {} : { of: entry.target }),
  }
}

/** An entry as it was announced, with what its text says of its place. */
export function lookEntryOf(entry: Entry): LookEntry {
  const [, target = String(entry.position), timestamp = ''] = placePattern.exec(entry.text) ?? []
  return { ...entry, timestampMs: Date.parse(timestamp), state: 'shown', target: position(Number(target)) }
}

/** Who has said a recorded activity: what clients may see has the role of its sender. */
export function directionOf({ audience }: Pick<Entry, 'audience'>, { from }: JsonObject): LogRecord['dir'] {
  if (audience === nobody || !isObject(from)) return 'channel'
  return from['role'] === 'user' ? 'toBot' : 'fromBot'
}

function shortened(activity: JsonObject): JsonObject {
  const { id, timestamp, type, name, from, replyToId, text } = activity
  const said = typeof text === 'string' ? text.slice(0, cutTextCharacters).replace(/[\ud800-\udbff]$/, '') : undefined
  const kept = { id, timestamp, type, name, from, replyToId, text: said }
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
}

/** How long a text is in UTF-8. */
function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    // Each half of a pair counts as two of the four bytes they make.
    if (code > 0x7f) bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2
  }
  return bytes
}
