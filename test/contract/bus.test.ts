/**
 * The contract of the bus: within one process, over PostgreSQL's NOTIFY, and over Redis with sharded and with plain
 * channels.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { LocalBus } from '../../src/adapters/memory/bus.ts'
import type { Bus, News } from '../../src/domain/ports.ts'
import { type ConversationId, userId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'
import { type Carrier, hearing, type Node, openNode } from '../support/buses.ts'
import { startPostgres, withoutPostgres } from '../support/postgres.ts'
import { startRedis, startRedisCluster, withoutRedis } from '../support/redis.ts'
import { conversationId } from './log-samples.ts'

const [a, b, c] = ['a', 'b', 'c'].map(name => conversationId(name)) as [ConversationId, ConversationId, ConversationId]
const newsOf = (conversation: ConversationId, at: number): News => ({ conversation, position: position(at) })
const news = (at: number) => newsOf(a, at)

/** A server that carries news, to be stopped and started by the tests. */
type Server = Carrier & AsyncDisposable & { stop(): Promise<void>; start(): Promise<void> }

const kinds: readonly { name: string; skip: string | undefined; start: (() => Promise<Server>) | undefined }[] = [
  { name: 'within one process', skip: undefined, start: undefined },
  {
    name: 'over NOTIFY',
    skip: withoutPostgres,
    start: async () => Object.assign(await startPostgres(), { kind: 'postgres' as const }),
  },
  {
    name: 'over Redis',
    skip: withoutRedis,
    start: async () => Object.assign(await startRedis(), { kind: 'redis' as const }),
  },
  {
    name: 'over a cluster of Redis',
    skip: withoutRedis,
    start: async () => Object.assign(await startRedisCluster(), { kind: 'redis' as const }),
  },
  {
    name: 'over a Redis without sharded channels',
    skip: withoutRedis,
    start: async () =>
      Object.assign(await startRedis(['--rename-command', 'SSUBSCRIBE', '']), { kind: 'redis' as const }),
  },
]

for (const { name, skip, start } of kinds) {
  describe(`a bus ${name}`, { skip: skip ?? false }, () => {
    let server: Server | undefined
    before(async () => {
      server = await start?.()
    })
    after(() => server?.[Symbol.asyncDispose]())

    const open = async (failures: unknown[] = []): Promise<AsyncDisposable & { readonly bus: Bus }> => {
      if (server !== undefined) return openNode(server, 'one')
      return { bus: new LocalBus(error => failures.push(error)), [Symbol.asyncDispose]: async () => undefined }
    }

    test('tells every listener in the process of every piece of news from then on, in order and at once', async () => {
      await using opened = await open()
      const { bus } = opened
      const heard: [string, News][] = []
      bus.announce(news(1))
      bus.listen(one => heard.push(['first', one]))
      bus.announce(news(2))
      bus.listen(one => heard.push(['second', one]))
      bus.follow(a)
      const third = { ...news(3), entry: { position: position(3), text: '{}', audience: undefined } }
      bus.announce(third)
      bus.unfollow(a)
      const shown = { ...news(3), shown: { text: '{}', audience: undefined } }
      bus.announce(shown)
      assert.deepEqual(heard, [
        ['first', news(2)],
        ['first', third],
        ['second', third],
        ['first', shown],
        ['second', shown],
      ])
      assert.equal(heard[1]?.[1], third, 'the entry is handed over, not copied')
    })

    test('a listener that throws hurts neither the announcer nor the others, and is heard of', async () => {
      const failures: unknown[] = []
      await using opened = await open(failures)
      const { bus } = opened
      const error = new Error('listener')
      const heard: number[] = []
      bus.listen(() => {
        throw error
      })
      bus.listen(({ position: at }) => heard.push(at))
      bus.announce(news(1))
      bus.announce(news(2))
      assert.deepEqual(heard, [1, 2])
      const said = 'events' in opened ? (opened as Node).events.map(event => 'error' in event && event.error) : failures
      assert.deepEqual(said, [error, error])
    })

    if (start !== undefined) betweenProcesses(() => server as Server)
  })
}

test('Redis carries to a process only what is followed there', { skip: withoutRedis ?? false }, async () => {
  await using redis = await startRedis()
  await using one = await openNode({ kind: 'redis', url: redis.url }, 'one')
  await using two = await openNode({ kind: 'redis', url: redis.url }, 'two')
  const channels = async () => (await redis.command('pubsub', 'shardchannels')).split('\n').sort()
  two.bus.follow(a)
  two.bus.follow(b)
  await hearing(one, two, newsOf(b, 1))
  assert.deepEqual(await channels(), [`landline:news:${a}`, `landline:news:${b}`])
  two.bus.unfollow(a)
  two.bus.follow(c)
  await hearing(one, two, newsOf(c, 1))
  two.bus.unfollow(b)
  two.bus.follow(a)
  await hearing(one, two, newsOf(a, 1))
  assert.deepEqual(await channels(), [`landline:news:${a}`, `landline:news:${c}`])
})

test('a server that takes connections and says nothing is given up, and tried again until it speaks', {
  skip: withoutRedis ?? false,
}, async () => {
  await using redis = await startRedis()
  await using two = await openNode({ kind: 'redis', url: redis.url }, 'two')
  two.bus.follow(a)
  redis.freeze()
  await using one = await openNode({ kind: 'redis', url: redis.url }, 'one')
  assert.deepEqual(
    one.events.map(({ event }) => event),
    ['busLost'],
  )
  for (let at = 1; at <= 100; at += 1) two.bus.announce(newsOf(b, at))
  await two.changes.until('the loss to be told', () => two.events.length > 0)
  redis.thaw()
  await hearing(one, two, news(1))
  for (const { events } of [one, two])
    assert.deepEqual(
      events.map(({ event }) => event),
      ['busLost', 'busBack'],
    )
})

function betweenProcesses(server: () => Server): void {
  test('what one process announces, another hears that follows the conversation, and no other; nobody hears himself', async () => {
    await using one = await openNode(server(), 'one')
    await using two = await openNode(server(), 'two')
    await using three = await openNode(server(), 'three')
    for (const { bus } of [one, two]) for (const followed of [a, b]) bus.follow(followed)
    three.bus.follow(c)
    await hearing(one, two, newsOf(b, 1))
    await hearing(one, two, newsOf(a, 1))
    await hearing(one, three, newsOf(c, 1))
    const before = one.heard.length
    one.bus.announce({ ...news(2), entry: { position: position(2), text: '{"x":1}', audience: undefined } })
    one.bus.announce(newsOf(c, 2))
    one.bus.announce(newsOf(b, 2))
    await hearing(two, one, news(3))
    await two.changes.until('the last news', () =>
      two.heard.some(({ conversation, position: at }) => conversation === b && at === 2),
    )
    assert.ok(two.heard.some(({ position: at }) => at === 2))
    assert.ok(two.heard.every(({ conversation, entry }) => conversation !== c && entry === undefined))
    assert.ok(three.heard.every(({ conversation }) => conversation === c))
    const own = one.heard.slice(before).filter(({ position: at }) => at < 3)
    assert.deepEqual(
      own.map(({ conversation }) => conversation),
      [a, c, b],
      'once each',
    )
  })

  test('a conversation followed twice is heard of until it has been unfollowed twice', async () => {
    await using one = await openNode(server(), 'one')
    await using two = await openNode(server(), 'two')
    two.bus.follow(a)
    two.bus.follow(a)
    two.bus.follow(b)
    await hearing(one, two, news(1))
    two.bus.unfollow(a)
    await hearing(one, two, newsOf(b, 1))
    await hearing(one, two, news(2))
    two.bus.unfollow(a)
    one.bus.announce(news(3))
    await hearing(one, two, newsOf(b, 2))
    assert.ok(two.heard.every(({ conversation, position: at }) => conversation !== a || at < 3))
    two.bus.unfollow(b)
    two.bus.follow(a)
    await hearing(one, two, news(4))
  })

  test('an activity that is only shown comes as it was written, for whom it was meant, behind what came before', async () => {
    await using one = await openNode(server(), 'one')
    await using two = await openNode(server(), 'two')
    two.bus.follow(a)
    await hearing(one, two, news(1))
    const text = JSON.stringify({ type: 'typing', text: 'ü€𝄞 \ud800 \0 \n \u2028 "[' })
    const meant = { text, audience: userId('somebody "else"\n') }
    const forAll = { text: '{"type":"typing"}', audience: undefined }
    const tooLong = { text: JSON.stringify({ text: 'x'.repeat(100_000) }), audience: undefined }
    const from = two.heard.length
    one.bus.announce({ ...news(1), shown: meant })
    one.bus.announce(news(2))
    one.bus.announce({ ...news(2), shown: tooLong })
    one.bus.announce({ ...news(2), shown: forAll })
    one.bus.announce(news(3))
    one.bus.announce(news(4))
    await two.changes.until('the last of them', () => two.heard.at(-1)?.position === 4)
    // One that `hearing` announced may still have been on its way.
    assert.deepEqual(
      two.heard.slice(from).filter(({ position: at, shown }) => at > 1 || shown !== undefined),
      [{ ...news(1), shown: meant }, news(2), { ...news(2), shown: forAll }, news(4)],
    )
  })

  test('thousands of pieces of news in one turn all come, of each conversation the newest', async () => {
    await using one = await openNode(server(), 'one')
    await using two = await openNode(server(), 'two')
    const many = Array.from({ length: 3_000 }, (_, at) => conversationId(`many${at + 10_000}`))
    for (const conversation of many) two.bus.follow(conversation)
    await hearing(one, two, newsOf(many.at(-1) ?? a, 1))
    const from = two.heard.length
    for (const at of [2, 3, 4]) for (const conversation of many) one.bus.announce(newsOf(conversation, at))
    const newest = () => two.heard.slice(from).filter(({ position: at }) => at === 4)
    await two.changes.until(
      'all of them',
      () => two.heard.length - from >= many.length && newest().length === many.length,
    )
    assert.deepEqual(new Set(newest().map(({ conversation }) => conversation)), new Set(many))
    assert.ok(two.heard.length - from < 2 * many.length, 'what is older is not carried')
  })

  test('a server that goes and comes back costs what was said meanwhile, and nothing else', async () => {
    await using one = await openNode(server(), 'one')
    await using two = await openNode(server(), 'two')
    two.bus.follow(a)
    two.bus.follow(c)
    await hearing(one, two, news(1))
    await server().stop()
    for (const { changes, events } of [one, two])
      await changes.until('the loss to be told', () => events.some(({ event }) => event === 'busLost'))
    one.bus.announce(news(2))
    two.bus.follow(b)
    two.bus.unfollow(c)
    await server().start()
    for (const { changes, events } of [one, two])
      await changes.until('the bus to be back', () => events.some(({ event }) => event === 'busBack'))
    one.bus.announce(newsOf(c, 3))
    await hearing(one, two, news(3))
    await hearing(one, two, newsOf(b, 3))
    assert.ok(two.heard.every(({ conversation }) => conversation !== c))
    for (const { events } of [one, two])
      assert.deepEqual(
        events.map(({ event }) => event),
        ['busLost', 'busBack'],
      )
  })

  test('a process starts without the server, and hears as soon as it is there', async () => {
    await server().stop()
    const opening = [openNode(server(), 'one'), openNode(server(), 'two')] as const
    await using one = await opening[0]
    await using two = await opening[1]
    two.bus.follow(a)
    one.bus.announce(news(1))
    await server().start()
    await hearing(one, two, news(2))
    assert.deepEqual(one.heard[0], news(1))
  })
}
