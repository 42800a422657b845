/**
 * What the main thread asks of the looking thread, and what it is answered. Everything here crosses by copy.
 */
import type { LookEntries, Looked, LookFilter, LookPage, LookPlace, LookRange } from '../../domain/look-port.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/watermark.ts'

/** Everything that can be looked at. */
export type LookCommand =
  | {
      readonly kind: 'conversations'
      readonly filter: LookFilter
      readonly from: LookPlace | number
      readonly max: number
    }
  | { readonly kind: 'count'; readonly filter: LookFilter }
  | { readonly kind: 'these'; readonly conversations: readonly ConversationId[] }
  | {
      readonly kind: 'entries'
      readonly conversation: ConversationId
      readonly range: LookRange
      readonly limits: { readonly entries: number; readonly characters: number }
    }
  | { readonly kind: 'before'; readonly conversation: ConversationId; readonly shown: number }

/** What each is answered. */
export type LookResults = {
  readonly conversations: LookPage
  readonly count: number
  readonly these: readonly Looked[]
  readonly entries: LookEntries | undefined
  readonly before: Position | undefined
}

/** What one is answered. */
export type LookResult = LookResults[LookCommand['kind']]

/** What a looking thread is given at its start. */
export type LookerSetup = { readonly file: string }

/** To the looking thread: one thing to look at; or to close. It answers each with a message, in order. */
export type ToLooker = LookCommand | 'close'

/** From the looking thread: what was asked, or why it can't be told. */
export type FromLooker = { readonly result: LookResult } | { readonly error: Error }
