/**
 * One life of the service's inside for the simulation: the domain as `src/app.ts` joins it, between a store, a bus, a
 * clock and a bot that do as the history says. A crash ends a life: nothing of it is heard any more, and the next one
 * knows only what the store has.
 */
import { MemoryFiles } from '../../src/adapters/memory/files.ts'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { readBase64 } from '../../src/adapters/system/base64.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { openKeys } from '../../src/adapters/system/keys.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { openBots } from '../../src/bots.ts'
import { Attachments } from '../../src/domain/attachments.ts'
import type { BotAnswer, BotCall } from '../../src/domain/bot-port.ts'
import { Conversations } from '../../src/domain/conversations.ts'
import { Delivery } from '../../src/domain/delivery.ts'
import { Hub } from '../../src/domain/hub.ts'
import { InFlight } from '../../src/domain/in-flight.ts'
import { InlineFiles } from '../../src/domain/inline-files.ts'
import { Joins } from '../../src/domain/joins.ts'
import { Links } from '../../src/domain/links.ts'
import { Patience } from '../../src/domain/patience.ts'
import type { Bus, Clock, ConversationStore, News } from '../../src/domain/ports.ts'
import { Recorder } from '../../src/domain/record.ts'
import { Replies } from '../../src/domain/replies.ts'
import { Sending } from '../../src/domain/sending.ts'
import { type Site, Sites } from '../../src/domain/sites.ts'
import { placedForBot } from '../../src/domain/stamp.ts'
import { Tails } from '../../src/domain/tails.ts'
import type { TakeTurn } from '../../src/domain/turn.ts'
import { defaultBot, defaultSite } from '../../src/settings.ts'

const keys = openKeys(new Uint8Array(32))
const publicUrl = () => 'http://landline.invalid'
const fileLifetimeSeconds = 60

const opened = await openBots([{ ...defaultBot, sites: [{ ...defaultSite, secrets: ['s'.repeat(32)] }] }], {
  store: new MemoryStore(),
  keys,
  clock: systemClock,
  random: systemRandom,
})

/** The site of the simulation. */
export const site = opened.sites[0] as Site

/** What a life is given. */
export type Surroundings = {
  readonly store: ConversationStore
  /** What becomes of a piece of news; `hear` is how the hub is told. */
  readonly announce: (news: News, hear: (news: News) => void) => void
  readonly time: Pick<Clock, 'nowMs' | 'monotonicMs'>
  /** A turn of the bot. */
  readonly turn: (call: BotCall) => Promise<BotAnswer>
}

/** One life. */
export class Life {
  readonly conversations: Conversations
  readonly replies: Replies
  isOver = false
  /** News on its way: what makes the hub hear it. */
  readonly heldNews: (() => void)[] = []
  readonly #timers: { atMs: number; readonly callback: () => void }[] = []
  readonly #time: Surroundings['time']

  constructor({ store, announce, time, turn }: Surroundings) {
    this.#time = time
    const clock: Clock = { ...time, after: (ms, callback) => this.#after(ms, callback) }
    let hear: (news: News) => void = () => undefined
    const bus: Bus = {
      announce: news => announce(news, hear),
      listen: listener => {
        hear = listener
      },
      follow: () => undefined,
      unfollow: () => undefined,
    }
    const events = () => undefined
    const ports = { store, clock, keys, random: systemRandom, events }
    const tails = new Tails(store)
    const hub = new Hub({ ...ports, log: tails, bus })
    const recorder = new Recorder({ ...ports, tails, bus, hub })
    const links = new Links({ ...ports, publicUrl, fileLifetimeSeconds })
    const attachments = new Attachments({ ...ports, files: new MemoryFiles(), readBase64, links, fileLifetimeSeconds })
    const inFlight = new InFlight()
    const delivery = new Delivery({
      ...ports,
      inFlight,
      authorize: () => ({ outcome: 'given', header: undefined }),
      bots: { call: turn, [Symbol.asyncDispose]: async () => undefined },
    })
    const takeTurn: TakeTurn = ({ conversation, bot, botRest, id, timestampMs, timeoutMs }) => {
      const body = placedForBot(botRest, id, timestampMs, bot, links.serviceUrl(bot, conversation))
      return delivery.deliver({ conversation, bot, body, needsAnswer: false, timeoutMs })
    }
    this.replies = new Replies({ ...ports, recorder, attachments, links, sites: new Sites(opened.sites), publicUrl })
    const joins = new Joins({ ...ports, takeTurn })
    const patience = new Patience(ports)
    const sending = new Sending({ ...ports, recorder, joins, takeTurn })
    const inlineFiles = new InlineFiles({ attachments, publicUrl })
    this.conversations = new Conversations({ ...ports, tails, hub, joins, sending, inlineFiles, patience, inFlight })
  }

  /** Ends it as a kill does. */
  crash(): void {
    this.isOver = true
    this.#timers.length = 0
    this.heldNews.length = 0
  }

  /** Has those timers fire whose time has come. */
  tick(): void {
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#time.monotonicMs())
    for (const timer of due) {
      const at = this.#timers.indexOf(timer)
      // A timer before it may have cancelled it.
      if (at < 0) continue
      this.#timers.splice(at, 1)
      timer.callback()
    }
  }

  #after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#time.monotonicMs() + ms, callback }
    if (!this.isOver) this.#timers.push(timer)
    return () => {
      const at = this.#timers.indexOf(timer)
      if (at >= 0) this.#timers.splice(at, 1)
    }
  }
}
