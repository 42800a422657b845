/**
 * The live socket: one for the whole page, opened when the page has been let in, opened again when it breaks. What was
 * missed in between is asked for with `after`, or told as a gap, for the page to read again.
 */
import type { LiveEvents, LiveMessage, LiveRequest, LiveTopic } from '../src/protocol/admin-live.ts'
import { retryMs } from './again.ts'
import { api, isReached } from './api.ts'
import { Cell } from './cell.ts'
import { useLayoutEffect, useRef } from './ui.ts'

/** What of a topic is followed. `after`: the newest `seq` the page has, for `records` of one conversation. */
export type LiveFilter = {
  readonly bot?: string | undefined
  readonly conversation?: string | undefined
  readonly after?: number | undefined
}

/** Who is told. */
export type LiveHandler<Topic extends LiveTopic> = {
  events(events: readonly LiveEvents[Topic][]): void
  /** Events may be missing: the service dropped some, or the socket was not there and `after` does not cover it. */
  gap?(): void
}

type Subscription = {
  readonly topic: LiveTopic
  readonly filter: LiveFilter
  readonly handler: LiveHandler<LiveTopic>
  /** The newest `seq` heard of. */
  after: number | undefined
}

/** How the socket is. */
export type LiveState = 'connecting' | 'live' | 'reconnecting'

/** The service says something every second; after this long it is taken to be gone: milliseconds. */
const silenceMsMax = 6_000

/** The subscription of the socket itself, which keeps it from being silent. */
const pulse = 'pulse'

class Live {
  /** How the socket is, for the page to say. */
  readonly state = new Cell<LiveState>('connecting')
  readonly #subscriptions = new Map<string, Subscription>()
  #socket: WebSocket | undefined
  /** Those that were asked for when the socket was opened, until something is heard on it. */
  #unheard: ReadonlySet<Subscription> = new Set()
  #isStarted = false
  #count = 0
  #tries = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined

  /** Opens the socket and keeps it open. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    addEventListener('online', this.#now)
    this.#open()
  }

  /** Closes it. Subscriptions stay, for the next start. */
  stop(): void {
    this.#isStarted = false
    removeEventListener('online', this.#now)
    clearTimeout(this.#retry)
    this.#drop()
  }

  /** Follows a topic. Returns what ends that. */
  follow<Topic extends LiveTopic>(topic: Topic, filter: LiveFilter, handler: LiveHandler<Topic>): () => void {
    this.#count += 1
    const id = `s${this.#count}`
    // A handler only ever hears its own topic: the id it is kept under is the one the service answers to.
    const subscription = { topic, filter, handler: handler as LiveHandler<LiveTopic>, after: filter.after }
    this.#subscriptions.set(id, subscription)
    this.#ask(requestOf(id, subscription))
    return () => {
      this.#subscriptions.delete(id)
      this.#ask({ op: 'unsub', id })
    }
  }

  #now = () => {
    if (this.#socket !== undefined) return
    clearTimeout(this.#retry)
    this.#open()
  }

  #open(): void {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/admin/v1/live`)
    this.#socket = socket
    socket.addEventListener('open', () => this.#opened(socket))
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#heard(JSON.parse(String(data)) as LiveMessage)
    })
    socket.addEventListener('close', () => {
      if (socket === this.#socket) this.#lost()
    })
  }

  #opened(socket: WebSocket): void {
    if (socket !== this.#socket) return
    isReached.set(true)
    this.state.set('live')
    this.#listenForSilence()
    this.#ask({ op: 'sub', id: pulse, topic: 'stats' })
    for (const [id, subscription] of this.#subscriptions) this.#ask(requestOf(id, subscription))
    this.#unheard = new Set(this.#subscriptions.values())
  }

  #heard({ id, events, dropped }: LiveMessage): void {
    this.#tries = 0
    this.#listenForSilence()
    this.#tellGaps()
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    if (subscription.topic === 'records' && subscription.filter.conversation !== undefined) {
      for (const { record } of events as LiveEvents['records'][])
        subscription.after = Math.max(subscription.after ?? 0, record.seq)
    }
    if (events.length > 0) subscription.handler.events(events)
    if (dropped > 0) subscription.handler.gap?.()
  }

  /**
   * What the page has read before the service knew of its subscriptions may be old, at the first opening too. Once the
   * service says anything it knows of them: what is read before that may be old, too.
   */
  #tellGaps(): void {
    const subscriptions = this.#unheard
    this.#unheard = new Set()
    for (const subscription of this.#subscriptions.values())
      if (subscription.after === undefined && subscriptions.has(subscription)) subscription.handler.gap?.()
  }

  #lost(): void {
    this.#drop()
    if (!this.#isStarted) return
    this.state.set('reconnecting')
    const waitMs = retryMs(this.#tries)
    this.#tries += 1
    this.#retry = setTimeout(() => {
      this.#open()
      // A socket does not tell why it was refused: an answer of the API does, if the key is no longer good.
      api.about().catch(() => undefined)
    }, waitMs)
  }

  #drop(): void {
    clearTimeout(this.#silence)
    const socket = this.#socket
    this.#socket = undefined
    socket?.close()
  }

  #listenForSilence(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#lost(), silenceMsMax)
  }

  #ask(request: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(request))
  }
}

const requestOf = (id: string, { topic, filter, after }: Subscription): LiveRequest => ({
  op: 'sub',
  id,
  topic,
  ...filter,
  after,
})

/** The page's socket. */
export const live = new Live()

/**
 * Follows a topic while a component is there. The handler may change with each drawing; the subscription changes only
 * with the bot, the conversation and `after` it starts from. It is asked for before anything that a component reads in
 * an effect, so nothing is lost between the two.
 *
 * @param filter undefined: nothing is followed yet
 */
export function useLive<Topic extends LiveTopic>(
  topic: Topic,
  filter: LiveFilter | undefined,
  handler: LiveHandler<Topic>,
): void {
  const newest = useRef(handler)
  newest.current = handler
  const key = filter === undefined ? undefined : JSON.stringify([filter.bot, filter.conversation, filter.after])
  useLayoutEffect(() => {
    if (filter === undefined) return undefined
    return live.follow(topic, filter, {
      events: events => newest.current.events(events),
      gap: () => newest.current.gap?.(),
    })
  }, [topic, key])
}
