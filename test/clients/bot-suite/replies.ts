/**
 * What a bot says in its turn and how it reaches the client, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { twenty } from '../bots/commands.ts'
import { Chat } from '../support/chat.ts'
import { readLog } from '../support/rest.ts'
import { type Stage, texts } from './stage.ts'

/** The tests of replies. */
export function replies({ app, greeted }: Stage): void {
  test('echoes: the reply stands after what it answers, and names it', async () => {
    using chat = await greeted('dl_echo')
    const id = await chat.say('echo hello')
    const reply = await chat.reply('You said: hello')
    assert.equal(reply.replyToId, id)
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_echo.', 'echo hello', 'You said: hello'])
    assert.deepEqual(activities, chat.seen)
  })

  test('types: whoever listens sees it before the message, and the log never holds it', async () => {
    using chat = await greeted('dl_typing')
    using poller = new Chat({
      domain: app().base,
      ...chat.connection,
      watermark: '0',
      webSocket: false,
      pollingInterval: 200,
    })
    await poller.reply('Hello, dl_typing.')
    await chat.say('typing')
    await Promise.all([chat.reply('I have finished typing.'), poller.reply('I have finished typing.')])
    assert.deepEqual(
      chat.seen.slice(-2).map(({ type }) => type),
      ['typing', 'message'],
    )
    assert.deepEqual(poller.fromBot('typing'), [])
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.equal(
      activities.some(({ type }) => type === 'typing'),
      false,
    )
  })

  test('sends twenty replies that come once each and in order', async () => {
    using chat = await greeted('dl_twenty')
    await chat.say('twenty')
    await chat.reply(twenty.at(-1) as string)
    assert.deepEqual(texts(chat.fromBot()).slice(1), twenty)
  })

  test('sends cards and suggestions that arrive as the SDK made them', async () => {
    using chat = await greeted('dl_cards')
    await chat.say('card')
    const cards = await chat.reply('Two cards.')
    const [hero, adaptive] = cards.attachments ?? []
    assert.equal(cards['attachmentLayout'], 'list')
    assert.ok(hero?.contentType === 'application/vnd.microsoft.card.hero')
    const { title, buttons } = hero.content as { title: string; buttons: { type: string; value: string }[] }
    assert.deepEqual([title, buttons[0]?.type, buttons[0]?.value], ['A hero', 'imBack', 'echo pressed'])
    assert.deepEqual(adaptive, {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: 'Adapted' }] },
    })
    await chat.say('suggest')
    const { suggestedActions } = await chat.reply('Which one?')
    assert.deepEqual(
      suggestedActions?.actions.map(({ title }) => title),
      ['red', 'blue'],
    )
  })

  test('answers events with events, and can say that the conversation has ended', async () => {
    using chat = await greeted('dl_event')
    const value = { deep: [1, { very: null }], text: 'ünïcode 💬' }
    await chat.post({ type: 'event', name: 'order', value })
    const answer = await chat.until('an event', () => chat.fromBot('event').find(({ name }) => name === 'order/answer'))
    assert.deepEqual(answer.value, value)
    await chat.say('end')
    const end = await chat.until('the end', () => chat.fromBot('endOfConversation')[0])
    assert.equal(end.code, 'completedSuccessfully')
    await chat.post({ type: 'endOfConversation' })
    await chat.say('echo after the end')
    await chat.reply('You said: after the end')
  })
}

/** The test of a bot whose replies are taken from its answers. It needs a service of its own. */
export function repliesInBody({ bot, greeted }: Stage): void {
  test('answers in the body of its turn where the bot is set so, without calling back', async () => {
    await using own = await startApp({ bot: bot().url, botSettings: { expectReplies: true } })
    using chat = await greeted('dl_body', { app: own })
    await chat.say('twenty')
    await chat.reply(twenty.at(-1) as string)
    assert.deepEqual(texts(chat.seen), ['Hello, dl_body.', 'twenty', ...twenty])
    const called = (await bot().acknowledged()).filter(
      ({ conversation }) => conversation === chat.connection.conversationId,
    )
    assert.deepEqual(called, [])
  })
}
