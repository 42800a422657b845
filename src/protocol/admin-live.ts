/**
 * What the admin API says as it happens: figures by the second, and the messages of the live socket and the tail.
 */
import type { AdminError } from './admin.ts'
import type { ConversationRow, LogRecord, TurnBody } from './admin-conversations.ts'
import type { Problem } from './admin-problems.ts'

/** A line of `GET /tail?bot&conversation&failed&bodies`. `failed`: only turns that failed; `bodies`: turns with `exchange`. */
export type TailLine =
  | ({ readonly kind: 'record' } & LiveEvents['records'])
  | { readonly kind: 'turn'; readonly turn: TurnBody }
  /** So many have been left out, because they came faster than they were read. */
  | { readonly kind: 'dropped'; readonly dropped: number }

/** `GET /series`: one point a second, oldest first; null where nothing was measured. */
export type SeriesBody = {
  /** Seconds since 1970. */
  readonly t: readonly number[]
  /** Activities from clients, and to them. */
  readonly in: readonly number[]
  readonly out: readonly number[]
  /** Milliseconds that bots took. */
  readonly p50: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  readonly sockets: readonly number[]
  readonly failed: readonly number[]
}

/** One second of the series. */
export type StatsPoint = { readonly [Name in keyof SeriesBody]: SeriesBody[Name][number] }

/** What the live socket is told. */
export type LiveRequest =
  | {
      readonly op: 'sub'
      readonly id: string
      readonly topic: LiveTopic
      readonly bot?: string | undefined
      readonly conversation?: string | undefined
      /** For `records` of one conversation: everything after this `seq` first. */
      readonly after?: number | undefined
    }
  | { readonly op: 'unsub'; readonly id: string }

/** What can be followed. */
export type LiveTopic = 'stats' | 'records' | 'turns' | 'conversations' | 'problems'

/** What each topic's events are. `problems` is the whole list each time. */
export type LiveEvents = {
  readonly stats: StatsPoint
  readonly records: { readonly conversation: string; readonly bot: string; readonly record: LogRecord }
  readonly turns: TurnBody
  readonly conversations: ConversationRow
  readonly problems: readonly Problem[]
}

/** What the live socket says: at most every 100 ms for each subscription. `dropped`: how many events are missing. */
export type LiveMessage<Topic extends LiveTopic = LiveTopic> = {
  readonly id: string
  readonly events: readonly LiveEvents[Topic][]
  readonly dropped: number
  /** Nothing more will come: there is no such conversation. */
  readonly error?: AdminError['error'] | undefined
}
