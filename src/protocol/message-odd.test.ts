/**
 * Direct Line 1.1 messages out of whatever JSON may stand in the log.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seedOf } from '../../test/support/seed.ts'
import { messageOfActivity } from './message.ts'

test('makes text of any JSON a bot may have put into a message, and never fails on it', t => {
  const seed = seedOf()
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  const names = [
    'text',
    'title',
    'content',
    'buttons',
    'body',
    'items',
    'url',
    'value',
    'type',
    'media',
    'image',
    'speak',
  ]
  const anything = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown>(null, true, 0, 1.5, '', 'a', 'TextBlock', 'openUrl'),
      fc.jsonValue(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names, 'fallbackText', 'facts', 'columns'), tie('value'), { maxKeys: 6 }),
    ),
  })).value
  const kinds = ['hero', 'thumbnail', 'receipt', 'signin', 'oauth', 'audio', 'video', 'animation', 'adaptive', 'other']
  const attachment = fc.record(
    {
      contentType: fc.oneof(fc.constantFrom(...kinds.map(kind => `application/vnd.microsoft.card.${kind}`)), anything),
      contentUrl: anything,
      content: anything,
    },
    { requiredKeys: [] },
  )
  const activity = fc.record(
    {
      type: fc.constant('message'),
      id: anything,
      from: anything,
      conversation: anything,
      timestamp: anything,
      text: anything,
      summary: anything,
      attachments: fc.oneof(fc.array(fc.oneof(attachment, anything), { maxLength: 4 }), anything),
      suggestedActions: fc.oneof(fc.record({ actions: anything }), anything),
      channelData: anything,
    },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(activity, given => {
      const message = messageOfActivity(given)
      assert.equal(typeof message?.text, 'string')
      for (const field of ['id', 'conversationId', 'created', 'from'] as const)
        assert.equal(typeof message?.[field], 'string')
      assert.deepEqual(messageOfActivity(JSON.stringify(given)), JSON.parse(JSON.stringify(message)))
    }),
    { numRuns: 500, seed },
  )
  fc.assert(
    fc.property(fc.jsonValue(), given => {
      messageOfActivity(JSON.stringify(given))
    }),
    { seed },
  )
})
