/**
 * Heeding what other nodes change, while the store is away and when it is back.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../adapters/memory/store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { Heeding } from './heeding.ts'
import { OneByOne } from './one-by-one.ts'
import type { Clock } from './ports.ts'

test('however many ask for what is newest while the store is away, few questions wait for it, and stopping soon ends', async () => {
  await using store = new MemoryStore()
  let reads = 0
  let back: () => void = () => undefined
  let away: Promise<void> | undefined
  const asked: Pick<MemoryStore, 'settingsSince'> = {
    settingsSince: async version => {
      reads += 1
      await away
      return store.settingsSince(version)
    },
  }
  const waits: (() => void)[] = []
  const clock: Clock = {
    ...{ nowMs: systemClock.nowMs, monotonicMs: systemClock.monotonicMs },
    after: (_ms, callback) => {
      waits.push(callback)
      return () => undefined
    },
  }
  const heeding = await Heeding.open({ store: asked, clock, events: event => assert.fail(JSON.stringify(event)) })
  const heard: string[] = []
  heeding.tell(async names => void heard.push(...names))
  const changes = new OneByOne(() => heeding.catchUp())
  heeding.begin(changes)
  reads = 0
  away = new Promise(resolve => {
    back = resolve
  })
  const passTime = () => {
    for (const end of waits.splice(0)) end()
  }
  // The first is under way when the others ask.
  passTime()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(reads, 1)
  const all = Array.from({ length: 50 }, () => heeding.upToDate())
  // The time of each of them is over, and the node asks again by itself too.
  passTime()
  await Promise.all(all)
  assert.equal(reads, 1)
  await store.putSetting('a name', 'a value')
  back()
  await heeding.upToDate()
  assert.deepEqual(heard, ['a name'])
  await heeding.stop()
  assert.ok(reads <= 3, `${reads} reads`)
})
