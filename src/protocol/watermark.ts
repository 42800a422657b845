/**
 * A position inside, a watermark on the wire. This file is the only crossing between the two, and between a
 * position and the activity id that shows it.
 */
import type { ActivityId, ConversationId } from './ids.ts'

declare const brand: unique symbol

/** The number of an activity in its conversation's log, from 1 without a gap; 0 stands before the first. */
export type Position = number & { readonly [brand]: 'Position' }

/** Before the first activity. */
export const beginning = 0 as Position

/** Takes a number that the log has given, or one that a credential of ours carries. */
export const position = (value: number): Position => value as Position

/** The position after this one. */
export const next = (value: Position): Position => (value + 1) as Position

/** A watermark as clients keep it and send it back: the number of the last activity they have been shown. */
export const writeWatermark = (value: Position): string => String(value)

/**
 * What a client sent as `watermark`. Shipped clients send it empty, or as the words "null" and "undefined", when
 * they have none yet, so these mean the same as leaving it out; `-` is how the hosted service writes the
 * beginning. Anything unreadable is `malformed`, and every caller treats that as not given: an error answer to
 * a poll would end a client's polling for good.
 */
export function readWatermark(text: string | undefined): Position | undefined | 'malformed' {
  if (text === undefined || text === '' || text === 'null' || text === 'undefined') return undefined
  if (text === '-') return beginning
  return /^\d{1,15}$/.test(text) ? (Number(text) as Position) : 'malformed'
}

/** The id of the activity at a position. Seven digits keep ids sortable as text, as some front ends do. */
export function activityIdAt(conversation: ConversationId, at: Position): ActivityId {
  return `${conversation}|${String(at).padStart(7, '0')}` as ActivityId
}

/**
 * The id of an activity that is shown but never logged: after the log's last position, before the next one when
 * sorted as text, and told apart by `order`, which must grow.
 */
export function ephemeralIdAfter(conversation: ConversationId, at: Position, order: number): ActivityId {
  return `${activityIdAt(conversation, at)}.${order.toString(36).padStart(10, '0')}` as ActivityId
}

/** The position in an activity id of this conversation, or undefined if it is not the id of a logged activity. */
export function positionOf(conversation: ConversationId, id: string): Position | undefined {
  if (!id.startsWith(`${conversation}|`)) return undefined
  const digits = id.slice(conversation.length + 1)
  return /^\d{7,15}$/.test(digits) ? (Number(digits) as Position) : undefined
}
