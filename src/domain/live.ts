/**
 * Who looks in on what happens now. What comes is gathered for a tenth of a second and told in one go; while nobody
 * follows anything, a message costs this one comparison.
 */
import type { ConversationRow } from '../protocol/admin-conversations.ts'
import type { LiveTopic } from '../protocol/admin-live.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { type ConversationId, readConversationId } from '../protocol/ids.ts'
import { position } from '../protocol/watermark.ts'
import type { Events } from './events.ts'
import type { Inspection } from './inspection.ts'
import { type Arrived, LiveArrivals } from './live-arrivals.ts'
import { type Feed, type LiveSink, LogFeed, NewestFeed, QueueFeed } from './live-feeds.ts'
import { LiveOthers } from './live-others.ts'
import type { Look } from './look-port.ts'
import type { Bus, Clock, ConversationStore, News } from './ports.ts'
import type { InspectionNews } from './turn-news.ts'

/** How often those who follow are told: milliseconds. */
const tickMs = 100

/** The lists of conversations, what other nodes do, and what may have been missed are looked at once in so many ticks. */
const rowTicks = 10
const othersTicks = 10
const sweepTicks = 100

/** Conversations whose rows are made anew at once. */
const rowsMax = 200

/** Conversations that may wait for that; beyond it a change is counted, and whoever follows reads the list again. */
const changedMax = 1_000

/** What is followed. */
export type Following<Topic extends LiveTopic = LiveTopic> = {
  readonly topic: Topic
  readonly bot?: string | undefined
  readonly conversation?: string | undefined
  readonly after?: number | undefined
}

type LivePorts = {
  readonly store: ConversationStore
  readonly look: Look
  readonly bus: Bus
  /** Whether other nodes append too. */
  readonly isShared?: boolean
  readonly clock: Clock
  readonly events: Events
  readonly inspection: Pick<Inspection, 'listen' | 'problems'>
  /** Rows of conversations as a list shows them. */
  readonly rows: (conversations: readonly ConversationId[]) => Promise<readonly ConversationRow[]>
}

/** Tells people what happens. */
export class Live {
  readonly #ports: LivePorts
  readonly #arrivals: LiveArrivals
  readonly #others: LiveOthers | undefined
  readonly #feeds = new Set<Feed>()
  /** Feeds that are being flushed: the next tick passes over them. */
  readonly #busy = new Set<Feed>()
  readonly #records = new Set<QueueFeed<'records'>>()
  readonly #logs = new Map<ConversationId, Set<LogFeed>>()
  readonly #conversations = new Set<QueueFeed<'conversations'>>()
  readonly #turns = new Set<QueueFeed<'turns'>>()
  readonly #stats = new Set<NewestFeed<'stats'>>()
  readonly #problems = new Set<NewestFeed<'problems'>>()
  /** Feeds of everything that are about to be added. */
  #joining = 0
  #changed = new Set<ConversationId>()
  /** So many changes there was no room for. */
  #lostRows = 0
  /** Conversations with a new turn: the store is told of turns, and counts them, only after a moment. */
  #later = new Set<ConversationId>()
  #ticks = 0
  #isTelling = false
  #isStopped = false
  #cancelTick: (() => void) | undefined
  #unlisten: (() => void) | undefined

  constructor(ports: LivePorts) {
    this.#ports = ports
    this.#arrivals = new LiveArrivals(ports)
    if (ports.isShared === true) this.#others = new LiveOthers(ports.look)
    ports.bus.listen(news => this.#hear(news))
  }

  /**
   * Tells a sink of everything of a topic from now on; of one conversation's records, of everything after a position.
   * Answers what ends it.
   *
   * @throws ProtocolError `UnknownConversation` for records of one that is not there
   */
  async follow<Topic extends LiveTopic>(following: Following<Topic>, sink: LiveSink<Topic>): Promise<() => void> {
    const { bot, conversation } = following
    const fits = (event: { readonly bot: string; readonly conversation?: string; readonly id?: string }) =>
      (bot === undefined || event.bot === bot) &&
      (conversation === undefined || (event.conversation ?? event.id) === conversation)
    const given = { topic: following.topic, sink } as { [T in LiveTopic]: { topic: T; sink: LiveSink<T> } }[LiveTopic]
    switch (given.topic) {
      case 'records':
        if (conversation !== undefined) return this.#followLog(conversation, following.after, given.sink)
        return this.#addForAll(this.#records, new QueueFeed<'records'>(given.sink, fits))
      case 'turns':
        return this.#add(this.#turns, new QueueFeed<'turns'>(given.sink, fits))
      case 'conversations':
        return this.#addForAll(
          this.#conversations,
          new QueueFeed<'conversations'>(given.sink, row => fits({ bot: row.bot, conversation: row.id })),
        )
      case 'stats':
        return this.#add(this.#stats, new NewestFeed<'stats'>(given.sink))
      case 'problems':
        return this.#followProblems(new NewestFeed<'problems'>(given.sink))
      default:
        return given satisfies never
    }
  }

  /** Something in the row of a conversation may have changed. */
  changed(conversation: ConversationId): void {
    if (this.#conversations.size > 0) this.#note(this.#changed, conversation)
  }

  /** Tells nobody anything more. */
  stop(): void {
    this.#isStopped = true
    this.#cancelTick?.()
    this.#unlisten?.()
  }

  #hear(news: News): void {
    if (this.#feeds.size === 0 || news.shown !== undefined) return
    if (this.#records.size > 0 || this.#logs.has(news.conversation)) this.#arrivals.hear(news)
    this.changed(news.conversation)
  }

  #inspected({ topic, event }: InspectionNews): void {
    switch (topic) {
      case 'turns':
        for (const feed of this.#turns) feed.offer(event)
        if (this.#conversations.size > 0) this.#note(this.#later, event.conversation as ConversationId)
        return
      case 'stats':
        for (const feed of this.#stats) feed.offer(event)
        return
      case 'problems':
        for (const feed of this.#problems) feed.offer(event)
        return
      default:
        topic satisfies never
    }
  }

  #note(changed: Set<ConversationId>, conversation: ConversationId): void {
    if (changed.size < changedMax || changed.has(conversation)) changed.add(conversation)
    else this.#lostRows += 1
  }

  /** The list as it is now comes first. */
  #followProblems(feed: NewestFeed<'problems'>): () => void {
    feed.offer(this.#ports.inspection.problems())
    return this.#add(this.#problems, feed)
  }

  async #followLog(name: string, after: number | undefined, sink: LiveSink<'records'>): Promise<() => void> {
    const id = readConversationId(name)
    const found = id === undefined ? undefined : await this.#ports.store.find(id)
    if (found === undefined) throw new ProtocolError('UnknownConversation', 'There is no such conversation.')
    const of = { conversation: found.id, bot: found.bot, after: after === undefined ? found.last : position(after) }
    const feed = new LogFeed(of, sink, this.#ports.look)
    const feeds = this.#logs.get(found.id) ?? new Set()
    this.#logs.set(found.id, feeds)
    const end = this.#add(feeds, feed)
    this.#ports.bus.follow(found.id)
    return () => {
      if (!feeds.has(feed)) return
      end()
      this.#ports.bus.unfollow(found.id)
      if (feeds.size === 0 && this.#logs.get(found.id) === feeds) this.#logs.delete(found.id)
    }
  }

  /** What other nodes have appended while nobody followed everything is old. */
  async #addForAll<F extends Feed>(feeds: Set<F>, feed: F): Promise<() => void> {
    if (this.#followers === 0) this.#others?.end()
    this.#joining += 1
    try {
      await this.#others?.begin()
      return this.#add(feeds, feed)
    } finally {
      this.#joining -= 1
    }
  }

  /** How many follow everything, or are about to. */
  get #followers(): number {
    return this.#records.size + this.#conversations.size + this.#joining
  }

  #add<F extends Feed>(feeds: Set<F>, feed: F): () => void {
    feeds.add(feed)
    this.#feeds.add(feed)
    this.#unlisten ??= this.#ports.inspection.listen(news => this.#inspected(news))
    this.#schedule()
    return () => {
      feeds.delete(feed)
      this.#feeds.delete(feed)
    }
  }

  #schedule(): void {
    if (this.#isTelling || this.#isStopped) return
    this.#cancelTick ??= this.#ports.clock.after(tickMs, () => this.#tick())
  }

  #tick(): void {
    this.#cancelTick = undefined
    if (this.#feeds.size === 0) {
      this.#arrivals.clear()
      this.#changed.clear()
      this.#later.clear()
      if (this.#followers === 0) this.#others?.end()
      this.#unlisten?.()
      this.#unlisten = undefined
      return
    }
    this.#ticks += 1
    this.#isTelling = true
    this.#tell()
      .catch((error: unknown) => this.#ports.events({ event: 'fault', during: 'telling who looks in', error }))
      .finally(() => {
        this.#isTelling = false
        this.#schedule()
      })
  }

  async #tell(): Promise<void> {
    await this.#arrive()
    if (this.#ticks % othersTicks === 0) await this.#pollOthers()
    if (this.#ticks % rowTicks === 0) await this.#rows()
    const ticks = this.#others === undefined ? sweepTicks : othersTicks
    if (this.#ticks % ticks === 0) for (const feeds of this.#logs.values()) for (const feed of feeds) feed.look()
    for (const feed of this.#feeds) this.#flush(feed)
  }

  /** A feed that reads the log does so beside the others. */
  #flush(feed: Feed): void {
    if (this.#busy.has(feed)) return
    const flushing = feed.flush()
    if (flushing === undefined) return
    this.#busy.add(feed)
    flushing
      .catch((error: unknown) => {
        this.#ports.events({ event: 'fault', during: 'reading for who looks in', error })
        if (feed instanceof LogFeed) feed.look()
      })
      .finally(() => this.#busy.delete(feed))
  }

  async #arrive(): Promise<void> {
    const { arrived, lost } = await this.#arrivals.take()
    for (const one of arrived) {
      if (this.#others?.isNext(one.conversation, one.entry.position) ?? true) this.#offer(one)
      for (const feed of this.#logs.get(one.conversation) ?? []) feed.offer(one)
    }
    if (lost === 0) return
    for (const feed of this.#records) feed.lose(lost)
    for (const feeds of this.#logs.values()) for (const feed of feeds) feed.look()
  }

  #offer(one: Arrived): void {
    if (this.#records.size === 0) return
    const event = one.event()
    for (const feed of this.#records) feed.offer(event, one.entry.text.length)
  }

  /** Other nodes' activities, for those who follow everything. */
  async #pollOthers(): Promise<void> {
    if (this.#others === undefined || this.#records.size + this.#conversations.size === 0) return
    const { arrived, changed } = await this.#others.poll()
    for (const one of arrived) this.#offer(one)
    for (const conversation of changed) this.changed(conversation)
  }

  async #rows(): Promise<void> {
    const changed = [...this.#changed]
    const some = changed.slice(0, rowsMax)
    this.#changed = new Set([...changed.slice(rowsMax), ...this.#later])
    this.#later.clear()
    for (const feed of this.#conversations) feed.lose(this.#lostRows)
    this.#lostRows = 0
    if (some.length === 0 || this.#conversations.size === 0) return
    for (const row of await this.#ports.rows(some)) for (const feed of this.#conversations) feed.offer(row)
  }
}
