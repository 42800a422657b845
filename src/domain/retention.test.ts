/**
 * What one node forgets is gone for the sockets of the others too, and what fails half-way is done in the end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalBus } from '../adapters/memory/bus.ts'
import { MemoryFiles } from '../adapters/memory/files.ts'
import { MemoryStore } from '../adapters/memory/store.ts'
import { botId, newConversationId, newFileId, siteId } from '../protocol/ids.ts'
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

/** A conversation's worth of everything that is forgotten, and files that fail to go as often as is said. */
function forgetting() {
  const store = new MemoryStore()
  const files = new MemoryFiles()
  const closed: string[] = []
  let fails = 0
  let nowMs = startMs
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, after: () => () => undefined }
  const hub = new Hub({ log: store, bus: new LocalBus(), clock, events: () => undefined })
  const forgetConversation = files.forgetConversation.bind(files)
  files.forgetConversation = id => (fails-- > 0 ? Promise.reject(new Error('the disk')) : forgetConversation(id))
  const retention = new Retention(
    { store, tails: new Tails(store), files, hub, clock, events: () => undefined },
    { conversationSeconds: daySeconds, fileSeconds: 9 * daySeconds },
  )
  const begin = async (name: string) => {
    const id = newConversationId(name.padEnd(22, '0'))
    await store.start({ id, bot: botId('bot'), site: siteId('site'), locale: undefined }, undefined, nowMs)
    await files.put(id, newFileId('f'.repeat(22)), { name: 'a', mediaType: 'b', bytes: new Uint8Array(3) }, nowMs)
    const listener: Listener = {
      user: undefined,
      grant: {} as ConversationGrant,
      send: () => true,
      close: () => closed.push(name),
    }
    hub.listen(id, listener, beginning)
    return id
  }
  const failOnce = () => {
    fails = 1
  }
  const passDays = (days: number) => {
    nowMs += days * daySeconds * 1000
  }
  return { store, files, closed, retention, begin, failOnce, passDays }
}

test('a conversation whose files could not be removed is still there, to be forgotten when it is asked for again', async () => {
  const { store, files, retention, begin, failOnce } = forgetting()
  const id = await begin('a')
  failOnce()
  await assert.rejects(retention.forget(id), /the disk/)
  assert.notEqual(await store.find(id), undefined)
  await retention.forget(id)
  assert.equal(await store.find(id), undefined)
  assert.equal(await files.bytesOf(id), 0)
})

test('files that can not be removed keep no socket of what has expired open, and go by their own time', async () => {
  const { files, closed, retention, begin, failOnce, passDays } = forgetting()
  const ids = [await begin('a'), await begin('b')]
  passDays(2)
  failOnce()
  await assert.rejects(retention.forgetPast(), /the disk/)
  assert.deepEqual(closed.sort(), ['a', 'b'])
  passDays(10)
  await retention.forgetPast()
  for (const id of ids) assert.equal(await files.bytesOf(id), 0)
})

test('conversations expire while the storage of files is away', async () => {
  const { store, files, retention, begin, passDays } = forgetting()
  const id = await begin('a')
  files.forgetBefore = () => Promise.reject(new Error('the storage'))
  passDays(2)
  await assert.rejects(retention.forgetPast(), /the storage/)
  assert.equal(await store.find(id), undefined)
})
