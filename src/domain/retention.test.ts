/**
 * What one node forgets is gone for the sockets of the others too.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalBus } from '../adapters/memory/bus.ts'
import { MemoryFiles } from '../adapters/memory/files.ts'
import { MemoryStore } from '../adapters/memory/store.ts'
import { botId, newConversationId, siteId } from '../protocol/ids.ts'
import { beginning } from '../protocol/watermark.ts'
import type { Listener } from './cursor.ts'
import type { ConversationGrant } from './grant.ts'
import { Hub } from './hub.ts'
import type { Clock } from './ports.ts'
import { Retention } from './retention.ts'
import { Tails } from './tails.ts'

const startMs = 1_800_000_000_000
const daySeconds = 24 * 60 * 60

test('a socket on one node ends when another has forgotten its conversation, and one of an empty conversation goes on', async () => {
  const store = new MemoryStore()
  let nowMs = startMs
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, after: () => () => undefined }
  const events = () => undefined
  const node = () => {
    const hub = new Hub({ log: store, bus: new LocalBus(), clock, events })
    const ports = { store, tails: new Tails(store), files: new MemoryFiles(), hub, clock, events, isShared: true }
    return { hub, retention: new Retention(ports, { conversationSeconds: daySeconds, fileSeconds: daySeconds }) }
  }
  const [one, other] = [node(), node()]
  const closed: string[] = []
  const listen = async (name: string) => {
    const id = newConversationId(name.padEnd(22, '0'))
    await store.start({ id, bot: botId('bot'), site: siteId('site'), locale: undefined }, undefined, nowMs)
    const listener: Listener = {
      user: undefined,
      grant: {} as ConversationGrant,
      send: () => true,
      close: (code, reason) => closed.push(`${name} ${code} ${reason}`),
    }
    other.hub.listen(id, listener, beginning)
  }
  await listen('old')
  nowMs += 2 * daySeconds * 1000
  await listen('new')
  await one.retention.forgetPast()
  assert.deepEqual(closed, [])
  await other.retention.forgetPast()
  assert.deepEqual(closed, ['old 1000 conversation expired'])
})
