/**
 * `/health` and `/ready`: one says that the loop turns, the other whether what the service is sent would be stored.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationStore } from '../../../src/domain/ports.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

/** A service whose store can be made to fail or to hang, and for which time passes only when a test says so. */
async function startSick() {
  let health: 'well' | 'failing' | 'hanging' = 'well'
  let probes = 0
  let passedMs = 0
  const recovered = Promise.withResolvers<void>()
  const sick = (good: ConversationStore) =>
    new Proxy(good, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'probe') return typeof value === 'function' ? value.bind(target) : value
        return async () => {
          probes += 1
          if (health === 'hanging') await recovered.promise
          if (health === 'failing') throw new Error('the disk at /secret/place is full')
          await target.probe()
        }
      },
    })
  const service = await startFaulty(bot.url, ({ store, clock }) => ({
    store: sick(store),
    clock: { ...clock, monotonicMs: () => passedMs },
  }))
  const { origin } = new URL(service.base)
  return {
    ...service,
    ready: () => call(`${origin}/ready`),
    health: () => call(`${origin}/health`),
    probes: () => probes,
    pass: (ms: number) => {
      passedMs += ms
    },
    become: (now: typeof health) => {
      health = now
      if (now === 'well') recovered.resolve()
    },
    [Symbol.asyncDispose]: () => {
      recovered.resolve()
      return service[Symbol.asyncDispose]()
    },
  }
}

test('both say yes while all is well, in memory and on disk, and every time they are asked', async () => {
  await using folder = await makeFolder()
  await using onDisk = await startApp({ bot: bot.url, dir: folder.path })
  await using inMemory = await startApp({ bot: bot.url })
  for (const { origin } of [onDisk, inMemory, onDisk, inMemory]) {
    const [health, ready] = [await call(`${origin}/health`), await call(`${origin}/ready`)]
    assert.deepEqual([health.status, health.body], [200, { status: 'ok' }])
    assert.deepEqual([ready.status, ready.body], [200, { status: 'ready' }])
    assert.equal(ready.headers['retry-after'], undefined)
  }
})

test('ready says no within 5 s of the store’s failing, without a word about why, and yes once it stores again; health says yes throughout', async () => {
  await using sick = await startSick()
  assert.equal((await sick.ready()).status, 200)
  sick.become('failing')
  sick.pass(5_001)
  for (let count = 0; count < 3; count += 1) {
    const { status, body, headers } = await sick.ready()
    assert.deepEqual([status, body, headers['retry-after']], [503, { status: 'storeUnavailable' }, '1'])
  }
  assert.equal((await sick.health()).status, 200)
  assert.ok(
    sick.events.some(event => event.event === 'fault'),
    'whoever runs the service is told',
  )
  sick.become('well')
  assert.equal((await sick.ready()).status, 200)
})

test('a store that hangs is not waited for: everybody is told no within 2 s, and one probe is under way', async () => {
  await using sick = await startSick()
  sick.become('hanging')
  const startedMs = performance.now()
  const answers = await Promise.all(Array.from({ length: 50 }, () => sick.ready()))
  // Five times what is promised: fifty are told at once, on a machine that may be busy.
  assert.ok(performance.now() - startedMs < 10_000)
  for (const { status } of answers) assert.equal(status, 503)
  assert.equal((await sick.ready()).status, 503)
  assert.equal(sick.probes(), 1)
  sick.become('well')
  assert.equal((await sick.ready()).status, 200)
})

test('nothing is stored unless somebody asks, and not at every question', async () => {
  await using sick = await startSick()
  sick.pass(60_000)
  assert.equal(sick.probes(), 0)
  for (let count = 0; count < 20; count += 1) assert.equal((await sick.ready()).status, 200)
  assert.equal(sick.probes(), 1)
})

test('who asks often enough never waits for a commit: one that fails late is not yet a no', async () => {
  await using sick = await startSick()
  assert.equal((await sick.ready()).status, 200)
  sick.become('hanging')
  sick.pass(3_000)
  const tookMs: number[] = []
  for (let times = 0; times < 5; times += 1) {
    const startedMs = performance.now()
    assert.equal((await sick.ready()).status, 200)
    tookMs.push(performance.now() - startedMs)
  }
  // Whoever waits waits for a second, each time.
  assert.ok(Math.min(...tookMs) < 900, tookMs.join(', '))
  sick.pass(2_100)
  assert.equal((await sick.ready()).status, 503)
})
