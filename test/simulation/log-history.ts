/**
 * Random histories of the log: what people and bots ask of it, in which order, and what the clock does meanwhile.
 */
import fc from 'fast-check'
import { userId } from '../../src/protocol/ids.ts'
import { bot, conversationId, dayMs, minuteMs, otherBot } from '../contract/log-samples.ts'

/** The conversations of a history. */
export const ids = ['a', 'b', 'c'].map(conversationId)
const people = ['ann', 'bob', 'lone \ud800'].map(userId)

const conversation = fc.constantFrom(...ids, ...ids.slice(0, 1), ...ids.slice(0, 1))
const ofBot = fc.constantFrom(bot, bot, bot, bot, otherBot)
const person = fc.constantFrom(...people)
const place = fc.integer({ min: 0, max: 12 })
const key = fc.constantFrom(undefined, undefined, 'k1', 'k2', 'k3', 'lone \ud801')
const kind = <K extends string>(name: K) => fc.constant(name)

const append = fc.record({
  kind: kind('append'),
  conversation,
  ofBot,
  key,
  text: fc.string({ unit: 'binary', maxLength: 20 }),
  audience: fc.option(person, { nil: undefined, freq: 4 }),
})
const change = fc.oneof(
  { weight: 8, arbitrary: append },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind('replace'), conversation, ofBot, key, target: place, erase: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('settle'), conversation, place }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('start'), conversation, ofBot, person: fc.option(person) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('join'), conversation, ofBot, person }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('leave'), conversation, person }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('announced'),
      conversation,
      people: fc.array(fc.option(person, { nil: undefined }), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('touch'), conversation }) },
)
const rarely = fc.oneof(
  fc.record({ kind: kind('forget'), conversation }),
  fc.record({ kind: kind('forgetUnused'), day: fc.integer({ min: 0, max: 5 }) }),
)
const step = fc.oneof(
  // Changes asked for at once, with nothing awaited in between.
  {
    weight: 30,
    arbitrary: fc.record({
      kind: kind('changes'),
      changes: fc.array(fc.oneof({ weight: 30, arbitrary: change }, { weight: 1, arbitrary: rarely }), {
        maxLength: 8,
      }),
    }),
  },
  {
    weight: 18,
    arbitrary: fc.record({
      kind: kind('read'),
      conversation,
      after: place,
      entries: fc.integer({ min: 1, max: 5 }),
      characters: fc.integer({ min: 1, max: 2_000 }),
    }),
  },
  // Moments, minutes back and days forth: the sums stay far from the half days that `forgetUnused` asks about.
  {
    weight: 9,
    arbitrary: fc.record({ kind: kind('clock'), byMs: fc.constantFrom(0, 1, 2, 1_000, -1, -10 * minuteMs, dayMs) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('reopen') }) },
)
/** A history. */
export const history = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' })

/** One change. */
export type Change =
  typeof change extends fc.Arbitrary<infer C> ? C | (typeof rarely extends fc.Arbitrary<infer R> ? R : never) : never
/** One step: changes asked for at once, or something else that happens. */
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
