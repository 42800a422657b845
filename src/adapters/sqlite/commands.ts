/**
 * What the main thread asks of the writing thread, and what it is answered. Everything here crosses between
 * threads by copy, so it is plain and small: a text goes over once and does not come back.
 */
import type { BagKey } from '../../domain/bag-port.ts'
import type { Conversation, LogLimits, Member } from '../../domain/ports.ts'
import type { BotId, ConversationId, UserId } from '../../protocol/ids.ts'
import type { TurnCommand } from './turn-changes.ts'

/** An entry to be written. */
export type AppendCommand = {
  readonly kind: 'append'
  readonly conversation: ConversationId
  readonly bot: BotId
  /** The activity's text without its opening brace, id and timestamp. */
  readonly rest: string
  readonly audience: UserId | undefined
  readonly atMs: number
  readonly key: string | undefined
  /** On a replace: the position in the id, and whether what gives way is erased. */
  readonly target: { readonly position: number; readonly erase: boolean } | undefined
}

/** Every change there is. */
export type Command =
  | AppendCommand
  | {
      readonly kind: 'start'
      readonly conversation: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>
      readonly user: Member | undefined
      readonly atMs: number
    }
  | { readonly kind: 'settle'; readonly conversation: ConversationId; readonly position: number }
  | { readonly kind: 'join'; readonly conversation: ConversationId; readonly bot: BotId; readonly member: Member }
  | { readonly kind: 'leave'; readonly conversation: ConversationId; readonly member: UserId }
  | {
      readonly kind: 'announced'
      readonly conversation: ConversationId
      readonly members: readonly (UserId | undefined)[]
    }
  | { readonly kind: 'touch'; readonly conversation: ConversationId; readonly atMs: number }
  | { readonly kind: 'forgetUnused'; readonly beforeMs: number; readonly max: number }
  | { readonly kind: 'forget'; readonly conversation: ConversationId }
  | { readonly kind: 'putBag'; readonly key: BagKey; readonly data: string; readonly expected: string | undefined }
  | { readonly kind: 'dropBags'; readonly bot: BotId; readonly user: UserId }
  | { readonly kind: 'putSetting'; readonly name: string; readonly value: string }
  | {
      readonly kind: 'putSettingIf'
      readonly name: string
      readonly value: string
      readonly expected: string | undefined
    }
  | TurnCommand

/** Where an entry stands. `target` is the position in its id: its own, unless it replaces another. */
type Place = { readonly position: number; readonly target: number; readonly timestampMs: number }

/** What came of writing an entry. */
export type Written =
  | ({ readonly outcome: 'appended' } & Place)
  | ({ readonly outcome: 'repeated'; readonly accepted: boolean } & Place)
  | { readonly outcome: 'full' | 'unknown' | 'missing' }

/** What each kind of change is answered. */
export type Results = {
  readonly append: Written
  readonly start: boolean
  readonly settle: undefined
  readonly join: 'joined' | 'already' | 'unknown'
  readonly leave: undefined
  readonly announced: undefined
  readonly touch: undefined
  readonly forgetUnused: readonly ConversationId[]
  readonly forget: undefined
  readonly putBag: { readonly eTag: string } | 'stale'
  readonly dropBags: undefined
  readonly putSetting: undefined
  readonly putSettingIf: boolean
  readonly putTurns: undefined
  readonly eraseExchanges: undefined
  readonly forgetTurns: number
}

/** What one change is answered. */
export type Result = Results[Command['kind']]

/** What a writing thread is given at its start. */
export type WriterSetup = { readonly file: string; readonly limits: LogLimits }

/** To the writing thread: a group of changes for one transaction, or the order to end. */
export type ToWriter = readonly Command[] | 'close'

/** From the writing thread: that it can begin, or a group's answers in its order. */
export type FromWriter = 'open' | readonly (Result | Error)[]
