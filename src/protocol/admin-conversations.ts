/**
 * What the admin API says of conversations: rows of a list, entries of a log, and turns with what went to the bot and came
 * back. Times as in `admin.ts`.
 */
import type { ListBody } from './admin.ts'
import type { ProblemCode } from './admin-problems.ts'

/** A conversation in a list. */
export type ConversationRow = {
  readonly id: string
  readonly bot: string
  readonly site: string
  /** Who speaks in it, if it is one person. */
  readonly user?: string | undefined
  readonly started: string
  readonly last: string
  /** How many activities its log has. */
  readonly count: number
  /** Open sockets. */
  readonly sockets: number
  /** Turns the bot did not accept, of those that are remembered. */
  readonly failed: number
  readonly state: 'live' | 'idle' | 'ended' | 'imported'
  readonly trace: boolean
  /** The newest text: at most 120 characters. */
  readonly preview: string
  /** What its newest client says it is (`x-ms-bot-agent`), such as `DirectLineJS 0.15.8`. */
  readonly agent?: string | undefined
}

/**
 * `GET /conversations?bot&user&state&failed&q&since&until&limit&cursor`, newest activity first. A page may be shorter than
 * asked, even empty, and have a `next`: a search goes only so far in one request. `offset`, a number of rows, in place
 * of `cursor` begins anywhere; so the last row is at `offset=total-1`.
 */
export type ConversationsBody = ListBody<ConversationRow> & {
  /** How many there are: absent with `q` or `state`, where only reading them would tell. */
  readonly total?: number | undefined
  /** How many have been looked at so far, those of the pages before among them: only with `q`. */
  readonly searched?: number | undefined
}

/** `GET /conversations/{c}`: with what a page needs to join it. */
export type ConversationBody = ConversationRow & {
  /** For the conversation's user; empty where its site takes nobody. */
  readonly token: string
  /** 50 activities before the end; absent where there are fewer. */
  readonly watermark50?: string | undefined
}

/** `POST /conversations` and `POST /conversations/{c}/restart`. */
export type StartedBody = {
  readonly conversationId: string
  readonly token: string
  readonly user: string
  readonly domain: string
}

/** An entry of a conversation's log. */
export type LogRecord = {
  readonly seq: number
  readonly at: string
  /** `channel`: to the bot, and shown to no client. Also what is left of an erased one, of which it is not known. */
  readonly dir: 'toBot' | 'fromBot' | 'channel'
  readonly activity: { readonly [name: string]: unknown }
  /** The newest turn it caused, or the turn it answers. */
  readonly turn?: string | undefined
  readonly bytes: number
  /** Whether the activity was shortened, as on the live socket a long one is: `GET …/records?after=seq-1&limit=1` has it whole. */
  readonly cut: boolean
  /** What has given way to a later record: updated, or erased and without its content. */
  readonly state?: 'replaced' | 'erased' | undefined
  /** The `seq` under which the activity was first said, on its later versions. */
  readonly of?: number | undefined
}

/** `GET /conversations/{c}/records`: in order, with the turns that belong to them. */
export type RecordsBody = {
  readonly records: readonly LogRecord[]
  readonly turns: readonly TurnBody[]
  /** What to give as `after`, if the log goes on; as `before`, if it begins earlier. */
  readonly next?: number | undefined
  readonly previous?: number | undefined
}

/** `POST /conversations/{c}/send`, answered when the bot has, whatever it answered: the turn, if the recorder kept it. */
export type SentBody = { readonly turn?: string | undefined }

/** One call of a bot, and what came of it. */
export type TurnBody = {
  readonly id: string
  readonly conversation: string
  readonly bot: string
  /** `seq` of the activity it carried; absent for what is in no log. */
  readonly cause?: number | undefined
  /** The activity's type, and its name if it has one. */
  readonly type: string
  /** An activity sent once more by hand. */
  readonly again: boolean
  readonly startedAt: string
  readonly totalMs: number
  readonly outcome: 'ok' | 'botError' | 'timeout' | 'unreachable' | 'refused' | 'running'
  /** What the bot answered. */
  readonly status?: number | undefined
  readonly problem?: ProblemCode | undefined
  readonly spans: readonly Span[]
  /** `seq` of each reply. */
  readonly replies: readonly number[]
  /** Only in the answer for one turn. */
  readonly exchange?: Exchange | undefined
  readonly node: string
}

/** A part of a turn. `start` and `ms` in milliseconds, `start` from the turn's own start. */
export type Span = {
  readonly name: string
  readonly start: number
  readonly ms: number
  readonly note?: string | undefined
}

/** Header names and values, in order. */
export type Pairs = readonly (readonly [name: string, value: string])[]

/** What went to the bot and came back, with secrets taken out. */
export type Exchange = {
  readonly url: string
  readonly requestHeaders: Pairs
  readonly requestBody?: string | undefined
  readonly status?: number | undefined
  readonly responseHeaders?: Pairs | undefined
  /** The bot's answer: absent where bodies are not kept, and where there is none, which `bytes` tells apart. */
  readonly body?: string | undefined
  /** How long the answer was; absent where it has not come to its end. */
  readonly bytes?: number | undefined
  readonly cut: boolean
  readonly error?: string | undefined
}
