/**
 * Listeners in a world that misbehaves: news late, twice, out of order or lost, stores that take their time, sockets
 * that stall. Whatever happens, each listener is sent everything after its place exactly once and in order.
 * `LANDLINE_HISTORIES` says how many, `LANDLINE_SEED` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import type { Listener } from '../../src/domain/cursor.ts'
import type { ConversationGrant } from '../../src/domain/grant.ts'
import { type Cursor, Hub } from '../../src/domain/hub.ts'
import type { Bus, Clock, ConversationStore, News } from '../../src/domain/ports.ts'
import { stampFromUser } from '../../src/domain/stamp.ts'
import { botId, type ConversationId, newConversationId, siteId, userId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'
import { seedOf } from '../support/seed.ts'

const conversation = newConversationId('simulated0000000000001')
const bot = botId('bot')
const someone = { id: userId('u'), name: undefined }

/** What happens, one step after another. */
type Step =
  | { readonly do: 'append'; readonly news: 'now' | 'late' | 'twice' | 'bare' | 'never' }
  | { readonly do: 'release' }
  | { readonly do: 'listen'; readonly after: number; readonly stallsAfter: number }
  | { readonly do: 'drain'; readonly listener: number }
  | { readonly do: 'answer' }
  | { readonly do: 'second' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      news: fc.constantFrom('now', 'late', 'twice', 'bare', 'never'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('listen' as const),
      after: fc.nat(12),
      stallsAfter: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drain' as const), listener: fc.nat(7) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('second' as const) }) },
)

/** A calm world: news always comes, so that nothing a lost wake-up would need is repaired by the next message. */
const calmStep = step.filter(({ do: what, ...rest }) => what !== 'second' && !('news' in rest && rest.news === 'never'))

/** A listener that notes the ids it is shown and stalls after some frames. */
class Noting implements Listener {
  readonly user = undefined
  /** Nobody is refused in this world. */
  readonly grant = {} as ConversationGrant
  readonly seen: string[] = []
  readonly after: number
  cursor: Cursor | undefined
  #room: number
  readonly #stallsAfter: number

  constructor(after: number, stallsAfter: number) {
    this.after = after
    this.#room = stallsAfter
    this.#stallsAfter = stallsAfter
  }

  send(frame: string): boolean {
    const set = JSON.parse(frame) as { activities: { id: string }[] }
    this.seen.push(...set.activities.map(activity => activity.id.slice(-7)))
    this.#room -= 1
    return this.#room > 0
  }

  drain(): void {
    this.#room = this.#stallsAfter
    this.cursor?.resume()
  }

  close(): void {
    assert.fail('nobody is closed in this world')
  }
}

/** A world whose time, news and answers come when the steps say so. */
class World {
  readonly #store = new MemoryStore()
  readonly #held: News[] = []
  readonly #answers: (() => void)[] = []
  readonly #timers: (() => void)[] = []
  readonly #listeners: Noting[] = []
  #hear: (news: News) => void = () => undefined
  #patient = true
  #count = 0
  readonly #hub: Hub

  constructor() {
    const clock: Clock = {
      nowMs: () => 0,
      monotonicMs: () => 0,
      after: (_ms, callback) => {
        this.#timers.push(callback)
        return () => undefined
      },
    }
    const bus: Bus = {
      announce: news => this.#hear(news),
      listen: listener => (this.#hear = listener),
      follow: () => undefined,
      unfollow: () => undefined,
    }
    const store = Object.assign(Object.create(this.#store) as ConversationStore, {
      read: async (...asked: Parameters<ConversationStore['read']>) => {
        const page = await this.#store.read(...asked)
        if (this.#patient) await new Promise<void>(resolve => this.#answers.push(resolve))
        return page
      },
      newest: (conversations: readonly ConversationId[]) => this.#store.newest(conversations),
    })
    this.#hub = new Hub({ log: store, bus, clock, events: event => assert.fail(JSON.stringify(event)) })
  }

  async begin(): Promise<void> {
    await this.#store.start({ id: conversation, bot, site: siteId('site'), locale: undefined }, undefined, 0)
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        return this.#append(step.news)
      case 'release':
        for (const news of this.#held.splice(0, 1)) this.#hear(news)
        return
      case 'listen': {
        if (this.#listeners.length >= 8) return
        const listener = new Noting(Math.min(step.after, this.#count), step.stallsAfter)
        this.#listeners.push(listener)
        listener.cursor = this.#hub.listen(conversation, listener, position(listener.after))
        return
      }
      case 'drain':
        return this.#listeners[step.listener]?.drain()
      case 'answer':
        this.#answers.shift()?.()
        return this.#settle()
      case 'second':
        return this.#second()
    }
  }

  /** Everything that was held comes, in reverse; then, if asked, the sweep has its turn. */
  async end(sweep: boolean): Promise<void> {
    this.#patient = false
    for (const news of this.#held.splice(0).reverse()) this.#hear(news)
    for (let round = 0; round < 40; round += 1) {
      for (const answer of this.#answers.splice(0)) answer()
      for (const listener of this.#listeners) listener.drain()
      if (sweep) await this.#second()
      await this.#settle()
    }
  }

  check(): void {
    for (const listener of this.#listeners) {
      const expected = Array.from({ length: this.#count - listener.after }, (_, at) =>
        String(listener.after + at + 1).padStart(7, '0'),
      )
      assert.deepEqual(listener.seen, expected)
    }
  }

  async #append(how: 'now' | 'late' | 'twice' | 'bare' | 'never'): Promise<void> {
    const activity = stampFromUser({ type: 'message', text: 'x' }, conversation, someone, 'all')
    const appended = await this.#store.append({ conversation, bot, activity, atMs: 0, key: undefined })
    assert.equal(appended.outcome, 'appended')
    if (appended.outcome !== 'appended') return
    this.#count += 1
    const { entry } = appended
    const news = { conversation, position: entry.position, entry }
    if (how === 'now' || how === 'twice') this.#hear(news)
    if (how === 'twice' || how === 'late') this.#held.push(news)
    if (how === 'bare') this.#hear({ conversation, position: entry.position })
  }

  async #second(): Promise<void> {
    for (let part = 0; part < 10; part += 1) for (const timer of this.#timers.splice(0)) timer()
    await this.#settle()
  }

  async #settle(): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve))
  }
}

const numRuns = Number(process.env['LANDLINE_HISTORIES'] ?? 300)
const seed = seedOf()

async function history(steps: readonly Step[], sweep: boolean): Promise<void> {
  const world = new World()
  await world.begin()
  for (const step of steps) await world.take(step)
  await world.end(sweep)
  world.check()
}

test('sends every listener everything after its place exactly once, although news is late, doubled or lost', async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), steps => history(steps, true)),
    { numRuns, seed },
  )
})

test('needs no sweep where news comes, however late and in whatever order', async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(fc.array(calmStep, { maxLength: 60 }), steps => history(steps, false)),
    { numRuns, seed },
  )
})
