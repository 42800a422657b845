/**
 * What every store promises about conversations, their members and its settings, as one suite.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { userId } from '../../src/protocol/ids.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import {
  bot,
  conversationId,
  dayMs,
  entriesOf,
  everything,
  hourMs,
  messageAppend,
  noonMs,
  type OpenStore,
  otherBot,
  site,
  started,
} from './log-samples.ts'

const person = (id: string, name?: string) => ({ id: userId(id), name })

/** Declares the tests of what is not the log itself. */
export function conversationContract(adapter: string, open: OpenStore): void {
  describe(`${adapter}: conversations`, () => {
    test('of any number of calls that start a conversation, exactly one starts it', async t => {
      const store = await open(t)
      const head = { id: conversationId('a'), bot, site, locale: 'de-CH' }
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => store.start(head, person(`u${n}`), noonMs)),
      )
      assert.deepEqual(
        answers.map(answer => answer.started),
        [true, ...new Array(19).fill(false)],
      )
      assert.deepEqual(await store.find(head.id), { ...head, last: 0, lastTimestampMs: 0, seenMs: noonMs })
      assert.equal((await store.members(head.id)).length, 20)
    })

    test('a conversation of another bot can’t be started, joined, or kept in use by starting it', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      assert.deepEqual(await store.start({ id, bot: otherBot, site, locale: 'fr' }, person('u'), noonMs + dayMs), {
        started: false,
      })
      assert.equal(await store.join(id, otherBot, person('u')), 'unknown')
      assert.deepEqual(await store.find(id), {
        id,
        bot,
        site,
        locale: undefined,
        last: 0,
        lastTimestampMs: 0,
        seenMs: noonMs,
      })
      assert.deepEqual(await store.members(id), [])
    })

    test('answers nothing about a conversation that is not there', async t => {
      const store = await open(t)
      const id = conversationId('a')
      await Promise.all([
        store.settle(id, position(1)),
        store.leave(id, userId('u')),
        store.touch(id, noonMs),
        store.forget(id),
      ])
      await store.announced(id, [undefined, userId('u')])
      assert.equal(await store.join(id, bot, person('u')), 'unknown')
      assert.equal(await store.find(id), undefined)
      assert.equal(await store.entryAt(id, position(1)), undefined)
      assert.deepEqual(await store.members(id), [])
      assert.deepEqual(await store.unannounced(id), [])
    })

    test('of any number of calls that join somebody, exactly one joins', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      const answers = await Promise.all(Array.from({ length: 20 }, () => store.join(id, bot, person('u', 'Ann'))))
      assert.deepEqual(answers, ['joined', ...new Array(19).fill('already')])
      assert.deepEqual(await store.members(id), [person('u', 'Ann')])
    })

    test('lists members in the order they joined, whatever they are called', async t => {
      const store = await open(t)
      const [id, other] = [await started(store, 'a'), await started(store, 'b')]
      const people = [
        person('z', 'Zoe'),
        person('a'),
        person('', ''),
        person('\ud800', '\udfff'),
        person('\ud801'),
        person('n\0', 'N\0'),
      ]
      for (const one of people) assert.equal(await store.join(id, bot, one), 'joined')
      assert.equal(await store.join(other, bot, person('z')), 'joined')
      assert.deepEqual(await store.members(id), people)
      await store.leave(id, userId('z'))
      await store.leave(id, userId('nobody'))
      assert.equal(await store.join(id, bot, person('z')), 'joined')
      assert.deepEqual(await store.members(id), [...people.slice(1), person('z')])
      assert.deepEqual(await store.members(other), [person('z')])
    })

    test('knows which joins the bot has not been told of', async t => {
      const store = await open(t)
      const id = conversationId('a')
      await store.start({ id, bot, site, locale: undefined }, person('u1'), noonMs)
      await store.join(id, bot, person('u2'))
      assert.deepEqual(await store.unannounced(id), [undefined, 'u1', 'u2'])
      await store.announced(id, [undefined, userId('u2'), userId('stranger')])
      assert.deepEqual(await store.unannounced(id), ['u1'])
      await store.join(id, bot, person('u3'))
      await store.leave(id, userId('u1'))
      assert.deepEqual(await store.unannounced(id), ['u3'])
      await store.announced(id, [userId('u3')])
      assert.deepEqual(await store.unannounced(id), [])
      await store.leave(id, userId('u3'))
      await store.join(id, bot, person('u3'))
      assert.deepEqual(await store.unannounced(id), ['u3'])
    })

    test('lists conversations of one bot in the order of their ids, a page at a time', async t => {
      const store = await open(t)
      for (const word of ['b', 'a', 'd', 'B', 'c']) await started(store, word)
      await started(store, 'bb', otherBot)
      const ids = async (after: string | undefined, max: number) => {
        const found = await store.list(bot, after === undefined ? undefined : conversationId(after), max)
        return found.map(one => one.id.replace(/0+$/, ''))
      }
      assert.deepEqual(await ids(undefined, 2), ['B', 'a'])
      assert.deepEqual(await ids('a', 2), ['b', 'c'])
      assert.deepEqual(await ids('aa', 10), ['b', 'c', 'd'])
      assert.deepEqual(await ids('d', 2), [])
      assert.deepEqual(
        (await store.list(otherBot, undefined, 2)).map(one => one.bot),
        [otherBot],
      )
    })

    test('forgets conversations that nobody has used for so long, and no others', async t => {
      const store = await open(t)
      const [unused, read, written, begun] = [
        await started(store, 'a'),
        await started(store, 'b'),
        await started(store, 'c'),
        await started(store, 'd'),
      ]
      const oldest = await started(store, 'e', bot, noonMs - dayMs)
      const laterMs = noonMs + 2 * dayMs
      await store.touch(read, laterMs)
      await store.append(messageAppend(written, 'x', { atMs: laterMs }))
      await store.start({ id: begun, bot, site, locale: undefined }, undefined, laterMs)
      for (const id of [read, written, begun]) {
        const seenMs = (await store.find(id))?.seenMs ?? 0
        assert.ok(Math.abs(seenMs - laterMs) < hourMs)
      }
      assert.deepEqual(await store.forgetUnused(noonMs + dayMs, 1), [oldest])
      assert.deepEqual(await store.forgetUnused(noonMs + dayMs, 10), [unused])
      assert.deepEqual(await store.forgetUnused(noonMs + dayMs, 10), [])
      assert.deepEqual(
        (await store.list(bot, undefined, 10)).map(one => one.id),
        [read, written, begun],
      )
    })

    test('a clock that jumps back does not make a conversation older', async t => {
      const store = await open(t)
      const id = await started(store, 'a')
      await store.touch(id, noonMs - 2 * dayMs)
      await store.append(messageAppend(id, 'x', { atMs: noonMs - 2 * dayMs }))
      assert.deepEqual(await store.forgetUnused(noonMs - dayMs, 10), [])
    })

    for (const forgetting of ['forget', 'forgetUnused'] as const) {
      test(`${forgetting} leaves nothing of a conversation, and everything of the others`, async t => {
        const store = await open(t)
        const [gone, kept] = [await started(store, 'gone'), await started(store, 'kept', bot, noonMs + dayMs)]
        for (const id of [gone, kept]) {
          await store.join(id, bot, person('u'))
          await store.append(messageAppend(id, 'one', { key: 'k' }))
          await store.replace({ ...messageAppend(id, 'ONE'), target: position(1), erase: false })
          await store.settle(id, position(1))
        }
        if (forgetting === 'forget') await store.forget(gone)
        else assert.deepEqual(await store.forgetUnused(noonMs + 1, 10), [gone])
        assert.equal(await store.find(gone), undefined)
        assert.deepEqual(await store.read(gone, beginning, everything), { entries: [], end: 0, more: false })
        assert.equal((await store.append(messageAppend(gone, 'one', { key: 'k' }))).outcome, 'unknown')
        assert.equal((await entriesOf(store, kept)).length, 1)
        assert.equal((await store.append(messageAppend(kept, 'one', { key: 'k' }))).outcome, 'repeated')
        assert.deepEqual(await store.members(kept), [person('u')])
        await started(store, 'gone')
        assert.deepEqual(await store.members(gone), [])
        assert.deepEqual(await store.unannounced(gone), [undefined])
        const again = await store.append(messageAppend(gone, 'again', { key: 'k' }))
        assert.equal(again.outcome === 'appended' && again.entry.position, 1)
        const resent = await store.append(messageAppend(gone, 'again', { key: 'k' }))
        assert.equal(resent.outcome === 'repeated' && resent.turn, 'open')
      })
    }

    test('keeps settings, the newest value of each', async t => {
      const store = await open(t)
      assert.equal(await store.setting('secret'), undefined)
      await Promise.all([
        store.putSetting('secret', 'first'),
        store.putSetting('secret', 'second'),
        store.putSetting('Secret', ''),
      ])
      assert.equal(await store.setting('secret'), 'second')
      assert.equal(await store.setting('Secret'), '')
    })

    test('of any number that put a setting in place of the same value, or of none, exactly one does', async t => {
      const store = await open(t)
      for (const expected of [undefined, 'odd \ud800', '']) {
        const values = expected === undefined ? ['odd \ud800'] : expected === '' ? ['last'] : ['']
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => store.putSettingIf('key', values[0] ?? '', expected)),
        )
        assert.equal(answers.filter(Boolean).length, 1, JSON.stringify(expected))
        assert.equal(await store.setting('key'), values[0])
      }
      for (const wrong of [undefined, '', 'Last', 'odd \ud801'])
        assert.equal(await store.putSettingIf('key', 'never', wrong), false)
      assert.equal(await store.putSettingIf('other', 'never', 'something'), false)
      assert.equal(await store.setting('key'), 'last')
      assert.equal(await store.setting('other'), undefined)
    })

    test('names the settings put since a version, each once, and none that were not', async t => {
      const store = await open(t)
      await store.putSetting('before', 'b')
      const start = await store.settingsSince(undefined)
      assert.deepEqual(start.names, [])
      assert.deepEqual(await store.settingsSince(start.version), start)
      await store.putSetting('odd \ud800', '1')
      await store.putSettingIf('new', '1', undefined)
      await store.putSettingIf('new', '2', '1')
      await store.putSettingIf('before', 'never', 'x')
      await store.probe()
      const next = await store.settingsSince(start.version)
      assert.deepEqual([...next.names].sort(), ['new', 'odd \ud800'])
      assert.ok(next.version > start.version)
      assert.deepEqual(await store.settingsSince(next.version), { version: next.version, names: [] })
      await Promise.all(Array.from({ length: 10 }, (_, n) => store.putSetting(`n${n}`, 'x')))
      assert.equal((await store.settingsSince(next.version)).names.length, 10)
    })
  })
}
