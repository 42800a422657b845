/**
 * An unmodified bot of the Microsoft 365 Agents SDK behind the whole service.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suiteOfBot } from './bot-suite/suite.ts'
import { startAgentsBot } from './bots/start.ts'
import type { SomeActivity } from './bots/wire.ts'
import { readLog } from './support/rest.ts'

suiteOfBot('the Agents SDK', startAgentsBot, ({ app, greeted }) => {
  test('may crash in a turn: the user is shown what the SDK says, and the next message goes through', async () => {
    using chat = await greeted('dl_crash')
    assert.notEqual(await chat.say('crash'), 'retry')
    await chat.reply('The agent encountered an error or bug.')
    await chat.reply('To continue to run this agent, please fix the source code.')
    await chat.say('echo still here')
    await chat.reply('You said: still here')
  })

  test('streams an answer: each step comes in order under an id of its own, and only the whole is kept', async () => {
    using chat = await greeted('dl_stream')
    await chat.say('stream')
    const last = await chat.reply('One two three')
    const steps = chat.fromBot('typing')
    assert.deepEqual(steps.map(streamType), ['informative', ...steps.slice(1).map(() => 'streaming')])
    assert.equal(streamType(last), 'final')
    assert.deepEqual([steps[0]?.text, steps.at(-1)?.text], ['Thinking …', 'One two three'])
    assert.ok(steps.length >= 3)
    const sequences = steps.map(step => Number(streamInfo(step)?.['streamSequence']))
    assert.deepEqual(
      sequences,
      sequences.toSorted((one, other) => one - other),
    )
    assert.equal(new Set([...steps, last].map(({ id }) => id)).size, steps.length + 1)
    // The service's answer to the first step is what names the stream in all others.
    for (const step of [...steps.slice(1), last]) assert.equal(streamInfo(step)?.['streamId'], steps[0]?.id)
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(
      activities.map(({ text }) => text),
      ['Hello, dl_stream.', 'stream', 'One two three'],
    )
  })
})

const streamInfo = (activity: SomeActivity) => activity.entities?.find(({ type }) => type === 'streaminfo')
const streamType = (activity: SomeActivity) => streamInfo(activity)?.['streamType']
