/**
 * The watch over bots, by a clock that stands still until it is moved and a network that is as the test says.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BotHealth } from '../protocol/admin.ts'
import { botId } from '../protocol/ids.ts'
import { BotWatch } from './bot-watch.ts'
import type { Clock } from './ports.ts'
import type { BotProbe } from './probe-port.ts'
import type { Bot } from './sites.ts'

const orders = botId('orders')
const bot = (id = 'orders', port = 3978): Bot =>
  ({ id: botId(id), endpoint: `http://127.0.0.1:${port}/api/messages`, allowLinkLocal: false }) as Bot

/** Time that passes when it is told to, and what is due in it. */
class StandingClock implements Clock {
  #nowMs = 0
  #due: { readonly atMs: number; readonly callback: () => void }[] = []

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { atMs: this.#nowMs + ms, callback }
    this.#due.push(entry)
    return () => {
      this.#due = this.#due.filter(other => other !== entry)
    }
  }

  get isIdle(): boolean {
    return this.#due.length === 0
  }

  /** Lets so much time pass, in order, and what it brings about come to its end. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await settled()
    for (;;) {
      const [next] = this.#due.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#due = this.#due.filter(other => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
      await settled()
    }
    this.#nowMs = endMs
  }
}

/** All that is ready to go on has gone on. */
const settled = () => new Promise(resolve => setImmediate(resolve))

/** A watch over a network in which every connection ends as `answer` says, and nothing else can be asked. */
function watching(bots: Bot[], answer: (port: number) => Promise<string | undefined>) {
  const clock = new StandingClock()
  const looks: { readonly atMs: number; readonly port: number }[] = []
  const noted: [string, BotHealth['state'], string | undefined][] = []
  const probe: BotProbe = {
    read: url => {
      const { hostname, port, pathname } = new URL(url)
      return { scheme: 'http', host: hostname, port: Number(port), path: pathname }
    },
    resolve: async host => ({ outcome: 'found', addresses: [host] }),
    connect: (place, _timeoutMs) => {
      if (place.address === '127.0.0.1') looks.push({ atMs: clock.monotonicMs(), port: place.port })
      return answer(place.port)
    },
    handshake: () => assert.fail('no TLS'),
    options: () => assert.fail('no request'),
    thisMachine: () => assert.fail('no advice'),
  }
  const watch = new BotWatch({
    probe,
    clock,
    sites: { bots, bot: wanted => bots.find(({ id }) => id === wanted) },
    noteHealth: (id, { state, problem }) => noted.push([id, state, problem]),
  })
  watch.looked()
  return { watch, clock, looks, noted }
}

describe('the watch', () => {
  it('looks at once, then less and less often, down to every ten seconds', async () => {
    const { watch, clock, looks, noted } = watching([bot()], async () => undefined)
    assert.deepEqual(watch.healthOf(orders), { state: 'unknown' })
    await clock.pass(0)
    assert.equal(watch.healthOf(orders).state, 'up')
    await clock.pass(60_000)
    const gaps = looks.map(({ atMs }, at) => atMs - (looks[at - 1]?.atMs ?? 0)).slice(1)
    assert.deepEqual(gaps, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000])
    assert.deepEqual(noted, [['orders', 'up', undefined]])
    watch.stop()
  })

  it('tells of a bot that goes and comes back, each time once', async () => {
    let reason: string | undefined
    const { watch, clock, noted } = watching([bot()], async () => reason)
    await clock.pass(30_000)
    reason = 'ECONNREFUSED'
    watch.looked()
    await clock.pass(30_000)
    assert.deepEqual(watch.healthOf(orders).problem, 'NobodyListens')
    reason = undefined
    watch.looked()
    await clock.pass(30_000)
    assert.deepEqual(noted, [
      ['orders', 'up', undefined],
      ['orders', 'down', 'NobodyListens'],
      ['orders', 'up', undefined],
    ])
    watch.stop()
  })

  it('looks at once when a turn has failed, and then again soon', async () => {
    const { watch, clock, looks } = watching([bot()], async () => 'ECONNREFUSED')
    await clock.pass(50_000)
    const before = looks.length
    watch.lookSoon(orders)
    await clock.pass(0)
    assert.equal(looks.length, before + 1)
    await clock.pass(3_000)
    assert.ok(looks.length >= before + 2)
    watch.stop()
  })

  it('leaves bots alone to which nobody looks', async () => {
    const { watch, clock, looks } = watching([bot()], async () => 'ECONNREFUSED')
    await clock.pass(120_000)
    const { length } = looks
    assert.ok(length > 0)
    watch.lookSoon(orders)
    await clock.pass(120_000)
    assert.equal(looks.length, length)
    assert.ok(clock.isIdle, 'something is still due')
    watch.looked()
    await clock.pass(0)
    assert.equal(looks.length, length + 1)
    watch.stop()
  })

  it('knows bots that are added, forgets those that are removed, and takes one that has moved for another', async () => {
    const bots = [bot()]
    const { watch, clock, looks } = watching(bots, async port => (port === 3978 ? undefined : 'ECONNREFUSED'))
    await clock.pass(20_000)
    bots[0] = bot('orders', 3979)
    bots.push(bot('billing'))
    await clock.pass(1_000)
    assert.deepEqual([watch.healthOf(orders).state, watch.healthOf(botId('billing')).state], ['down', 'up'])
    bots.length = 0
    await clock.pass(2_000)
    assert.equal(watch.healthOf(orders).state, 'unknown')
    const { length } = looks
    await clock.pass(60_000)
    assert.equal(looks.length, length)
    watch.stop()
  })

  it('looks at eight at once and at each once, however many there are and however long they take', async () => {
    let open = 0
    let most = 0
    const waiting: (() => void)[] = []
    const bots = Array.from({ length: 30 }, (_, at) => bot(`bot-${at}`, 4_000 + at))
    const { watch, clock, looks } = watching(bots, () => {
      open += 1
      most = Math.max(most, open)
      return new Promise(resolve =>
        waiting.push(() => {
          open -= 1
          resolve(undefined)
        }),
      )
    })
    await clock.pass(5_000)
    assert.equal(looks.length, 8)
    // All of them in the time of less than one round: a place that is free is taken at once.
    for (let step = 0; step < 10; step += 1) {
      for (const answer of waiting.splice(0)) answer()
      await clock.pass(90)
    }
    assert.equal(most, 8)
    assert.ok(
      bots.every(({ id }) => watch.healthOf(id).state === 'up'),
      'some bot has not had its turn',
    )
    watch.stop()
  })

  it('leaves nothing behind when it is stopped', async () => {
    const { watch, clock, looks } = watching([bot()], async () => undefined)
    await clock.pass(10_000)
    watch.stop()
    watch.lookSoon(orders)
    const { length } = looks
    await clock.pass(60_000)
    assert.equal(looks.length, length)
    assert.ok(clock.isIdle)
  })
})
