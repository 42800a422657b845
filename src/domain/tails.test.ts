/**
 * What the store is asked for where the newest entries are in memory.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageAppend, started } from '../../test/contract/log-samples.ts'
import { MemoryStore } from '../adapters/memory/store.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { beginning, position } from '../protocol/watermark.ts'
import { Tails } from './tails.ts'

const limits = { entries: 100, characters: 10_000 }

/** A log in which this process and another say something, and what this one asks the store. */
async function world() {
  const store = new MemoryStore()
  const conversation = await started(store, 'a')
  const asked: string[] = []
  const tails = new Tails({
    find: id => asking('find', () => store.find(id)),
    read: (id, after, most) => asking('read', () => store.read(id, after, most)),
    newest: ids => store.newest(ids),
  })
  const asking = <Answer>(what: string, ask: () => Promise<Answer>) => {
    asked.push(what)
    return ask()
  }
  const say = async (text: string, isOurs: boolean) => {
    const appended = await store.append(messageAppend(conversation as ConversationId, text))
    assert.equal(appended.outcome, 'appended')
    if (isOurs && appended.outcome === 'appended') tails.appended(conversation, appended.entry)
  }
  const read = async (after: number) => {
    const { entries } = await tails.read(conversation, after === 0 ? beginning : position(after), limits)
    return { positions: entries.map(entry => entry.position), asked: asked.splice(0) }
  }
  return { say, read }
}

test('what another process has said costs one question, for whoever has all that was known here', async () => {
  const { say, read } = await world()
  await say('one', true)
  await say('two', false)
  assert.deepEqual(await read(1), { positions: [2], asked: ['read'] })
})

test('what is in memory is taken from there, once the store has said that nothing follows it', async () => {
  const { say, read } = await world()
  for (const text of ['one', 'two', 'three']) await say(text, true)
  assert.deepEqual(await read(1), { positions: [2, 3], asked: ['find'] })
  await say('four', false)
  assert.deepEqual(await read(1), { positions: [2, 3, 4], asked: ['find', 'read'] })
})
