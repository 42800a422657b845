/**
 * The inspection, held against a clock that is set by hand and a store that takes its time.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bot, conversation, inspected, takeQuickly, takeTurn } from '../../test/support/inspected.ts'
import { position } from '../protocol/watermark.ts'
import type { InspectionNews } from './turn-news.ts'

describe('the inspection', () => {
  it('has nothing to set marks on where nothing is watched', () => {
    const { inspection } = inspected({ turns: 0 })
    assert.equal(inspection.begin(conversation('a'), bot), undefined)
  })

  it('tells a turn with its spans, and what went to the bot and came back', async () => {
    const there = inspected()
    const marks = takeTurn(there, { status: 500, body: 'TypeError: no order' })
    const turn = await there.inspection.turn(there.inspection.idOf(marks))
    assert.equal(turn?.outcome, 'botError')
    assert.equal(turn?.status, 500)
    assert.equal(turn?.problem, 'BotThrew')
    assert.equal(turn?.cause, 1)
    assert.deepEqual(
      turn?.spans.find(({ name }) => name === 'bot'),
      { name: 'bot', start: 0, ms: 200 },
    )
    assert.equal(turn?.totalMs, 200)
    assert.equal(turn?.exchange?.requestBody, '{"type":"message"}')
    assert.equal(turn?.exchange?.body, 'TypeError: no order')
    assert.deepEqual(turn?.exchange?.responseHeaders, [['content-type', 'text/plain']])
  })

  it('keeps no body of bots that work or fail where bodies are not kept, and knows what was wrong all the same', async () => {
    const there = inspected({ bodies: 'none' })
    const marks = takeTurn(there, { status: 401, body: 'Unauthorized Access. Request is not authorized' })
    const turn = await there.inspection.turn(there.inspection.idOf(marks))
    assert.equal(turn?.exchange?.body, undefined)
    assert.equal(turn?.exchange?.requestBody, undefined)
    assert.equal(turn?.problem, 'BotWantsCredentials')
    assert.match(there.inspection.problems()[0]?.text ?? '', /botbuilder/)
  })

  it('quotes what a bot answered in a problem only where bodies are kept', () => {
    for (const [bodies, text] of [
      ['full', 'The bot answered 500: no order of Jane Roe'],
      ['none', 'The bot answered 500.'],
    ] as const) {
      const there = inspected({ bodies })
      takeTurn(there, { status: 500, body: 'no order of Jane Roe' })
      assert.deepEqual(
        there.inspection.problems().map(problem => problem.text),
        [text],
      )
    }
  })

  it('cuts long bodies where the settings say, and says so', async () => {
    const there = inspected({ maxBody: 10 })
    const marks = takeTurn(there, { body: 'ééééééééé' })
    const turn = await there.inspection.turn(there.inspection.idOf(marks))
    assert.equal(turn?.exchange?.body, 'ééééé')
    assert.equal(turn?.exchange?.cut, true)
  })

  it('keeps nothing of what may hold a user’s token', async () => {
    const there = inspected()
    const marks = takeTurn(there, { type: 'invoke', status: 500, body: 'the token' })
    const turn = await there.inspection.turn(there.inspection.idOf(marks))
    assert.doesNotMatch(JSON.stringify([turn, there.inspection.problems()]), /the token|"type\\":/)
  })

  it('gives each reply to the turn it names, or else to the newest, for half a minute after its end', () => {
    const there = inspected()
    const { inspection, go } = there
    const reply = (cause: number) => inspection.says(conversation('a'), bot.id, cause, true, undefined)
    const [first, second] = [takeTurn(there, { at: 1 }), takeTurn(there, { at: 2 })]
    reply(1)?.stored(position(3))
    reply(0)?.stored(position(4))
    reply(99)?.stored(position(5))
    assert.deepEqual(
      [first, second].map(({ replies }) => replies.map(({ position: at }) => at)),
      [[3], [4, 5]],
    )
    go(31_000)
    assert.equal(reply(2), undefined)
  })

  it('holds as many turns as it may, and forgets those of conversations that are gone', async () => {
    const there = inspected({ turns: 3 })
    const turns = ['a', 'b', 'c', 'd'].map(word => takeTurn(there, { word, status: 500 }))
    const found = () => Promise.all(turns.map(marks => there.inspection.turn(there.inspection.idOf(marks))))
    assert.deepEqual(
      (await found()).map(turn => turn !== undefined),
      [false, true, true, true],
    )
    there.inspection.forget([conversation('c')])
    assert.deepEqual(
      (await found()).map(turn => turn !== undefined),
      [false, true, false, true],
    )
    assert.deepEqual(there.inspection.failures(undefined), [conversation('b'), conversation('d')])
    assert.equal(there.inspection.failed(conversation('c')), 0)
  })

  it('drops turns, and counts them, while the store is slow; those that failed are kept first', () => {
    const there = inspected({ turns: 10_000 })
    const { inspection, puts, go, timers } = there
    const begun = 2_000
    for (let at = 0; at < begun; at += 1) takeQuickly(there, at % 10 === 0)
    go(600)
    assert.equal(puts.length, 1, 'one lot at a time')
    assert.equal(puts[0]?.turns.length, 64)
    assert.ok(puts[0]?.turns.every(({ text }) => JSON.parse(text).outcome === 'botError'))
    // Nothing more is put while the first lot is not in the store, however long that takes.
    go(10_000)
    assert.equal(puts.length, 1)
    assert.equal(inspection.dropped, begun * 0.9 - 512)
    assert.ok(timers.size < 5, 'no timer for each')
  })

  it('puts a turn anew when a reply comes after it has been put', async () => {
    const there = inspected()
    const marks = takeTurn(there)
    there.go(600)
    there.puts[0]?.done()
    await settledPromises()
    const reply = there.inspection.says(conversation('a'), bot.id, 1, true, undefined)
    reply?.stored(position(2))
    reply?.pushed(3)
    there.go(600)
    const [again] = there.puts[1]?.turns ?? []
    assert.equal(again?.id, there.inspection.idOf(marks))
    assert.deepEqual([again?.first, again?.last, JSON.parse(again?.text ?? '').replies], [1, 2, [2]])
  })

  it('puts no body of a turn about what has been erased, though others have taken its place in memory', async () => {
    const there = inspected({ turns: 1 })
    takeTurn(there, { at: 1, status: 500, body: 'it said a slip' })
    takeTurn(there, { at: 2, status: 500, body: 'it said something else' })
    await there.inspection.eraseExchanges(conversation('a'), 1)
    there.go(600)
    assert.deepEqual(
      there.puts[0]?.turns.map(({ exchange }) => JSON.parse(exchange ?? '').body),
      [undefined, 'it said something else'],
    )
  })

  it('tells a change once, however many there were, and nothing after listening has ended', () => {
    const there = inspected()
    const heard: InspectionNews[] = []
    const end = there.inspection.listen(news => heard.push(news))
    takeTurn(there).told()
    there.go(1_000)
    const turns = heard.filter(({ topic }) => topic === 'turns')
    assert.deepEqual(
      turns.map(({ event }) => ('outcome' in event ? event.outcome : '')),
      ['running', 'ok'],
    )
    assert.equal(heard.filter(({ topic }) => topic === 'stats').length, 1)
    end()
    takeTurn(there)
    there.go(1_000)
    assert.equal(heard.length, turns.length + 1)
  })

  it('counts each second, and gives the times bots took', () => {
    const there = inspected()
    takeTurn(there)
    takeTurn(there, { status: 500 })
    there.inspection.says(conversation('a'), bot.id, 0, true, undefined)
    there.go(2_000)
    const { t, in: came, out, p50, p99, sockets, failed: failures } = there.inspection.series(180)
    assert.deepEqual(t, [1_000, 1_001])
    assert.deepEqual(
      [came, out, failures],
      [
        [2, 0],
        [1, 0],
        [1, 0],
      ],
    )
    assert.deepEqual(
      [p50, p99, sockets],
      [
        [200, null],
        [200, null],
        [7, 7],
      ],
    )
    assert.deepEqual(there.inspection.series(1).t, [1_001])
  })
})

/** What has been resolved has been heard. */
const settledPromises = () => new Promise(resolve => setImmediate(resolve))
