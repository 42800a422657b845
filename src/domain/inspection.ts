/**
 * The inspection: it watches turns for people who look in. A turn's marks are in a ring in memory from the moment it
 * goes to the bot; what came of it goes into the store a little later, off the road of messages. It also knows what
 * happens in each second and what is wrong with each bot.
 */
import type { BotHealth } from '../protocol/admin.ts'
import type { TurnBody } from '../protocol/admin-conversations.ts'
import type { SeriesBody } from '../protocol/admin-live.ts'
import type { Problem } from '../protocol/admin-problems.ts'
import type { FailureName } from '../protocol/errors.ts'
import { type BotId, type ConversationId, readConversationId } from '../protocol/ids.ts'
import { problemOfTurn, slowMs } from './diagnosis.ts'
import type { Events } from './events.ts'
import type { Clock, Random } from './ports.ts'
import { isRefusal, ProblemList } from './problem-list.ts'
import { Redaction } from './redaction.ts'
import type { ReplyMarks } from './reply-marks.ts'
import { Series } from './series.ts'
import { Silence } from './silence.ts'
import { type Bot, isAuthenticated, type Sites } from './sites.ts'
import { TurnKeeping } from './turn-keeping.ts'
import { TurnMarks, type TurnWatcher } from './turn-marks.ts'
import { TurnMemory } from './turn-memory.ts'
import { type InspectionListener, TurnNews } from './turn-news.ts'
import type { TurnStore } from './turn-port.ts'
import { TurnRing } from './turn-ring.ts'

/** What an operator may set of all this, as the settings have it. */
export type InspectionLimits = {
  readonly bodies: 'full' | 'none'
  /** How much of one body is kept: bytes. */
  readonly maxBody: number
  /** Turns in memory. 0: nothing is watched. */
  readonly turns: number
  /** How long turns are in the store. */
  readonly hours: number
  /** Headers whose values are not kept. */
  readonly redact: readonly string[]
}

type InspectionPorts = {
  readonly store: TurnStore
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  readonly sites: Pick<Sites, 'bots'>
  /** Whether bots answer other nodes too: then it can't be told from here that one is silent. */
  readonly isShared?: boolean
  /** How many sockets are open. */
  readonly sockets: () => number
  /** What this node is called. */
  readonly node: string
  /** Whether this is a developer's own machine. */
  readonly development: boolean
}

/** Characters that tell the turns of one run from those of another. */
const runCharacters = 8

/** Watches turns. */
export class Inspection implements TurnWatcher {
  readonly #ports: InspectionPorts
  readonly #ring: TurnRing
  readonly #series = new Series()
  /** Undefined where it can't be told who is silent. */
  readonly #silence: Silence | undefined
  readonly #problems: ProblemList
  readonly #keeping: TurnKeeping
  readonly #news: TurnNews
  readonly #memory: TurnMemory
  readonly redaction: Redaction
  readonly clock: Clock
  readonly bodyBytesMax: number
  #cancelSecond: () => void

  constructor(ports: InspectionPorts, limits: InspectionLimits) {
    const { clock, random } = ports
    this.#ports = ports
    this.clock = clock
    this.bodyBytesMax = limits.bodies === 'full' ? limits.maxBody : 0
    this.redaction = new Redaction(limits.redact)
    this.#silence = ports.isShared === true ? undefined : new Silence()
    this.#ring = new TurnRing(limits.turns)
    this.#memory = new TurnMemory({
      ...ports,
      ring: this.#ring,
      redaction: this.redaction,
      run: random.text(runCharacters),
    })
    this.#problems = new ProblemList(() => this.#news.problems())
    this.#news = new TurnNews({ clock, body: marks => this.#memory.body(marks), problems: () => this.problems() })
    this.#keeping = new TurnKeeping({ ...ports, written: marks => this.#memory.written(marks) }, limits)
    this.#cancelSecond = clock.after(this.#setClocks(), () => this.#second())
  }

  /**
   * A turn may begin: whoever takes it sets marks on what is answered. Undefined where nothing is watched.
   *
   * @param arrivedMs when a client's request came, by the monotonic clock; undefined: no client asked
   * @param again whether an activity is sent once more by hand
   */
  begin(conversation: ConversationId, bot: Bot, arrivedMs?: number, again = false): TurnMarks | undefined {
    return this.#ring.size === 0 ? undefined : new TurnMarks(this, conversation, bot, arrivedMs, again)
  }

  /** What a turn is called, once it goes to the bot. */
  idOf(marks: TurnMarks): string {
    return this.#memory.idOf(marks)
  }

  begun(marks: TurnMarks): number {
    if (marks.isFromClient) this.#series.cameIn()
    const number = this.#ring.add(marks)
    this.changed(marks)
    return number
  }

  settled(marks: TurnMarks): void {
    const { bot, outcome } = marks
    const ms = marks.botMs
    this.#series.turnEnded(ms, outcome !== 'ok')
    if (outcome === 'ok' && marks.type === 'message') this.#silence?.accepted(bot, this.clock.monotonicMs())
    if (outcome !== 'ok' || ms > slowMs || this.bodyBytesMax > 0) this.#judge(marks, ms)
    else if (!this.#problems.isEmpty) this.#problems.well(bot.id, this.clock.nowMs())
    // Without bodies, an answer has been read for its judgement alone.
    if (this.bodyBytesMax === 0) marks.dropBodies()
    else this.#ring.keepsBodies(marks)
    if (outcome !== 'ok') this.#ring.countFailed(marks)
    this.changed(marks)
  }

  spoilt(marks: TurnMarks): void {
    this.#ring.countFailed(marks)
    this.changed(marks)
  }

  changed(marks: TurnMarks): void {
    if (marks.outcome !== 'running') this.#keeping.keep(marks)
    this.#news.turn(marks)
  }

  /**
   * The bot says something in a conversation.
   *
   * @param cause the position it answers; 0 where it does not say, or says one that is none
   * @param isShown whether clients see it
   * @param heard when its call came, by the monotonic clock; or the turn in whose answer it says it; undefined: now
   * @returns what its way into the log is marked on, if it belongs to a turn
   */
  says(
    conversation: ConversationId,
    bot: BotId,
    cause: number,
    isShown: boolean,
    heard: number | TurnMarks | undefined,
  ): ReplyMarks | undefined {
    if (isShown) this.#series.wentOut()
    this.#silence?.heard(bot)
    if (!this.#problems.isEmpty) this.#problems.over(bot, 'AnswersDoNotArrive')
    if (heard instanceof TurnMarks) return heard.reply(undefined)
    return this.#ring.answered(conversation, cause, this.clock.monotonicMs())?.reply(heard)
  }

  /**
   * We have refused what a bot called for. It is noted where it can be told which bot it was: a stranger can call too.
   *
   * @param named the conversation in the address, as it was written
   */
  answerRefused(named: string | undefined, failure: FailureName): void {
    if (!isRefusal(failure)) return
    const conversation = named === undefined ? undefined : readConversationId(named)
    const running =
      conversation === undefined ? undefined : this.#ring.answered(conversation, 0, this.clock.monotonicMs())
    const [only, second] = this.#ports.sites.bots
    // Who asks for a conversation that is gone has shown a token, or an address that we have given.
    const bot = running?.bot ?? (failure === 'UnknownConversation' && second === undefined ? only : undefined)
    if (bot !== undefined) this.#problems.refused(bot.id, failure, this.clock.nowMs())
  }

  /** Whether what a bot says arrives, by its last turns: undefined where there are too few to know, or other nodes. */
  isHeard(bot: BotId): boolean | undefined {
    return this.#silence?.isHeard(bot, this.clock.monotonicMs())
  }

  /** How a bot was found by whoever watches bots. */
  noteHealth(bot: BotId, health: BotHealth): void {
    this.#problems.noteHealth(bot, health, this.clock.nowMs())
  }

  /** A turn with what went to the bot and came back; undefined if it is not known, or no more. */
  turn(id: string): Promise<TurnBody | undefined> {
    return this.#memory.turn(id)
  }

  /** The turns that these entries of a log have caused, or that they answer; in the order they began. */
  turnsOf(conversation: ConversationId, seqs: readonly number[]): Promise<readonly TurnBody[]> {
    return this.#memory.about(conversation, seqs)
  }

  /** How many turns of a conversation failed, of those in memory. */
  failed(conversation: ConversationId): number {
    return this.#ring.failedIn(conversation)
  }

  /** The conversations with turns in memory that failed: with this problem, if one is given. */
  failures(problem: string | undefined): readonly ConversationId[] {
    return this.#ring.failures(problem)
  }

  /** What happened in each of the last seconds, of the last hour at most. */
  series(seconds: number): SeriesBody {
    return this.#series.last(seconds)
  }

  /** What is wrong with bots now, the newest first. */
  problems(): readonly Problem[] {
    return this.#problems.list(this.clock.nowMs())
  }

  /** Turns that are not in the store because there were too many. */
  get dropped(): number {
    return this.#keeping.dropped
  }

  /** Tells of turns, seconds and problems from now on. Answers what ends it. */
  listen(listener: InspectionListener): () => void {
    return this.#news.listen(listener)
  }

  /** These conversations are gone, and nothing is known of their turns any more. The store forgets them by itself. */
  forget(conversations: readonly ConversationId[]): void {
    const gone = new Set(conversations)
    this.#ring.forget(gone)
    this.#keeping.forget(gone)
    this.#news.forget(gone)
  }

  /**
   * An entry is about to be erased: what was exchanged in the turns about it may hold its text, and is gone from memory
   * and from the store when this resolves. It is asked for before the text itself goes: then whoever dies in between, or
   * is told that it has failed, can ask again.
   */
  eraseExchanges(conversation: ConversationId, position: number): Promise<void> {
    for (const marks of this.#ring.of(conversation)) if (marks.isAbout(position)) this.#ring.dropBodies(marks)
    this.#keeping.dropBodies(conversation, position)
    return this.#ports.store.eraseExchanges(conversation, position)
  }

  /** Watches no more. What has been seen goes into the store before that is closed. */
  stop(): void {
    this.#cancelSecond()
    this.#news.stop()
    this.#keeping.stop()
  }

  #judge(marks: TurnMarks, ms: number): void {
    const { bot, outcome, status, reason, timeoutMs } = marks
    const nowMs = this.clock.nowMs()
    const finding = problemOfTurn({
      outcome,
      status: status === 0 ? undefined : status,
      reason,
      body: marks.responseBody,
      quotes: this.bodyBytesMax > 0,
      hasAppId: isAuthenticated(bot),
      ...{ ms, timeoutMs },
      bot: { id: bot.id, endpoint: bot.endpoint, mayAcceptCertificate: this.#ports.development },
    })
    marks.problem = finding?.code
    if (marks.connectedUs >= 0) this.#problems.connected(bot.id)
    if (finding !== undefined) this.#problems.seen(bot.id, finding, nowMs)
    else if (outcome === 'ok') this.#problems.well(bot.id, nowMs)
  }

  #second(): void {
    this.#cancelSecond = this.clock.after(this.#setClocks(), () => this.#second())
    const nowMs = this.clock.monotonicMs()
    const wallMs = this.clock.nowMs()
    const point = this.#series.close(Math.round(wallMs / 1000) - 1, this.#ports.sockets())
    // What was wrong with a bot that has been removed is nobody's trouble any more.
    const bots = new Set(this.#ports.sites.bots.map(({ id }) => id))
    this.#problems.keepOnly(bots)
    this.#silence?.keepOnly(bots)
    for (const bot of this.#silence?.silent(nowMs) ?? []) this.#problems.seenAgain(bot, 'AnswersDoNotArrive', wallMs)
    // Those that are over by now go, and whoever listens is told.
    this.#problems.list(wallMs)
    this.#ring.sweep(nowMs)
    this.#keeping.forgetPast()
    this.#news.second(point)
  }

  /** Answers how long this second still lasts: milliseconds. */
  #setClocks(): number {
    this.#memory.setClock()
    const leftMs = 1000 - (this.clock.nowMs() % 1000)
    // A timer that was early by a moment is not to be followed by a second of a moment.
    return leftMs < 500 ? leftMs + 1000 : leftMs
  }
}
