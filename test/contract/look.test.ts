/**
 * The contract of those who look for conversations, run against every adapter. What they are shown of one is in
 * `look-log.test.ts`.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LookFilter, LookPlace } from '../../src/domain/look-port.ts'
import { stampFromBot } from '../../src/domain/stamp.ts'
import { parseActivity } from '../../src/protocol/activity.ts'
import { type ConversationId, type UserId, userId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'
import {
  appended,
  bot,
  conversationId,
  message,
  messageAppend,
  minuteMs,
  noonMs,
  otherBot,
  site,
  started,
} from './log-samples.ts'
import { adapters, type Opened, openSqlite } from './look-opened.ts'

/** Ids of a filter, read to the end in pages of this size. */
async function listed({ look }: Opened, filter: LookFilter = {}, size = 100): Promise<readonly ConversationId[]> {
  const ids: ConversationId[] = []
  let from: LookPlace | number = 0
  for (;;) {
    const page = await look.conversations(filter, from, size)
    assert.ok(page.conversations.length <= size)
    ids.push(...page.conversations.map(({ id }) => id))
    if (page.next === undefined) return ids
    from = page.next
  }
}

/** Starts a conversation in which one thing is said, after so many minutes. */
async function said({ store }: Opened, word: string, minutes: number, text = word, user?: string, of = bot) {
  const id = conversationId(word)
  const member = user === undefined ? undefined : { id: userId(user), name: undefined }
  await store.start({ id, bot: of, site, locale: undefined }, member, noonMs)
  const atMs = noonMs + minutes * minuteMs
  await appended(store.append(messageAppend(id, text, { bot: of, atMs })))
  return id
}

const end = (conversation: ConversationId) =>
  stampFromBot(parseActivity({ type: 'endOfConversation' }), conversation, { id: bot, name: 'Bot' }, undefined)

for (const [adapter, open] of adapters) {
  describe(`looking in: ${adapter}`, () => {
    it('lists conversations by their newest activity, and by their start while they have none', async t => {
      const opened = await open(t)
      const a = await said(opened, 'a', 10)
      const b = await said(opened, 'b', 30)
      const c = await started(opened.store, 'c', bot, noonMs + 20 * minuteMs)
      assert.deepEqual(await listed(opened), [b, c, a])
      await opened.store.append(messageAppend(a, 'again', { atMs: noonMs + 40 * minuteMs }))
      assert.deepEqual(await listed(opened), [a, b, c])
    })

    it('says of a conversation whose it is, when it began, when it was last used, how much it holds and what was said last', async t => {
      const opened = await open(t)
      const { store, look } = opened
      const id = await said(opened, 'a', 5, 'first', 'uma')
      await store.append(messageAppend(id, `  the last\n${'word '.repeat(60)}`, { atMs: noonMs + 6 * minuteMs }))
      const [row] = await look.these([id])
      assert.match(row?.preview ?? '', /^the last word word .{100,}…$/)
      assert.ok((row?.preview.length ?? 0) <= 120)
      const { preview: _, ...rest } = row ?? assert.fail('not there')
      assert.deepEqual(rest, {
        id,
        bot,
        site,
        users: ['uma'],
        startedMs: noonMs,
        lastMs: noonMs + 6 * minuteMs,
        last: 2,
        ended: false,
        failed: 0,
      })
      assert.deepEqual((await look.conversations({}, 0, 1)).conversations, [row])
    })

    it('takes the preview from the newest activity that has a text', async t => {
      const opened = await open(t)
      const id = await said(opened, 'a', 5, 'said')
      await opened.store.append({ ...messageAppend(id, ''), activity: end(id) })
      const [row] = await opened.look.these([id])
      assert.deepEqual([row?.preview, row?.ended], ['said', true])
    })

    it('names no more than two members, in the order they joined', async t => {
      const opened = await open(t)
      const id = await said(opened, 'a', 5, 'said', 'zoe')
      for (const user of ['bob', 'al']) await opened.store.join(id, bot, { id: userId(user), name: undefined })
      const [row] = await opened.look.these([id])
      assert.deepEqual(row?.users, ['zoe', 'bob'])
    })

    it('pages to the end without a gap or a repetition, also when others are used meanwhile', async t => {
      const opened = await open(t)
      const ids: ConversationId[] = []
      // Two for each minute: the order must be firm where the times are the same.
      for (let at = 0; at < 24; at += 1) ids.unshift(await said(opened, `c${at}-`, Math.floor(at / 2)))
      assert.deepEqual(await listed(opened, {}, 5), ids)
      assert.deepEqual(await listed(opened, {}, 24), ids)
      const first = await opened.look.conversations({}, 0, 10)
      await opened.store.append(messageAppend(ids[20] ?? conversationId(''), 'up', { atMs: noonMs + 60 * minuteMs }))
      const second = await opened.look.conversations({}, first.next ?? 0, 10)
      assert.deepEqual(
        second.conversations.map(({ id }) => id),
        [...ids.slice(10, 20)],
      )
      assert.deepEqual((await opened.look.conversations({}, 22, 10)).conversations.length, 2)
      assert.deepEqual(await opened.look.conversations({}, 24, 10), {
        conversations: [],
        next: undefined,
        searched: 0,
      })
    })

    it('filters by bot, member, time, end and by given ids, alone and together, and counts them', async t => {
      const opened = await open(t)
      const a = await said(opened, 'a', 1, 'x', 'uma')
      const b = await said(opened, 'b', 2, 'x', 'uma', otherBot)
      const c = await said(opened, 'c', 3, 'x', 'bob')
      await opened.store.append({ ...messageAppend(c, '', { atMs: noonMs + 3.5 * minuteMs }), activity: end(c) })
      const uma = userId('uma')
      for (const [filter, expected] of [
        [{}, [c, b, a]],
        [{ bot }, [c, a]],
        [{ user: uma }, [b, a]],
        [{ user: uma, bot }, [a]],
        [{ user: userId('um') }, []],
        [{ user: '\ud800' as UserId }, []],
        [{ sinceMs: noonMs + 2 * minuteMs }, [c, b]],
        [{ untilMs: noonMs + 2 * minuteMs }, [a]],
        [{ sinceMs: noonMs + 2 * minuteMs, untilMs: noonMs + 3 * minuteMs }, [b]],
        [{ ended: true }, [c]],
        [{ ended: false }, [b, a]],
        [{ among: [a, c, conversationId('no')] }, [c, a]],
        [{ among: [] }, []],
        [{ except: [b] }, [c, a]],
        [{ among: [a, b], except: [b], ended: false }, [a]],
      ] as const) {
        assert.deepEqual(await listed(opened, filter), expected, JSON.stringify(filter))
        const isCounted = !('ended' in filter)
        if (isCounted) assert.equal(await opened.look.count(filter), expected.length, JSON.stringify(filter))
      }
    })

    it('counts turns that failed, and finds conversations by them', async t => {
      const opened = await open(t)
      const a = await said(opened, 'a', 1)
      const b = await said(opened, 'b', 2)
      const c = await said(opened, 'c', 3)
      const turn = (id: string, conversation: ConversationId, outcome: string, problem?: string) => ({
        ...{ id, conversation, first: 1, last: 1, startedMs: noonMs, exchange: undefined },
        text: JSON.stringify({ id, outcome, problem, spans: [{ name: 'bot', note: '"outcome":"ok"' }] }),
      })
      await opened.store.turns.putTurns([
        turn('1', a, 'botError', 'BotThrew'),
        turn('2', a, 'ok'),
        turn('3', a, 'timeout', 'Timeout'),
        turn('4', b, 'ok'),
        turn('5', c, 'unreachable', 'NobodyListens'),
      ])
      assert.deepEqual(
        (await opened.look.these([a, b, c])).map(({ failed }) => failed),
        [2, 0, 1],
      )
      assert.deepEqual(await listed(opened, { failed: 'any' }), [c, a])
      assert.deepEqual(await listed(opened, { failed: 'Timeout' }), [a])
      assert.deepEqual(await listed(opened, { failed: 'WrongPath' }), [])
      assert.equal(await opened.look.count({ failed: 'any' }), 2)
    })

    it('finds conversations by what failed in them, whatever clients call their activities', async t => {
      const opened = await open(t)
      const [a, b, c] = [await said(opened, 'a', 1), await said(opened, 'b', 2), await said(opened, 'c', 3)]
      const turn = (id: string, conversation: ConversationId, type: string, problem: string) => ({
        ...{ id, conversation, first: 1, last: 1, startedMs: noonMs, exchange: undefined },
        text: JSON.stringify({ id, type, outcome: 'timeout', problem, spans: [{ name: 'bot', note: type }] }),
      })
      await opened.store.turns.putTurns([
        turn('1', a, 'a\u0000b\ud800', 'Timeout'),
        turn('2', b, '"problem":"Timeout"', 'BotThrew'),
        turn('3', c, '\\"problem":"Timeout"\udc00', 'BotThrew'),
      ])
      assert.deepEqual(await listed(opened, { failed: 'Timeout' }), [a])
      assert.deepEqual(await listed(opened, { failed: 'BotThrew' }), [c, b])
      assert.equal(await opened.look.count({ failed: 'BotThrew' }), 2)
      assert.deepEqual(await listed(opened, { failed: 'any' }), [c, b, a])
    })

    it('finds what begins with an id, a part of a member’s id, and a part of a text, whatever the case', async t => {
      const opened = await open(t)
      const a = await said(opened, 'abc', 1, 'A “Straße”, 100 % \\o/ "quoted"\nÉlan_vital')
      const b = await said(opened, 'bcd', 2, 'nothing', 'dl_Uma')
      for (const [words, expected] of [
        ['abc', [a]],
        ['ABC', [a]],
        ['bc', [b]],
        ['dl_uma', [b]],
        ['UMA', [b]],
        ['straße', [a]],
        ['élan', [a]],
        ['100 %', [a]],
        ['\\O/', [a]],
        ['"QUOTED"', [a]],
        ['"quoted"\nélan', [a]],
        ['n_v', [a]],
        ['nXv', []],
        ['%', [a]],
        ['thing', [b]],
        // In the JSON of the activity, but not in what was said.
        ['message', []],
        ['directline', []],
      ] as const) {
        assert.deepEqual(await listed(opened, { words }), expected, words)
      }
      const page = await opened.look.conversations({ words: 'thing' }, 0, 10)
      assert.equal(page.searched, 2)
    })

    it('does not find what has given way', async t => {
      const opened = await open(t)
      const { store } = opened
      const id = await said(opened, 'a', 1, 'before')
      const replace = { ...messageAppend(id, ''), target: position(1) }
      await store.replace({ ...replace, activity: message(id, 'after'), erase: false })
      assert.deepEqual(await listed(opened, { words: 'before' }), [])
      assert.deepEqual(await listed(opened, { words: 'after' }), [id])
    })

    it('knows nothing of what has been forgotten', async t => {
      const opened = await open(t)
      const a = await said(opened, 'a', 1)
      const b = await said(opened, 'b', 2)
      await opened.store.forget(a)
      assert.deepEqual(await listed(opened), [b])
      assert.deepEqual(await opened.look.these([a, b, conversationId('none')]), await opened.look.these([b]))
    })
  })
}

describe('looking into SQLite', () => {
  it('starts its thread when somebody looks, and can be closed before and after', async t => {
    const { look } = await openSqlite(t)
    await look[Symbol.asyncDispose]()
    await assert.rejects(look.count({}), { failure: 'Unavailable' })
    const { look: other } = await openSqlite(t)
    assert.equal(await other.count({}), 0)
    await other[Symbol.asyncDispose]()
    await assert.rejects(other.count({}), { failure: 'Unavailable' })
  })

  it('refuses what would wait too long, and answers the rest', async t => {
    const { look } = await openSqlite(t)
    const asked = await Promise.allSettled(Array.from({ length: 300 }, () => look.count({})))
    const refused = asked.filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 300 - 256)
    assert.equal(await look.count({}), 0)
  })
})
