/**
 * What is said to be wrong with bots, and until when.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bot, conversation, headers, inspected, takeTurn } from '../../test/support/inspected.ts'
import type { TurnMarks } from './turn-marks.ts'

describe('problems', () => {
  it('are grouped by code and bot, and gone after ten minutes of success', () => {
    const there = inspected()
    for (let time = 0; time < 3; time += 1) takeTurn(there, { status: 500, body: 'no' })
    assert.deepEqual(
      there.inspection.problems().map(({ code, bot: of, count }) => [code, of, count]),
      [['BotThrew', 'orders', 3]],
    )
    there.go(11 * 60_000)
    assert.equal(there.inspection.problems().length, 1, 'nothing has gone well since')
    takeTurn(there)
    there.go(9 * 60_000)
    assert.equal(there.inspection.problems().length, 1)
    there.go(2 * 60_000)
    assert.deepEqual(there.inspection.problems(), [])
  })

  it('of connections are gone as soon as there is one', () => {
    const there = inspected()
    const marks = there.inspection.begin(conversation('a'), bot) as TurnMarks
    marks.goesTo('message', 1_000)
    marks.calling(headers, false, '')
    marks.came({ outcome: 'unreachable', reason: 'ECONNREFUSED' })
    marks.settled({ outcome: 'failed', answered: false, status: 504, message: 'It is not there.' })
    assert.equal(marks.problem, 'NobodyListens')
    there.inspection.noteHealth(bot.id, { state: 'down', problem: 'NobodyListens' })
    assert.deepEqual(
      there.inspection.problems().map(({ code, count, text }) => [code, count, text]),
      [['NobodyListens', 1, 'Nobody listens on localhost:3978.']],
    )
    there.inspection.noteHealth(bot.id, { state: 'up' })
    assert.deepEqual(there.inspection.problems(), [])
  })

  it('tell of a bot that accepts three messages and says nothing, until it is heard', () => {
    const there = inspected()
    for (let time = 0; time < 3; time += 1) takeTurn(there)
    there.go(4_000)
    assert.deepEqual(there.inspection.problems(), [], 'it may still answer')
    there.go(2_000)
    assert.deepEqual(
      there.inspection.problems().map(({ code }) => code),
      ['AnswersDoNotArrive'],
    )
    there.inspection.says(conversation('a'), bot.id, 0, true, undefined)
    assert.deepEqual(there.inspection.problems(), [])
  })

  it('tell of no silence where answers may come to other nodes', () => {
    const there = inspected({}, true)
    for (let time = 0; time < 3; time += 1) takeTurn(there)
    there.go(10_000)
    assert.deepEqual(there.inspection.problems(), [])
    there.inspection.says(conversation('a'), bot.id, 0, true, undefined)
    assert.equal(there.inspection.isHeard(bot.id), undefined)
  })

  it('of a bot that is removed go with it, and whoever listens is told', () => {
    const there = inspected()
    for (let time = 0; time < 3; time += 1) takeTurn(there)
    takeTurn(there, { status: 500 })
    there.go(6_000)
    assert.deepEqual(
      there.inspection
        .problems()
        .map(({ code }) => code)
        .sort(),
      ['AnswersDoNotArrive', 'BotThrew'],
    )
    let told: number | undefined
    there.inspection.listen(({ topic, event }) => {
      if (topic === 'problems') told = event.length
    })
    there.bots.length = 0
    there.go(2_000)
    assert.deepEqual(there.inspection.problems(), [])
    assert.equal(told, 0)
    there.bots.push(bot)
    there.go(2_000)
    assert.deepEqual(there.inspection.problems(), [], 'a bot that is added begins anew')
    assert.equal(there.inspection.isHeard(bot.id), undefined)
  })

  it('tell of answers that are refused, where it can be told whose they are', () => {
    const there = inspected()
    there.inspection.answerRefused(conversation('a'), 'Forbidden')
    there.inspection.answerRefused(conversation('a'), 'TooManyRequests')
    assert.deepEqual(there.inspection.problems(), [], 'a stranger can call too')
    takeTurn(there)
    there.inspection.answerRefused(conversation('a'), 'Forbidden')
    there.inspection.answerRefused(undefined, 'UnknownConversation')
    assert.deepEqual(
      there.inspection.problems().map(({ code, count }) => [code, count]),
      [['AnswerRefused', 2]],
    )
  })
})
