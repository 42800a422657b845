/**
 * Rates, held against a clock that is moved by hand.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '../protocol/limits.ts'
import type { Event } from './events.ts'
import type { Clock } from './ports.ts'
import type { RateStore, Taken } from './rate-port.ts'
import { Rates } from './rates.ts'

/** A clock that goes only where it is told to. */
class HandClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  #nowMs = 0

  nowMs = () => this.#nowMs
  monotonicMs = () => this.#nowMs

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  go(ms: number): void {
    this.#nowMs += ms
    for (const timer of [...this.#timers]) {
      if (timer.atMs > this.#nowMs || !this.#timers.delete(timer)) continue
      timer.callback()
    }
  }

  get waiting(): number {
    return this.#timers.size
  }
}

const rates = {
  ...defaultLimits.rates,
  sendsPerToken: { perSecond: 2, burst: 5 },
  pollsPerToken: { perSecond: 10, burst: 2 },
}

/** How many of a number of takes were allowed. */
const allowed = (held: Rates, key: string, count: number) =>
  Array.from({ length: count }, () => held.take('sendsPerToken', key)).filter(seconds => seconds === 0).length

test('a caller has its burst at once, and then its rate', () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  assert.equal(allowed(held, 'a', 100), 5)
  clock.go(499)
  assert.equal(allowed(held, 'a', 100), 0)
  clock.go(1)
  assert.equal(allowed(held, 'a', 100), 1)
  clock.go(1_000)
  assert.equal(allowed(held, 'a', 100), 2)
  clock.go(60_000)
  assert.equal(allowed(held, 'a', 100), 5, 'what was not used is not saved up beyond the burst')
})

test('says how long to wait, and then it is so', () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  allowed(held, 'a', 5)
  clock.go(125)
  assert.equal(held.take('sendsPerToken', 'a'), 0.375)
  clock.go(375)
  assert.equal(held.take('sendsPerToken', 'a'), 0)
})

test('over any while a caller gets no more than its burst and its rate, and one that is refused all it is due', () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  let count = 0
  for (let ms = 0; ms < 60_000; ms += 7) {
    count += allowed(held, 'a', 3)
    clock.go(7)
  }
  assert.ok(count >= 5 + 119 && count <= 5 + 120, `${count}`)
})

test('callers, and kinds of what they do, stand apart', () => {
  const held = new Rates({ clock: new HandClock() }, rates)
  assert.equal(allowed(held, 'a', 10), 5)
  assert.equal(allowed(held, 'b', 10), 5)
  assert.equal(held.take('sendsPerConversation', 'a'), 0)
})

test('nobody is held to anything where there are no rates', async () => {
  const held = new Rates({ clock: new HandClock() }, undefined)
  assert.equal(allowed(held, 'a', 1_000), 1_000)
  for (let count = 0; count < 1_000; count += 1) assert.equal(await held.waitFor('pollsPerToken', 'a'), true)
})

test('callers that are idle again are forgotten, and nobody who is not', () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  for (let at = 0; at < 1_000; at += 1) held.take('sendsPerToken', `${at}`)
  for (let second = 0; second < 10; second += 1) {
    clock.go(1_000)
    allowed(held, 'busy', 100)
    assert.equal(allowed(held, 'busy', 100), 0)
  }
  assert.ok(held.remembered <= 2, `${held.remembered}`)
})

test('a million callers take no more room than there is, and the one that keeps asking is still held to its rate', () => {
  const held = new Rates({ clock: new HandClock() }, rates, 1_000)
  assert.equal(allowed(held, 'busy', 10), 5)
  for (let at = 0; at < 1_000_000; at += 1) {
    held.take('sendsPerToken', `${at}`)
    if (at % 500 === 0) assert.ok(held.take('sendsPerToken', 'busy') > 0)
  }
  assert.ok(held.remembered <= 2_000, `${held.remembered}`)
})

test('who is held back goes on in order at the rate, and who would wait for too long is told at once', async () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  const ended: number[] = []
  const answers = Array.from({ length: 200 }, async (_, at) => {
    if (await held.waitFor('pollsPerToken', 'a')) ended.push(at)
  })
  await settled()
  assert.deepEqual(ended, [0, 1])
  // Two at once, and 15 s at ten a second.
  assert.equal(clock.waiting, 150)
  clock.go(1_000)
  await settled()
  assert.deepEqual(ended, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  clock.go(14_000)
  await Promise.all(answers)
  assert.equal(ended.length, 152)
  assert.equal(clock.waiting, 0)
})

test('a stop lets everybody go who is held back, and holds nobody back any more', async () => {
  const clock = new HandClock()
  const held = new Rates({ clock }, rates)
  const waits = Array.from({ length: 20 }, () => held.waitFor('pollsPerToken', 'a'))
  held.letGo()
  assert.ok((await Promise.all(waits)).every(answer => answer))
  assert.equal(await held.waitFor('pollsPerToken', 'a'), true)
  assert.equal(clock.waiting, 0)
})

/** Nodes that count together, on one clock. */
class Nodes implements RateStore {
  readonly clock = new HandClock()
  readonly events: Event[] = []
  readonly held: readonly Rates[]
  isAway = false
  told = 0
  readonly #freeAtMs = new Map<string, number>()

  constructor(count: number) {
    const shared = { store: this, events: (event: Event) => void this.events.push(event) }
    this.held = Array.from({ length: count }, () => new Rates({ clock: this.clock, shared }, rates))
  }

  async add(taken: readonly Taken[]): Promise<readonly number[]> {
    if (this.isAway) throw new Error('away')
    this.told += taken.length
    return taken.map(({ rate, caller, ms }) => {
      const name = JSON.stringify([rate, caller])
      const freeAtMs = Math.max(this.#freeAtMs.get(name) ?? 0, this.clock.nowMs()) + ms
      this.#freeAtMs.set(name, freeAtMs)
      return freeAtMs - this.clock.nowMs()
    })
  }

  /** How many of so many takes were allowed, with each at the next node. */
  allowed(count: number): number {
    let sum = 0
    for (let at = 0; at < count; at += 1) sum += allowed(this.held[at % this.held.length] as Rates, 'a', 1)
    return sum
  }

  async go(ms: number): Promise<void> {
    this.clock.go(ms)
    await settled()
  }
}

test('who goes to several nodes that count together has one rate there', async () => {
  const nodes = new Nodes(3)
  let count = 0
  for (let ms = 0; ms < 600_000; ms += 100) {
    count += nodes.allowed(6)
    await nodes.go(100)
  }
  // Two a second, and the bursts that were taken before any heard of the others.
  assert.ok(count >= 1_200 && count <= 1_200 + 3 * 5 + 6, `${count}`)
})

test('what was taken at one node is heard of at another by who is busy there too', async () => {
  const nodes = new Nodes(2)
  const [one, two] = nodes.held as [Rates, Rates]
  assert.equal(allowed(one, 'a', 10), 5)
  await nodes.go(250)
  assert.equal(allowed(two, 'a', 2), 2, 'not yet known here')
  await nodes.go(250)
  // Seven have been taken, and half a second has given one back.
  assert.equal(allowed(two, 'a', 10), 0)
  await nodes.go(1_000)
  assert.equal(allowed(two, 'a', 10), 1)
  assert.equal(allowed(two, 'b', 10), 5, 'others are held to nothing of it')
})

test('what is taken while the store is asked counts too', async () => {
  const nodes = new Nodes(2)
  const [one, two] = nodes.held as [Rates, Rates]
  allowed(one, 'a', 2)
  allowed(two, 'a', 2)
  nodes.clock.go(250)
  assert.equal(allowed(two, 'a', 1), 1)
  await settled()
  // Of five, four had been taken, of which half a one is free again, and one since.
  assert.equal(allowed(two, 'a', 10), 0)
})

test('nobody is told of who takes less than their part', async () => {
  const nodes = new Nodes(2)
  const say = (caller: string) => assert.equal(nodes.held[0]?.take('sendsPerConversation', caller), 0)
  for (let second = 0; second < 600; second += 1) {
    for (let caller = 0; caller < 10; caller += 1) say(`${caller}`)
    say(`${second}`)
    await nodes.go(1_000)
  }
  assert.equal(nodes.told, 0)
  for (let sent = 0; sent < 100; sent += 1) say('much')
  await nodes.go(250)
  assert.equal(nodes.told, 1)
  await nodes.go(60_000)
  assert.equal(nodes.told, 1)
})

test('who has been told of and takes nothing more is soon forgotten', async () => {
  const nodes = new Nodes(2)
  nodes.allowed(10)
  for (let ms = 0; ms < 15_000; ms += 250) await nodes.go(250)
  assert.equal(nodes.clock.waiting, 0)
})

test('each node counts for itself while the store is away, says so once, and counts with the others again', async () => {
  const nodes = new Nodes(2)
  nodes.isAway = true
  let count = 0
  for (let ms = 0; ms < 10_000; ms += 250) {
    count += nodes.allowed(4)
    await nodes.go(250)
  }
  assert.ok(count >= 40 && count <= 40 + 2 * 5, `${count}`)
  assert.deepEqual(
    nodes.events.map(({ event }) => event),
    ['fault', 'fault'],
    'one of each node',
  )
  nodes.isAway = false
  count = 0
  for (let ms = 0; ms < 100_000; ms += 250) {
    count += nodes.allowed(4)
    await nodes.go(250)
  }
  assert.ok(count >= 200 - 5 && count <= 200 + 2 * 5, `${count}`)
  for (const held of nodes.held) held.letGo()
  assert.equal(nodes.clock.waiting, 0)
})

/** Everything that could go on has gone on. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve))
