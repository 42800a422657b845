/**
 * What bots are sent of whatever clients post, held to the schema of the Agents SDK by the SDK itself: an activity that
 * does not fit is a 500, whatever the bot is made to do with it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activityZodSchema } from '@microsoft/agents-activity'
import fc from 'fast-check'
import { placedForBot, restOfLogged, stampFromChannel, stampFromUser } from '../../src/domain/stamp.ts'
import { parseActivityText } from '../../src/protocol/activity.ts'
import { activityId, botId, newConversationId, userId } from '../../src/protocol/ids.ts'
import { seedOf } from '../support/seed.ts'

const conversation = newConversationId('c')
const schema = activityZodSchema.passthrough()

const posted = (rest: string): unknown =>
  JSON.parse(placedForBot(rest, activityId('c|0000001'), 0, { id: botId('bot'), name: 'Bot' }, 'http://127.0.0.1/'))

/**
 * What a client may post, empty and odd as it may be. What the service holds to its type is a text, a list of objects or
 * an object, or `null`; all else is what belongs there, or anything.
 */
const odd = (() => {
  const anything = fc.constantFrom<unknown>(null, '', 'x', 0, 1.5, true, [], {}, [''], ['x', ''], [null], [{}])
  const orOdd = (sound: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 3, arbitrary: sound }, { weight: 1, arbitrary: anything })
  const orNull = (sound: fc.Arbitrary<unknown>) => fc.option(sound, { freq: 8 })
  const record = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>) => fc.record(members, { requiredKeys: [] })
  const named = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
    Object.fromEntries(names.map(name => [name, value]))
  const said = fc.constantFrom(null, '', 'x', 'directline', 'https://a.example/b.png', 'data:image/gif;base64,AA==')
  const word = orOdd(said)
  const objects = (item: fc.Arbitrary<unknown>) => orNull(fc.array(item, { maxLength: 3 }))
  const list = (item: fc.Arbitrary<unknown>) => orOdd(fc.array(orOdd(item), { maxLength: 3 }))
  const account = record({
    ...named(['id', 'name', 'role'], said),
    ...named(['aadObjectId', 'tenantId', 'properties'], word),
  })
  const action = record({
    ...named(['type', 'title', 'text', 'displayText', 'image'], word),
    value: anything,
    channelData: anything,
  })
  const typed = record({ type: word, name: word, value: anything })
  return record({
    ...named(['text', 'speak', 'name', 'label', 'inputHint', 'localTimestamp', 'replyToId', 'topicName'], said),
    ...named(['value', 'channelData', 'unknown', 'historyDisclosed'], anything),
    ...{
      from: orNull(account),
      recipient: orNull(account),
      membersAdded: objects(account),
      membersRemoved: objects(account),
    },
    attachments: objects(
      record({ ...named(['contentType', 'contentUrl', 'name', 'thumbnailUrl'], said), content: anything }),
    ),
    ...{
      listenFor: list(word),
      entities: objects(typed),
      reactionsAdded: objects(typed),
      reactionsRemoved: objects(typed),
    },
    suggestedActions: orNull(record({ to: list(word), actions: list(action) })),
    textHighlights: objects(record({ text: word, occurrence: anything })),
    semanticAction: orNull(
      record({ id: word, state: word, entities: orOdd(fc.dictionary(fc.constantFrom('a', 'b'), orOdd(typed))) }),
    ),
    relatesTo: orNull(
      record({
        ...named(['activityId', 'channelId', 'locale', 'serviceUrl'], word),
        ...named(['user', 'bot', 'agent'], orOdd(account)),
        conversation: orOdd(record({ id: word, name: word, isGroup: anything, conversationType: word })),
      }),
    ),
  })
})()

test('the SDK takes whatever the service takes of a client, and what it would have taken anyway is not changed', t => {
  const seed = seedOf()
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  fc.assert(
    fc.property(odd, said => {
      const activity = parseActivityText(JSON.stringify({ type: 'message', ...said }))
      const stamped = stampFromUser(activity, conversation, { id: userId('u1'), name: 'Uma' }, 'all')
      const { rest, botRest } = stamped
      for (const sent of [
        botRest,
        stampFromChannel(activity, conversation, { id: 'u1' }).botRest,
        restOfLogged(JSON.parse(`{${rest}`), 'all'),
      ])
        assert.equal(schema.safeParse(posted(sent)).error, undefined)
      const isEmptyFree = !/null|""/.test(rest)
      if (isEmptyFree && schema.safeParse(posted(rest)).success) assert.equal(botRest, rest)
    }),
    { seed, numRuns: 3_000 },
  )
})
