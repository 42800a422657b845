/**
 * The moments of one turn, taken down as it goes its way: a small object that is handed along the road, and on which
 * whoever does a part of the turn sets a mark. It makes no promise, closure or timer, and reads the clock once a mark.
 */
import type { ProblemCode } from '../protocol/admin-problems.ts'
import type { ConversationId } from '../protocol/ids.ts'
import type { Position } from '../protocol/watermark.ts'
import type { BotAnswer } from './bot-port.ts'
import type { Delivered } from './delivery.ts'
import type { Clock } from './ports.ts'
import { hiddenWithin, isPrivate, type KeptHeaders, type Redaction } from './redaction.ts'
import { type AnsweredTurn, ReplyMarks, unset } from './reply-marks.ts'
import type { Bot } from './sites.ts'
import type { AnswerHeaders, CallWatch } from './turn-port.ts'

/** What hears of a turn, and says what is kept of it. */
export interface TurnWatcher {
  readonly clock: Clock
  /** Bytes of a body that are kept; 0: bodies are not kept. */
  readonly bodyBytesMax: number
  readonly redaction: Redaction
  /** It goes to the bot. Answers its number. */
  begun(marks: TurnMarks): number
  /** What came of it is known. */
  settled(marks: TurnMarks): void
  /** It has failed after all. */
  spoilt(marks: TurnMarks): void
  /** There is more to tell of it. */
  changed(marks: TurnMarks): void
}

/** How a turn has come out. */
export type TurnOutcome = 'ok' | 'botError' | 'timeout' | 'unreachable' | 'refused' | 'running'

const noReplies: readonly ReplyMarks[] = []

/** Replies of one turn that are taken down; a bot may say any number of things in one. */
const repliesMax = 100

/** How much of an answer that is no success is read for the judgement of it, where bodies are not kept: bytes. */
const judgedBytesMax = 4 * 1024

/**
 * The marks of one turn: whole microseconds since its start, which V8 keeps without a box for each. It is in the
 * inspection's ring from `goesTo` on.
 */
export class TurnMarks implements CallWatch, AnsweredTurn {
  readonly #watcher: TurnWatcher
  #isRefused = false
  #isPrivate = false
  #came: BotAnswer['outcome'] | undefined
  readonly conversation: ConversationId
  readonly bot: Bot
  /** Whether a client's request began it. */
  readonly isFromClient: boolean
  /** An activity that is sent once more by hand. */
  readonly again: boolean
  /** Milliseconds of the monotonic clock. */
  readonly startMs: number
  /** Its place among all turns; -1 before it goes to the bot. */
  number = unset
  type = ''
  timeoutMs = 0
  /** Position of the activity it carries; 0 for what is in no log. */
  cause = 0
  outcome: TurnOutcome = 'running'
  status = 0
  /** Why there was no answer. */
  reason: string | undefined
  problem: ProblemCode | undefined

  readonly receivedUs: number
  appendUs = unset
  storedUs = unset
  askedUs = unset
  credentialUs = unset
  callUs = unset
  connectedUs = unset
  sentUs = unset
  statusUs = unset
  bodyUs = unset
  settledUs = unset
  answeredUs = unset
  replies = noReplies

  /** How the connection was made, if it was made for this. */
  made: string | undefined
  requestHeaders: Readonly<Record<string, string>> | undefined
  isSigned = false
  requestBody: string | undefined
  responseHeaders: KeptHeaders | undefined
  responseBody: string | undefined
  /** Whether a body has been cut. */
  cut = false
  bytes = 0
  /** The turn of the same conversation before this one, if it may still be answered. */
  earlier: TurnMarks | undefined
  /** Whether the ring counts it among those that failed. */
  isCounted = false
  /** Where it stands on its way into the store. */
  keeping: 'no' | 'waiting' | 'kept' = 'no'

  /** @param arrivedMs when the client's request came, by the monotonic clock; undefined: it begins now, and nobody asked */
  constructor(
    watcher: TurnWatcher,
    conversation: ConversationId,
    bot: Bot,
    arrivedMs: number | undefined,
    again: boolean,
  ) {
    const nowMs = watcher.clock.monotonicMs()
    this.#watcher = watcher
    this.conversation = conversation
    this.bot = bot
    this.isFromClient = arrivedMs !== undefined
    this.again = again
    this.startMs = arrivedMs ?? nowMs
    this.receivedUs = arrivedMs === undefined ? unset : ((nowMs - arrivedMs) * 1000) | 0
  }

  /** The store is asked to append its activity. */
  appending(): void {
    this.appendUs = this.#us()
  }

  /** Its activity is in the log. */
  stored(position: Position): void {
    this.cause = position
    this.storedUs = this.#us()
  }

  /** It goes to the bot. */
  goesTo(type: string, timeoutMs: number): void {
    this.type = type
    this.timeoutMs = timeoutMs
    this.number = this.#watcher.begun(this)
  }

  /** A further call of the same bot: what one activity is to a v1 bot may be two messages. */
  another(): TurnMarks {
    const next = new TurnMarks(this.#watcher, this.conversation, this.bot, undefined, this.again)
    next.cause = this.cause
    next.goesTo(this.type, this.timeoutMs)
    return next
  }

  /** The credential is asked for, and is not at hand. */
  asking(): void {
    this.askedUs = this.#us()
  }

  /** The credential is there, or it is known that it can't be had. */
  credited(): void {
    this.credentialUs = this.#us()
  }

  /** There is no credential, so the bot is not called. */
  refused(reason: string): void {
    this.#isRefused = true
    this.reason = reason
  }

  calling(headers: Readonly<Record<string, string>>, isSigned: boolean, body: string): void {
    this.callUs = this.#us()
    this.connectedUs = unset
    this.sentUs = unset
    this.statusUs = unset
    this.bodyUs = unset
    this.requestHeaders = headers
    this.isSigned = isSigned
    this.#isPrivate = isPrivate(this.type, body)
    const { bodyBytesMax } = this.#watcher
    if (bodyBytesMax > 0 && !this.#isPrivate) this.requestBody = this.#kept(body, bodyBytesMax)
  }

  connected(made: string | undefined): void {
    this.connectedUs = this.#us()
    this.made = made
  }

  sent(): void {
    this.sentUs = this.#us()
  }

  answering(status: number, headers: AnswerHeaders): boolean {
    // An interim answer comes before the one that counts.
    if (status < 200) return false
    this.statusUs = this.#us()
    this.status = status
    const { bodyBytesMax, redaction } = this.#watcher
    const isSuccess = status < 300
    if (this.#isPrivate || (isSuccess && bodyBytesMax === 0)) return false
    this.responseHeaders = redaction.headers(headers)
    return true
  }

  answerRead(bytes: number, text: string): void {
    this.bodyUs = this.#us()
    this.bytes = bytes
    if (text !== '') this.responseBody = this.#kept(text, this.#watcher.bodyBytesMax || judgedBytesMax)
  }

  /** What calling the bot came to. */
  came(answer: BotAnswer): void {
    this.#came = answer.outcome
    if (answer.outcome === 'unreachable') this.reason = answer.reason
    else if (answer.outcome === 'answered') this.status = answer.status
  }

  /** What the turn came to. */
  settled(delivered: Delivered): void {
    this.settledUs = this.#us()
    this.outcome = delivered.outcome === 'accepted' ? 'ok' : this.#failure()
    this.#watcher.settled(this)
  }

  /** The bot's answer could not be taken after all. */
  spoilt(reason: string): void {
    this.outcome = 'botError'
    this.reason = reason
    this.#watcher.spoilt(this)
  }

  /** The answer to the client has been written. */
  told(): void {
    if (this.number === unset) return
    this.answeredUs = this.#us()
    this.#watcher.changed(this)
  }

  /** A reply of the bot: `heardMs` by the monotonic clock is when it came, undefined for now. */
  reply(heardMs: number | undefined): ReplyMarks {
    return new ReplyMarks(this, heardMs === undefined ? this.#us() : ((heardMs - this.startMs) * 1000) | 0)
  }

  /** A reply is in the log. */
  replied(reply: ReplyMarks): number {
    if (this.replies.length === 0) this.replies = [reply]
    else if (this.replies.length < repliesMax) (this.replies as ReplyMarks[]).push(reply)
    return this.#us()
  }

  /** A reply has been handed to the sockets. */
  pushed(): number {
    this.#watcher.changed(this)
    return this.#us()
  }

  /** Whether the entry at a position has caused it, or answers it. */
  isAbout(position: number): boolean {
    return this.cause === position || this.replies.some(reply => reply.position === position)
  }

  /** Forgets what went to the bot and came back. Answers how many characters that were. */
  dropBodies(): number {
    const characters = this.bodyCharacters
    this.requestBody = undefined
    this.responseBody = undefined
    return characters
  }

  /** How much is kept of what went to the bot and came back: characters. */
  get bodyCharacters(): number {
    return (this.requestBody?.length ?? 0) + (this.responseBody?.length ?? 0)
  }

  /** How long the bot took: milliseconds from when it was sent the activity, or else from when it was called. */
  get botMs(): number {
    const from = this.sentUs === unset ? this.callUs : this.sentUs
    const to = this.statusUs === unset ? this.settledUs : this.statusUs
    return from === unset || to < from ? 0 : (to - from) / 1000
  }

  #kept(text: string, bytesMax: number): string {
    const kept = hiddenWithin(text, bytesMax)
    this.cut ||= kept.isCut
    return kept.text
  }

  /** A bot that says who it will not talk to has refused; nothing at all means that the time was over before. */
  #failure(): TurnOutcome {
    if (this.#isRefused) return 'refused'
    if (this.#came === 'unreachable') return 'unreachable'
    if (this.#came !== 'answered') return 'timeout'
    return this.status === 401 || this.status === 403 ? 'refused' : 'botError'
  }

  #us(): number {
    return ((this.#watcher.clock.monotonicMs() - this.startMs) * 1000) | 0
  }
}
