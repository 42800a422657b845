/**
 * Who looks in on everything sees what other nodes append, once.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appended, conversationId, messageAppend, minuteMs, noonMs, started } from '../../test/contract/log-samples.ts'
import { Changes } from '../../test/support/until.ts'
import { LocalBus } from '../adapters/memory/bus.ts'
import { MemoryLook } from '../adapters/memory/look.ts'
import { MemoryStore } from '../adapters/memory/store.ts'
import { systemClock } from '../adapters/system/clock.ts'
import type { ConversationRow } from '../protocol/admin-conversations.ts'
import type { LiveEvents } from '../protocol/admin-live.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { Live } from './live.ts'
import { LiveOthers } from './live-others.ts'
import type { News } from './ports.ts'

/** A node's live feeds on a store that others append to as well. */
function desk(store: MemoryStore) {
  const failed = (error: unknown) => assert.fail(String(error))
  const bus = new LocalBus(failed)
  const look = new MemoryLook(store)
  const followed: string[] = []
  const live = new Live({
    ...{ store, look, clock: systemClock, isShared: true },
    bus: {
      announce: news => bus.announce(news),
      listen: listener => bus.listen(listener),
      follow: id => followed.push(id),
      unfollow: id => void followed.splice(followed.indexOf(id), 1),
    },
    events: event => assert.fail(JSON.stringify(event)),
    inspection: { listen: () => () => undefined, problems: () => ({ problems: [] }) as never },
    rows: async ids => (await look.these(ids)).map(({ id, bot }) => ({ id, bot }) as unknown as ConversationRow),
  })
  const seen: string[] = []
  const changes = new Changes(() => seen.join(', '))
  const sink = {
    isReady: () => true,
    take: (events: readonly (LiveEvents['records'] | LiveEvents['conversations'])[]) => {
      for (const event of events) {
        seen.push(
          'record' in event
            ? `${event.conversation.replace(/0+$/, '')} ${event.record.seq}`
            : event.id.replace(/0+$/, ''),
        )
      }
      changes.tell()
    },
  }
  /** Appends as this node does. */
  const say = async (conversation: ConversationId, news: Partial<News> = {}) => {
    const appended = await store.append(messageAppend(conversation, 'own'))
    assert.ok(appended.outcome === 'appended')
    const { entry } = appended
    bus.announce({ conversation, position: entry.position, entry, ...news })
  }
  return { live, sink, seen, changes, say, followed, [Symbol.dispose]: () => live.stop() }
}

test('who follows all records is told of every one from then on once, whichever node appended it', async () => {
  await using store = new MemoryStore()
  const [old, mixed] = [await started(store, 'old'), await started(store, 'mixed')]
  const elsewhere = (id: ConversationId) => store.append(messageAppend(id, 'elsewhere'))
  for (const id of [old, mixed, old]) await elsewhere(id)
  using node = desk(store)
  await node.live.follow({ topic: 'records' }, node.sink)
  await node.say(mixed)
  await elsewhere(mixed)
  await elsewhere(old)
  await node.say(mixed)
  const fresh = await started(store, 'fresh')
  await elsewhere(fresh)
  await node.say(fresh)
  await node.changes.until('everything', () => node.seen.length >= 6)
  await node.say(mixed)
  await elsewhere(old)
  await node.changes.until('the rest', () => node.seen.includes('old 4') && node.seen.includes('mixed 5'))
  assert.deepEqual([...node.seen].sort(), [
    'fresh 1',
    'fresh 2',
    'mixed 2',
    'mixed 3',
    'mixed 4',
    'mixed 5',
    'old 3',
    'old 4',
  ])
  for (const word of ['fresh', 'mixed', 'old']) {
    const own = node.seen.filter(one => one.startsWith(word))
    assert.deepEqual(own, [...own].sort(), 'in order')
  }
})

test('who follows one log, or the list of conversations, is told within a moment of what no news came of', async () => {
  await using store = new MemoryStore()
  const id = await started(store, 'log')
  using log = desk(store)
  using list = desk(store)
  const end = await log.live.follow({ topic: 'records', conversation: id }, log.sink)
  await list.live.follow({ topic: 'conversations' }, list.sink)
  assert.deepEqual(log.followed, [id])
  await store.append(messageAppend(id, 'elsewhere'))
  await log.changes.until('the record', () => log.seen.includes('log 1'))
  await list.changes.until('the row', () => list.seen.includes('log'))
  end()
  end()
  assert.deepEqual(log.followed, [])
  assert.equal(conversationId('log'), id)
})

test('who follows everything again, after a while in which only figures were followed, is told of nothing old', async () => {
  await using store = new MemoryStore()
  const [old, list, fresh] = [await started(store, 'old'), await started(store, 'list'), await started(store, 'fresh')]
  using node = desk(store)
  await node.live.follow({ topic: 'stats' }, { isReady: () => true, take: () => undefined })
  const end = await node.live.follow({ topic: 'records' }, node.sink)
  const endList = await node.live.follow({ topic: 'conversations' }, { ...node.sink, take: () => undefined })
  await store.append(messageAppend(old, 'followed'))
  await node.changes.until('what was said elsewhere', () => node.seen.includes('old 1'))
  end()
  endList()
  for (const id of [old, list]) await store.append(messageAppend(id, 'while nobody follows'))
  await Promise.all([1, 2].map(() => node.live.follow({ topic: 'records' }, node.sink)))
  await store.append(messageAppend(fresh, 'followed again'))
  await node.changes.until('what was said after that', () => node.seen.length >= 3)
  assert.deepEqual(node.seen, ['old 1', 'fresh 1', 'fresh 1'])
})

test('a conversation that is spoken in all the time is told once, however many others come', async () => {
  await using store = new MemoryStore()
  const others = new LiveOthers(new MemoryLook(store))
  let minutes = 0
  const say = async (id: ConversationId) => {
    const { entry } = await appended(store.append(messageAppend(id, 'said', { atMs: noonMs + minutes++ * minuteMs })))
    return entry.position
  }
  const told: string[] = []
  const busy = await started(store, 'busy')
  await others.begin()
  for (let round = 0; round < 10; round += 1) {
    for (let other = 0; other < 50; other += 1) await say(await started(store, `other${round}x${other}x`))
    const at = await say(busy)
    if (others.isNext(busy, at)) told.push(`${busy} ${at}`)
    const { arrived } = await others.poll()
    told.push(...arrived.map(({ conversation, entry }) => `${conversation} ${entry.position}`))
  }
  assert.equal(told.length, 10 * 51)
  assert.equal(new Set(told).size, told.length, 'something was told twice')
})

test('a conversation that comes to be looked at, and holds nothing new, is looked at once', async () => {
  await using store = new MemoryStore()
  const others = new LiveOthers(new MemoryLook(store))
  // Two more than are looked at.
  for (let at = 0; at < 202; at += 1) {
    const id = await started(store, `c${at}x`)
    await store.append(messageAppend(id, 'old', { atMs: noonMs + at * minuteMs }))
  }
  await others.begin()
  await store.forget(conversationId('c201x'))
  const next = conversationId('c1x')
  assert.deepEqual(await others.poll(), { arrived: [], changed: [next] })
  assert.deepEqual(await others.poll(), { arrived: [], changed: [] })
  await store.append(messageAppend(next, 'new', { atMs: noonMs + 300 * minuteMs }))
  const { arrived } = await others.poll()
  assert.deepEqual(
    arrived.map(({ conversation, entry }) => [conversation, entry.position]),
    [[next, 2]],
  )
})
