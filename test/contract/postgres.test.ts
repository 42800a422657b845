/**
 * What only a store that several services share can promise: one order for all writers, one turn for an activity, and
 * nothing lost or doubled when connections break.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { readPatienceMs } from '../../src/adapters/postgres/connections.ts'
import { turnMs } from '../../src/adapters/postgres/holding.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import { userId } from '../../src/protocol/ids.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import { eventually } from '../clients/support/eventually.ts'
import { withoutPostgres } from '../support/postgres.ts'
import { openOn, sharedPostgres } from '../support/postgres-store.ts'
import { TcpCut } from '../support/tcp-cut.ts'
import {
  appended,
  bot,
  conversationId,
  entriesOf,
  everything,
  messageAppend,
  noonMs,
  site,
  started,
  textsOf,
  upTo,
} from './log-samples.ts'
import { first, nodes, query } from './postgres-nodes.ts'

suite('several writers on one PostgreSQL', { skip: withoutPostgres ?? false }, () => {
  test('number a log without a gap, each one’s in its order, with times that only grow', async t => {
    const { stores } = await nodes(t, 3)
    const ids = [await started(first(stores), 'a'), await started(first(stores), 'b')]
    const answers = await Promise.all(
      stores.flatMap((store, node) =>
        upTo(100).flatMap(n => ids.map(id => appended(store.append(messageAppend(id, `${node}:${n}`))))),
      ),
    )
    assert.equal(answers.length, 600)
    for (const id of ids) {
      const entries = await entriesOf(first(stores), id)
      assert.deepEqual(
        entries.map(entry => entry.position),
        upTo(300),
      )
      const texts = textsOf(entries) as string[]
      for (const node of [0, 1, 2])
        assert.deepEqual(
          texts.filter(text => text.startsWith(`${node}:`)),
          upTo(100).map(n => `${node}:${n}`),
        )
      const times = entries.map(({ text }) => JSON.parse(text).timestamp as string)
      assert.deepEqual([...new Set(times)].sort(), times)
    }
  })

  test('chain the hash of each entry to the one before it', async t => {
    const { url, stores } = await nodes(t)
    const id = await started(first(stores), 'a')
    await Promise.all(
      stores.flatMap(store => upTo(20).map(n => store.append(messageAppend(id, `é ${n}`, { atMs: noonMs + n * 7 })))),
    )
    await first(stores).replace({ ...messageAppend(id, 'again'), target: position(3), erase: false })
    const rows = await query(url, 'SELECT position, hash FROM landline.entries ORDER BY position')
    const shown = new Map((await entriesOf(first(stores), id)).map(({ position, text }) => [position as number, text]))
    let hash = Buffer.alloc(32)
    for (const { position: at, hash: kept } of rows) {
      const text = shown.get(Number(at))
      // What has given way is not read any more; its hash is taken as it stands.
      if (text !== undefined)
        assert.deepEqual(kept, createHash('sha256').update(hash).update(`${at}${text}`).digest(), `${at}`)
      hash = kept as Buffer<ArrayBuffer>
    }
    assert.equal(rows.length, 41)
    const [head] = await query(url, 'SELECT hash FROM landline.conversations')
    assert.deepEqual(head?.['hash'], hash)
  })

  test('take the same key from several for one activity', async t => {
    const { stores } = await nodes(t, 3)
    const id = await started(first(stores), 'a')
    const keys = upTo(40).map(n => `key ${n}`)
    const answers = await Promise.all(
      keys.flatMap(key => stores.map(store => store.append(messageAppend(id, key, { key })))),
    )
    assert.equal(answers.filter(({ outcome }) => outcome === 'appended').length, keys.length)
    assert.equal(answers.filter(({ outcome }) => outcome === 'repeated').length, 2 * keys.length)
    assert.deepEqual((textsOf(await entriesOf(first(stores), id)) as string[]).toSorted(), keys.toSorted())
    const places = new Map<string, Set<number>>(keys.map(key => [key, new Set()]))
    for (const [at, answer] of answers.entries()) {
      const key = keys[Math.floor(at / 3)] ?? ''
      if (answer.outcome === 'appended') places.get(key)?.add(answer.entry.position)
      else if (answer.outcome === 'repeated') places.get(key)?.add(answer.position)
    }
    assert.ok([...places.values()].every(({ size }) => size === 1))
  })

  test('let one be in a turn on an activity, until it says how that has ended', async t => {
    const { stores } = await nodes(t)
    const [one, other] = [first(stores), stores[1] ?? assert.fail()]
    const id = await started(one, 'a')
    const send = { ...messageAppend(id, 'x', { key: 'k' }), takesTurn: true }
    const asked = async (store: ConversationStore) => {
      const answer = await store.append(send)
      return answer.outcome === 'repeated' ? answer.turn : answer.outcome
    }
    assert.equal(await asked(one), 'appended')
    // Held for longer than it would be if its process had died.
    for (const untilMs = performance.now() + turnMs + 1_000; performance.now() < untilMs; await pause(100))
      assert.equal(await asked(other), 'underWay')
    await other.release(id, position(1))
    assert.equal(await asked(other), 'underWay', 'ended by whoever does not hold it')
    const asReply = await other.append({ ...send, takesTurn: false })
    assert.equal(asReply.outcome === 'repeated' && asReply.turn, 'open', 'asked without wanting it')
    await one.release(id, position(1))
    assert.equal(await asked(other), 'open')
    assert.equal(await asked(one), 'underWay')
    await other.settle(id, position(1))
    await other.probe()
    await eventually('it is settled', async () => (await asked(one)) === 'accepted')
    assert.equal(await asked(other), 'accepted')
  })

  test('give the turn of one that has died to another, soon', async t => {
    const { url, stores } = await nodes(t, 1)
    const id = await started(first(stores), 'a')
    const send = { ...messageAppend(id, 'x', { key: 'k' }), takesTurn: true }
    const dying = await openOn(t, url)
    await dying.append(send)
    await dying[Symbol.asyncDispose]()
    const isOpen = async () => {
      const answer = await first(stores).append(send)
      return answer.outcome === 'repeated' && answer.turn === 'open'
    }
    assert.equal(await isOpen(), false)
    await eventually('the turn can be taken', isOpen)
  })

  test('start a conversation once, and let somebody join once', async t => {
    const { stores } = await nodes(t, 3)
    const head = { id: conversationId('a'), bot, site, locale: undefined }
    const starts = await Promise.all(upTo(10).flatMap(() => stores.map(store => store.start(head, undefined, noonMs))))
    assert.equal(starts.filter(({ started }) => started).length, 1)
    const joins = await Promise.all(
      upTo(10).flatMap(() => stores.map(store => store.join(head.id, bot, { id: userId('u'), name: undefined }))),
    )
    assert.deepEqual(
      joins.filter(join => join !== 'already'),
      ['joined'],
    )
  })

  test('show whoever reads elsewhere a prefix that only grows, with all that was acknowledged', async t => {
    const { stores } = await nodes(t, 2)
    const [writer, reader] = [first(stores), stores[1] ?? assert.fail()]
    const id = await started(writer, 'a')
    let acknowledged = 0
    let isWriting = true
    const writing = Promise.all(
      upTo(4).map(async () => {
        for (let n = 0; n < 50; n += 1) {
          const { entry } = await appended(writer.append(messageAppend(id, 'x')))
          acknowledged = Math.max(acknowledged, entry.position)
        }
      }),
    ).finally(() => (isWriting = false))
    let seen = 0
    while (isWriting) {
      const least = acknowledged
      const [found, page] = [await reader.find(id), await reader.read(id, beginning, everything)]
      assert.deepEqual(
        page.entries.map(entry => entry.position),
        upTo(page.end),
      )
      assert.ok(page.end >= seen && page.end >= least, `read ${page.end} after ${seen}, ${least} acknowledged`)
      assert.ok((found?.last ?? 0) >= least)
      seen = page.end
    }
    await writing
    assert.deepEqual(await reader.newest([id]), [200])
  })

  test('leave nothing of a conversation that one forgets while others write to it', async t => {
    const { url, stores } = await nodes(t, 3)
    const ids = await Promise.all(upTo(10).map(n => started(first(stores), `c${n}-`)))
    const writing = stores.flatMap((store, node) =>
      ids.flatMap(id => [
        ...upTo(10).map(n => store.append(messageAppend(id, `${node}:${n}`))),
        store.join(id, bot, { id: userId(`u${node}`), name: undefined }),
        store.putBag({ bot, user: undefined, conversation: id }, '{}', undefined),
      ]),
    )
    const forgetting = ids.map((id, at) => (stores[at % 3] ?? assert.fail()).forget(id))
    await Promise.all([...writing, ...forgetting])
    const rows = await query(
      url,
      ['entries', 'settled', 'members', 'bags', 'turns']
        .map(table => `SELECT conversation AS id FROM landline.${table}`)
        .concat('SELECT id FROM landline.conversations')
        .join(' UNION ALL '),
    )
    assert.deepEqual(rows, [])
  })
})

/** Reads again whenever a read has given up, which it does not do before its time. */
async function patiently<Answer>(read: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const sinceMs = performance.now()
    try {
      return await read()
    } catch (error) {
      const waitedMs = performance.now() - sinceMs
      assert.ok(waitedMs >= readPatienceMs, `gave up after ${waitedMs} ms: ${error}`)
    }
  }
}

suite('a PostgreSQL that breaks off', { skip: withoutPostgres ?? false }, () => {
  test('loses nothing and doubles nothing while connections are cut and the server is restarted', async t => {
    const server = await sharedPostgres()
    const { url, stores: direct } = await nodes(t, 1)
    await using way = await TcpCut.open(server.port)
    const stores = [...direct, await openOn(t, url.replace(`:${server.port}/`, `:${way.port}/`))]
    const ids = await Promise.all(upTo(8).map(n => started(first(stores), `c${n}-`)))
    const acknowledged: string[] = []
    const counts = stores.map(() => 0)
    let isOver = false
    t.after(() => (isOver = true))
    const talking = stores.flatMap((store, node) =>
      ids.map(async (id, at) => {
        for (let n = 0; !isOver; n += 1) {
          const text = `${node}:${at}:${n}`
          // With a client's key, and without.
          const key = n % 2 === 0 ? text : undefined
          await appended(store.append(messageAppend(id, text, { key })))
          acknowledged.push(text)
          counts[node] = (counts[node] ?? 0) + 1
        }
      }),
    )
    // Whoever can’t go on ends the waiting for him.
    const failing = Promise.all(talking)
    const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'landline'"
    for (let round = 1; round <= 30; round += 1) {
      const before = [...counts]
      const lost = way.loseNextAnswer()
      await lost
      await server.query(cut)
      if (round === 10) await server.restart()
      if (round === 20) {
        await server.kill()
        await server.start()
      }
      while (counts.some((count, node) => count < (before[node] ?? 0) + 20))
        await Promise.race([new Promise(resolve => setImmediate(resolve)), failing])
    }
    isOver = true
    await failing
    const found: string[] = []
    for (const id of ids) {
      const entries = await entriesOf(first(stores), id)
      assert.deepEqual(
        entries.map(entry => entry.position),
        upTo(entries.length),
      )
      found.push(...(textsOf(entries) as string[]))
    }
    assert.equal(new Set(found).size, found.length, 'doubled')
    assert.deepEqual(found.toSorted(), acknowledged.toSorted(), 'lost, or never acknowledged')
  })

  test('answers a change as made, once, when it was made and only the answer was lost', async t => {
    const server = await sharedPostgres()
    const url = await server.makeDatabase()
    await using way = await TcpCut.open(server.port)
    const store = await openOn(t, url.replace(`:${server.port}/`, `:${way.port}/`))
    const other = await openOn(t, url)
    const id = await started(store, 'a')
    const lost = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
      // The statement is prepared on every connection there is by now, or the first answer is to that alone.
      await Promise.all([store.probe(), store.find(id)])
      const happened = way.loseNextAnswer()
      const answer = await ask()
      await happened
      return answer
    }
    for (const key of ['k', undefined]) {
      const answer = await lost(() => store.append(messageAppend(id, `key ${key}`, { key })))
      assert.equal(answer.outcome, 'appended')
    }
    assert.equal((await lost(() => store.append(messageAppend(id, 'key k', { key: 'k' })))).outcome, 'repeated')
    assert.deepEqual(textsOf(await entriesOf(other, id)), ['key k', 'key undefined'])
    const replaced = await lost(() => store.replace({ ...messageAppend(id, 'new'), target: position(1), erase: false }))
    assert.equal(replaced.outcome, 'appended')
    assert.deepEqual(textsOf(await entriesOf(other, id)), ['key undefined', 'new'])
    const b = { id: conversationId('b'), bot, site, locale: undefined }
    assert.deepEqual(await lost(() => store.start(b, undefined, noonMs)), { started: true })
    assert.equal(await lost(() => store.join(b.id, bot, { id: userId('u'), name: undefined })), 'joined')
    assert.equal(await lost(() => store.putSettingIf('name', 'value', undefined)), true)
    const bag = { bot, user: userId('u'), conversation: undefined }
    const put = await lost(() => store.putBag(bag, '1', undefined))
    assert.ok(put !== 'stale')
    const again = await lost(() => store.putBag(bag, '2', put.eTag))
    assert.ok(again !== 'stale')
    assert.deepEqual(await other.bag(bag), { data: '2', eTag: again.eTag })
    assert.deepEqual(await lost(() => store.forgetUnused(noonMs + 1, 1)), [id])
  })

  test('keeps changes and reads waiting while the server is away, and serves them when it is back', async t => {
    const server = await sharedPostgres()
    const { stores } = await nodes(t, 1)
    const store = first(stores)
    const id = await started(store, 'a')
    await server.stop()
    const asked = Promise.all([store.append(messageAppend(id, 'while it was away')), patiently(() => store.find(id))])
    while (store.waitingMs < 300) await new Promise(resolve => setImmediate(resolve))
    await server.start()
    const [answer, found] = await asked
    assert.equal(answer.outcome, 'appended')
    assert.equal(found?.id, id)
    assert.equal(store.waitingMs, 0)
  })

  test('fails alone what the database refuses', async t => {
    const { stores } = await nodes(t, 1)
    const store = first(stores)
    const id = await started(store, 'a')
    const [one, bad, two] = await Promise.allSettled([
      store.append(messageAppend(id, 'one')),
      store.append(messageAppend('\0' as never, 'bad')),
      store.append(messageAppend(id, 'two')),
    ])
    assert.deepEqual([one?.status, bad?.status, two?.status], ['fulfilled', 'rejected', 'fulfilled'])
    assert.equal((bad as PromiseRejectedResult).reason.failure, 'Unavailable')
    assert.deepEqual(textsOf(await entriesOf(store, id)), ['one', 'two'])
  })
})
