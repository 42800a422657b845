/**
 * A bus between processes. News of this process is told here at once, with its entry, and carried to the others
 * without; what they tell is told here if anybody follows that conversation.
 *
 * What is announced within one turn of the event loop, and while an earlier batch is on its way, goes together, and of
 * several pieces of news of one conversation only the newest position: who hears it reads everything up to there.
 *
 * A connection that breaks is given up, with all that waited for it, and another takes its place. Nobody waits for it,
 * and nothing fails meanwhile: whoever listens asks the store instead.
 */
import type { ConversationId } from '../protocol/ids.ts'
import type { Events } from './events.ts'
import type { NewsLink, OpenNewsLink } from './news-port.ts'
import type { Bus, Clock, News } from './ports.ts'

/** How much goes at once: pieces of news, and conversations to follow. */
const batchMax = 1_000

/** How much may wait for a slow connection: pieces of news. What would be more is not carried. */
const waitingMax = 10_000

/** How long a connection may take for anything that is asked of it: milliseconds. */
const answerMs = 3_000

/** How often a connection is asked whether it is still one: milliseconds. A cut network says nothing by itself. */
const checkMs = 5_000

/** How long until the next try to connect: milliseconds, doubled each time. */
const retryMsMin = 50
const retryMsMax = 1_000

type BusPorts = {
  /** Tells those who listen in this process. */
  readonly local: Bus
  readonly open: OpenNewsLink
  readonly clock: Clock
  readonly events: Events
  /** Calls back once the present turn of the event loop is over. */
  readonly soon: (callback: () => void) => void
}

/** Carries news between processes. */
export class CarriedBus implements Bus, AsyncDisposable {
  readonly #ports: BusPorts
  readonly #followers = new Map<ConversationId, number>()
  /** Conversations somebody has begun or ceased to follow. */
  #changed = new Set<ConversationId>()
  /** Conversations this connection was asked to follow. */
  #followed = new Set<ConversationId>()
  #link: NewsLink | undefined
  /** The connection that is being asked for something. */
  #asked: NewsLink | undefined
  #waiting: News[] = []
  /** Where in `#waiting` the last of each conversation is. */
  readonly #places = new Map<ConversationId, number>()
  #isScheduled = false
  #isLost = false
  #isClosed = false
  #failures = 0
  #cancelTimer: () => void = () => undefined

  constructor(ports: BusPorts) {
    this.#ports = ports
  }

  /** Connects, and from then on again and again. Resolves when it is known whether the first try has succeeded. */
  async open(): Promise<void> {
    let link: NewsLink | undefined
    try {
      link = await this.#ports.open(news => this.#hear(news))
      if (this.#isClosed) return await link[Symbol.asyncDispose]()
      await this.#inTime(link.check())
      this.#followed = new Set()
      this.#changed = new Set(this.#followers.keys())
      while (this.#changed.size > 0) await this.#inTime(this.#followChanged(link))
    } catch (error) {
      if (link !== undefined) this.#giveUp(link)
      this.#failed(error)
      return
    }
    if (this.#isClosed) return await link[Symbol.asyncDispose]()
    this.#link = link
    const opened = link
    link.broken.then(reason => this.#lose(opened, reason))
    this.#failures = 0
    if (this.#isLost) this.#ports.events({ event: 'busBack' })
    this.#isLost = false
    this.#schedule()
    this.#checkLater(link)
  }

  announce(news: News): void {
    this.#ports.local.announce(news)
    if (this.#link === undefined) return
    this.#gather(news)
    this.#schedule()
  }

  listen(listener: (news: News) => void): void {
    this.#ports.local.listen(listener)
  }

  follow(conversation: ConversationId): void {
    const followers = this.#followers.get(conversation) ?? 0
    this.#followers.set(conversation, followers + 1)
    if (followers === 0) this.#followingChanged(conversation)
  }

  unfollow(conversation: ConversationId): void {
    const followers = this.#followers.get(conversation) ?? 0
    if (followers > 1) {
      this.#followers.set(conversation, followers - 1)
    } else if (this.#followers.delete(conversation)) {
      this.#followingChanged(conversation)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer()
    const link = this.#link
    this.#link = undefined
    // A connection that can't even be closed in time is not worth waiting for.
    if (link !== undefined) await this.#inTime(closed(link)).catch(() => undefined)
  }

  #hear(news: News): void {
    if (!this.#isClosed && this.#followers.has(news.conversation)) this.#ports.local.announce(news)
  }

  #gather({ conversation, position, shown }: News): void {
    const at = this.#places.get(conversation)
    const last = at === undefined ? undefined : this.#waiting[at]
    if (at !== undefined && last !== undefined && last.shown === undefined && shown === undefined) {
      if (position > last.position) this.#waiting[at] = { conversation, position }
      return
    }
    if (this.#waiting.length >= waitingMax) return
    this.#places.set(conversation, this.#waiting.length)
    this.#waiting.push(shown === undefined ? { conversation, position } : { conversation, position, shown })
  }

  #followingChanged(conversation: ConversationId): void {
    this.#changed.add(conversation)
    this.#schedule()
  }

  #schedule(): void {
    const link = this.#link
    if (this.#isScheduled || link === undefined || this.#asked === link) return
    this.#isScheduled = true
    this.#ports.soon(() => {
      this.#isScheduled = false
      void this.#exchange()
    })
  }

  /** Asks one thing after another of the connection, until there is nothing more to ask. Never rejects. */
  async #exchange(): Promise<void> {
    const link = this.#link
    if (link === undefined || this.#asked === link) return
    this.#asked = link
    try {
      while (this.#link === link && (this.#changed.size > 0 || this.#waiting.length > 0)) {
        await this.#inTime(Promise.all([this.#followChanged(link), this.#sendWaiting(link)]))
      }
    } catch (error) {
      this.#lose(link, error)
    } finally {
      if (this.#asked === link) this.#asked = undefined
    }
  }

  async #followChanged(link: NewsLink): Promise<void> {
    const changed = [...this.#changed].slice(0, batchMax)
    const follow: ConversationId[] = []
    const unfollow: ConversationId[] = []
    for (const conversation of changed) {
      this.#changed.delete(conversation)
      if (this.#followers.has(conversation)) {
        if (!this.#followed.has(conversation)) follow.push(conversation)
        this.#followed.add(conversation)
      } else if (this.#followed.delete(conversation)) {
        unfollow.push(conversation)
      }
    }
    if (follow.length > 0) await link.follow(follow)
    if (unfollow.length > 0) await link.unfollow(unfollow)
  }

  async #sendWaiting(link: NewsLink): Promise<void> {
    if (this.#waiting.length === 0) return
    const batch = this.#waiting.splice(0, batchMax)
    this.#places.clear()
    for (const [at, { conversation }] of this.#waiting.entries()) this.#places.set(conversation, at)
    await link.send(batch)
  }

  #checkLater(link: NewsLink): void {
    this.#cancelTimer = this.#ports.clock.after(checkMs, () => {
      this.#inTime(link.check()).then(
        () => {
          if (this.#link === link) this.#checkLater(link)
        },
        (error: unknown) => this.#lose(link, error),
      )
    })
  }

  #lose(link: NewsLink, reason: unknown): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#waiting = []
    this.#places.clear()
    this.#cancelTimer()
    this.#giveUp(link)
    this.#failed(reason)
  }

  #giveUp(link: NewsLink): void {
    // Broken already: that it can't be closed either is no news.
    closed(link).catch(() => undefined)
  }

  #failed(reason: unknown): void {
    if (this.#isClosed) return
    if (!this.#isLost) this.#ports.events({ event: 'busLost', reason })
    this.#isLost = true
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    this.#cancelTimer = this.#ports.clock.after(waitMs, () => void this.open())
  }

  /** Rejects if the connection takes too long. */
  #inTime<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`No answer within ${answerMs} ms.`))
      const cancel = this.#ports.clock.after(answerMs, late)
      work.then(resolve, reject).finally(cancel)
    })
  }
}

const closed = async (link: NewsLink): Promise<void> => link[Symbol.asyncDispose]()
