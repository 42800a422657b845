/**
 * Readers that stop reading, with a clock that is moved by hand: how long their sockets are kept.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalBus } from '../../src/adapters/memory/bus.ts'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import type { Listener } from '../../src/domain/cursor.ts'
import type { ConversationGrant } from '../../src/domain/grant.ts'
import { Hub } from '../../src/domain/hub.ts'
import type { Clock } from '../../src/domain/ports.ts'
import { botId, newConversationId, siteId } from '../../src/protocol/ids.ts'
import { defaultLimits } from '../../src/protocol/limits.ts'
import { beginning } from '../../src/protocol/watermark.ts'

const conversation = newConversationId('stalled000000000000001')

/** A listener that takes so many frames and then no more. */
class Stalling implements Listener {
  readonly user = undefined
  readonly grant = {} as ConversationGrant
  closed: string | undefined
  #left: number

  constructor(frames: number) {
    this.#left = frames
  }

  send(): boolean {
    this.#left -= 1
    return this.#left > 0
  }

  close(code: number, reason: string): void {
    this.closed = `${code} ${reason}`
  }
}

test('a reader that takes nothing for a minute is closed with 1013, and one that reads is not', async () => {
  let nowMs = 0
  let sweep: () => void = () => undefined
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (_ms, callback) => {
      sweep = callback
      return () => undefined
    },
  }
  await using store = new MemoryStore()
  await store.start({ id: conversation, bot: botId('bot'), site: siteId('site'), locale: undefined }, undefined, 0)
  const bus = new LocalBus(error => assert.fail(String(error)))
  const hub = new Hub({ log: store, bus, clock, events: () => undefined })
  const [stalled, reading, freed] = [new Stalling(1), new Stalling(1_000), new Stalling(1)]
  const cursors = [stalled, reading, freed].map(listener => hub.listen(conversation, listener, beginning))
  await settled()
  bus.announce({ conversation, position: beginning, shown: { text: '{}', audience: undefined } })
  for (let seconds = 0; seconds < 2 * (defaultLimits.noProgressMs / 1_000); seconds += 1) {
    if (nowMs < defaultLimits.noProgressMs) assert.equal(stalled.closed, undefined)
    if (seconds === 50) cursors[2]?.resume()
    await settled()
    nowMs += 1_000
    sweep()
    await settled()
  }
  assert.equal(stalled.closed, '1013 no progress')
  assert.equal(reading.closed, undefined)
  assert.equal(freed.closed, undefined)
  hub.closeAll(1001, 'the end')
})

/** Everything that could go on has gone on. */
const settled = () => new Promise<void>(resolve => setImmediate(resolve))
