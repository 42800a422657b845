/**
 * What the domain asks of the outside. The comments are the contracts; `test/contract/` runs them against every
 * adapter.
 */
import type { ActivityId, BotId, ConversationId, FileId, SiteId, UserId } from '../protocol/ids.ts'
import type { Position } from '../protocol/watermark.ts'
import type { BagStore } from './bag-port.ts'
import type { StoreHealth } from './health-port.ts'
import type { SettingStore } from './setting-port.ts'
import type { StampedActivity } from './stamp.ts'

/** Time. Order, timeouts and waits use `monotonicMs`; only what people and tokens are shown uses `nowMs`. */
export interface Clock {
  /** Wall clock: milliseconds since 1970. May jump. */
  nowMs(): number
  /** Milliseconds since some moment. Never goes back. */
  monotonicMs(): number
  /** Calls `callback` once after `ms`. Returns what cancels it. */
  after(ms: number, callback: () => void): () => void
}

/** Dice. */
export interface Random {
  /** Base-62 text nobody can guess: 5.95 bits a character. */
  text(characters: number): string
}

/** Secrets of the service at work. Everything made here stays valid over restarts as long as the store does. */
export interface Keys {
  /** A compact signed token around claims given as JSON text. */
  sign(claims: string): string
  /** The claims of a token signed here, as JSON text; undefined for every other text. Expiry is not looked at. */
  verified(token: string): string | undefined
  /** An unguessable name for `text`, different for each purpose: 43 characters, base64url. The same text gives the same name. */
  mark(purpose: 'connector' | 'file', text: string): string
  /** Whether `mark` is that of the text. Takes the same time whatever differs. */
  isMark(purpose: 'connector' | 'file', text: string, mark: string): boolean
  /** SHA-256 of the text, base64url. */
  digest(text: string): string
  /** Hides a text that is kept with the store, such as a secret we have made. Never gives the same twice. */
  seal(text: string): string
  /** What was sealed here; undefined for every other text. */
  unseal(sealed: string): string | undefined
}

/** Reads base64 of either alphabet, with or without padding. Undefined for what is not base64. */
export type ReadBase64 = (text: string) => Uint8Array | undefined

/** What is known of a conversation without reading its log. */
export type Conversation = {
  readonly id: ConversationId
  readonly bot: BotId
  readonly site: SiteId
  /** BCP 47, if the client gave one at start. */
  readonly locale: string | undefined
  /** The newest position; 0 while the log is empty. */
  readonly last: Position
  /** The newest timestamp in the log: milliseconds since 1970; 0 while it is empty. A replacement's is an older one. */
  readonly lastTimestampMs: number
  /** When anybody last used it: milliseconds since 1970, to within an hour. */
  readonly seenMs: number
}

/** A person in a conversation. The bot is in every conversation and not listed. */
export type Member = { readonly id: UserId; readonly name: string | undefined }

/** An activity at its position. */
export type Entry = {
  readonly position: Position
  /** The JSON text as clients see it. */
  readonly text: string
  /** Only this user may see it. Undefined: everybody in the conversation. */
  readonly audience: UserId | undefined
}

/** Entries in order. */
export type Page = {
  readonly entries: readonly Entry[]
  /** Everything up to here has been considered: what comes next is after it. */
  readonly end: Position
  /** Whether the log goes on after `end`. */
  readonly more: boolean
}

/** How much the log of one conversation may hold: entries, and characters of their texts. */
export type LogLimits = { readonly entriesMax: number; readonly charactersMax: number }

/** What `append` is asked. */
export type Append = {
  readonly conversation: ConversationId
  readonly bot: BotId
  readonly activity: StampedActivity
  /** Wall clock: milliseconds since 1970. The store raises it where it would not be later than the entry before. */
  readonly atMs: number
  /** Names this send: the same key again is the same activity. */
  readonly key: string | undefined
  /** The bot takes a turn on it, if nobody else does: `settle` or `release` says how that has ended. Only with a key. */
  readonly takesTurn?: boolean
}

/**
 * How the turn on an activity stands that is sent again: the bot has accepted it, another process is in it, or it is
 * there to be taken, by whoever was told so.
 */
export type TurnState = 'accepted' | 'underWay' | 'open'

/** What came of an append. */
export type Appended =
  | { readonly outcome: 'appended'; readonly entry: Entry; readonly id: ActivityId; readonly timestampMs: number }
  /** The key has been seen: this is what it named then. */
  | {
      readonly outcome: 'repeated'
      readonly position: Position
      readonly id: ActivityId
      readonly timestampMs: number
      readonly turn: TurnState
    }
  /** The log has reached its limit. */
  | { readonly outcome: 'full' }
  /** No such conversation of this bot. */
  | { readonly outcome: 'unknown' }

/** What `replace` is asked: an entry of the log gives way to another of the same id at a later position. */
export type Replace = Append & {
  /** The position in the activity's id: where it was first appended. */
  readonly target: Position
  /** Whether the text that gives way is erased for good (delete) or kept for whoever looks in (update). */
  readonly erase: boolean
}

/** What came of a replace. */
export type Replaced = Appended | { readonly outcome: 'missing' }

/**
 * The log: one ordered, durable list of entries for each conversation, and what belongs to a conversation.
 *
 * - Every promise is kept once it resolves: what was asked would survive `kill -9` and power loss.
 * - Positions of a conversation count from 1 without a gap, however many append at once; whoever has seen position n
 *   never sees anything new at or below n.
 * - Changes asked for on one conversation take effect in the order of the calls, and resolve in that order. A read sees
 *   every change that had resolved when it was called.
 * - Timestamps along a log strictly increase, by at least 1 ms, whatever the clock does.
 * - Every call that names a bot answers as for an unknown conversation if it is another bot's.
 * - A rejected promise means that nothing is known: the change is in the log or not, never half. It rejects with a
 *   ProtocolError `Unavailable` where the world is at fault.
 */
export interface ConversationStore extends BagStore, SettingStore, StoreHealth, AsyncDisposable {
  /**
   * Makes the conversation if it is not there. Of any number of calls for one id, exactly one answers `started: true`.
   * The user, if given, is a member from then on. Nothing happens to a conversation of another bot.
   */
  start(
    conversation: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
    user: Member | undefined,
    atMs: number,
  ): Promise<{ readonly started: boolean }>

  /** The conversation, or undefined. */
  find(conversation: ConversationId): Promise<Conversation | undefined>

  /** The newest positions of conversations, in their order: as `find` tells them, 0 for one that is not there. */
  newest(conversations: readonly ConversationId[]): Promise<readonly Position[]>

  /** Appends one activity and raises the position. */
  append(request: Append): Promise<Appended>

  /**
   * Appends an activity that carries the id and timestamp of the target, and takes the target's earlier versions out
   * of what `read` gives. `missing` if the target was never there or has been erased. A log that is full still lets
   * an entry be erased.
   */
  replace(request: Replace): Promise<Replaced>

  /** Notes that the bot's turn on this entry was answered 2xx, for whoever sends its key again. */
  settle(conversation: ConversationId, position: Position): Promise<void>

  /**
   * Notes that the bot's turn on this entry has ended some other way: whoever sends its key again takes another. A
   * process that dies in a turn releases it so: after 2 s at most.
   */
  release(conversation: ConversationId, position: Position): Promise<void>

  /**
   * Entries after a position, in order: as many as fit both limits, at least one if there is one. Entries that have
   * given way are passed over. A position beyond the log is answered with the end of the log.
   */
  read(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<Page>

  /** The newest version of the entry first appended at this position, or what stands for it since it was erased. */
  entryAt(conversation: ConversationId, target: Position): Promise<Entry | undefined>

  /** Makes somebody a member. Of any number of calls, exactly one answers `joined`. */
  join(conversation: ConversationId, bot: BotId, member: Member): Promise<'joined' | 'already' | 'unknown'>

  /** The members, in the order they joined. */
  members(conversation: ConversationId): Promise<readonly Member[]>

  /** Takes somebody out. */
  leave(conversation: ConversationId, member: UserId): Promise<void>

  /** Joins the bot may not have been told of: `announced` has not been called since. `start` counts as the bot's own join, undefined. */
  unannounced(conversation: ConversationId): Promise<readonly (UserId | undefined)[]>

  /** Notes that the bot has been told of these joins. */
  announced(conversation: ConversationId, members: readonly (UserId | undefined)[]): Promise<void>

  /** Notes that the conversation is in use. */
  touch(conversation: ConversationId, atMs: number): Promise<void>

  /** Conversations of a bot in the order of their ids, after one of them. */
  list(bot: BotId, after: ConversationId | undefined, max: number): Promise<readonly Conversation[]>

  /** Forgets up to `max` conversations nobody has used since `beforeMs`, with all that belongs to them. Answers which. */
  forgetUnused(beforeMs: number, max: number): Promise<readonly ConversationId[]>

  /** Forgets one conversation, with all that belongs to it. */
  forget(conversation: ConversationId): Promise<void>
}

/** Something has been appended, up to this position. Carries the entry where it happened in this process. */
export type News = {
  readonly conversation: ConversationId
  readonly position: Position
  readonly entry?: Entry
  /** Nothing has been appended: this activity, which is in no log, is shown to whoever listens now, behind that position. */
  readonly shown?: Pick<Entry, 'text' | 'audience'>
}

/**
 * Carries news between those who append and those who listen. News may come late, twice, out of order or never, and
 * several pieces may come as one, of the last position: who hears it reads the log, and a slow sweep covers what was
 * never heard. Who listens in the same process is told before `announce` returns. Nothing here throws or waits.
 */
export interface Bus {
  announce(news: News): void
  /** Tells the listener of every piece of news of this process from now on, and of others' in conversations followed. */
  listen(listener: (news: News) => void): void
  /** Other processes' news of this conversation is wanted, soon. Who follows it twice unfollows it twice. */
  follow(conversation: ConversationId): void
  unfollow(conversation: ConversationId): void
}

/** A file somebody sent. */
export type StoredFile = {
  readonly name: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** Files of conversations. Kept for a while, then gone; a file is durable when `put` resolves. */
export interface Files {
  put(conversation: ConversationId, id: FileId, file: StoredFile, atMs: number): Promise<void>
  /** The file, or undefined if there is none. */
  get(conversation: ConversationId, id: FileId): Promise<(StoredFile & { readonly putMs: number }) | undefined>
  /**
   * How many bytes are kept for a conversation: at least those of its files, after a restart too. Quick, however many
   * there are, but for the first time.
   */
  bytesOf(conversation: ConversationId): Promise<number>
  /** Whether so many bytes more would leave the room that is kept for the log. Counts them as put from now on if so. */
  hasRoomFor(bytes: number): Promise<boolean>
  /** Removes files put before this time: milliseconds since 1970. */
  forgetBefore(ms: number): Promise<void>
  /** Removes all files of a conversation. */
  forgetConversation(conversation: ConversationId): Promise<void>
}
