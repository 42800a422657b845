/**
 * The contract of the bus within one process.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LocalBus } from '../../src/adapters/memory/bus.ts'
import type { News } from '../../src/domain/ports.ts'
import { position } from '../../src/protocol/watermark.ts'
import { conversationId } from './log-samples.ts'

const news = (at: number): News => ({ conversation: conversationId('a'), position: position(at) })

test('every listener hears every piece of news from then on, in order and at once', () => {
  const bus = new LocalBus()
  const heard: [string, News][] = []
  bus.announce(news(1))
  bus.listen(one => heard.push(['first', one]))
  bus.announce(news(2))
  bus.listen(one => heard.push(['second', one]))
  const third = { ...news(3), entry: { position: position(3), text: '{}', audience: undefined } }
  bus.announce(third)
  assert.deepEqual(heard, [
    ['first', news(2)],
    ['first', third],
    ['second', third],
  ])
  assert.equal(heard[1]?.[1], third, 'the entry is handed over, not copied')
})

test('a listener that throws hurts neither the announcer nor the others, and is heard of', () => {
  const failures: unknown[] = []
  const bus = new LocalBus(error => failures.push(error))
  const error = new Error('listener')
  const heard: number[] = []
  bus.listen(() => {
    throw error
  })
  bus.listen(({ position: at }) => heard.push(at))
  bus.announce(news(1))
  bus.announce(news(2))
  assert.deepEqual(heard, [1, 2])
  assert.deepEqual(failures, [error, error])
})
