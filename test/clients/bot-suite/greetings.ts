/**
 * How a bot hears of the people in a conversation, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chat } from '../support/chat.ts'
import { startConversation } from '../support/rest.ts'
import { type Stage, texts } from './stage.ts'

/** The tests of greetings. */
export function greetings({ app, greeted, received }: Stage): void {
  test('greets a user who is known at the start exactly once', async () => {
    using chat = await greeted('dl_known')
    await chat.say('echo a')
    await chat.reply('You said: a')
    assert.deepEqual(texts(chat.fromBot()), ['Hello, dl_known.', 'You said: a'])
    const [update, message] = await received(chat)
    assert.deepEqual([update?.type, message?.type], ['conversationUpdate', 'message'])
    assert.deepEqual(
      update?.membersAdded?.map(({ id }) => id),
      [update?.recipient?.id, 'dl_known'],
    )
  })

  test('greets a user who is unknown until the first message exactly once, before it answers', async () => {
    const { token, conversationId } = await startConversation(app())
    using chat = new Chat({ domain: app().base, token, conversationId }, { user: 'stranger' })
    await chat.until('a connection', () => chat.status === 'Online')
    await chat.say('echo a')
    await chat.say('echo b')
    await chat.reply('You said: b')
    assert.deepEqual(texts(chat.fromBot()), ['Hello, stranger.', 'You said: a', 'You said: b'])
    const posted = await received(chat)
    assert.deepEqual(
      posted.map(({ type, membersAdded }) => [type, membersAdded?.map(({ id }) => id)]),
      [
        ['conversationUpdate', [posted[0]?.recipient?.id]],
        ['conversationUpdate', ['stranger']],
        ['message', undefined],
        ['message', undefined],
      ],
    )
  })

  test('is sent all that the SDK needs in every activity, and nothing that upsets it', async () => {
    using chat = await greeted('dl_needs')
    const blank: Readonly<Record<string, unknown>> = {
      locale: '',
      inputHint: null,
      attachments: null,
      entities: [],
      suggestedActions: null,
      value: null,
      unknown: '',
    }
    await chat.post({ type: 'message', text: 'echo blanks', ...blank })
    await chat.reply('You said: blanks')
    for (const activity of await received(chat)) {
      const { type, id, timestamp, serviceUrl, from, recipient, conversation } = activity
      for (const field of [type, id, timestamp, serviceUrl, from?.id, recipient?.id, conversation?.id]) {
        assert.equal(typeof field, 'string', JSON.stringify(activity))
      }
      assert.equal(activity['channelId'], 'directline')
    }
  })
}
