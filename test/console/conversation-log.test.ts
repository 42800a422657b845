/**
 * A long conversation in the console: only what is in sight is drawn, and everything can be got to.
 */
import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { done } from '../support/admin.ts'
import { openSocket } from '../support/socket.ts'
import { inBrowser } from './browser-test.ts'
import { begun, begunByCustomer, ConversationWindow, seedMessages, startTalking } from './talking.ts'

const messages = 10_000

/** How long it may take from the address to the last row, where other tests run: milliseconds. */
const openMsMax = 6_000

suite(`a conversation of ${messages} activities`, () => {
  const browserTest = inBrowser(async () => {
    const talking = await startTalking()
    const id = await begun(talking, 'echo')
    await seedMessages(talking, id, messages)
    return { ...talking, id }
  })

  browserTest('opens at its end soon, and draws 60 rows and shows 50 messages at most', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    await window.page.goto(`${given.service.app.origin}/console/conversations/${given.service.id}`)
    await window.row(/line 10000$|line 10000 /).waitFor()
    const tookMs = await window.page.evaluate<number>('performance.now()')
    assert.ok(tookMs < openMsMax, `${tookMs} ms`)
    assert.ok((await window.log.getByRole('option').count()) <= 60)
    await window.takePart()
    await window.chat.getByText('line 10000', { exact: true }).last().waitFor()
    assert.equal(await window.messages.count(), 50)
    assert.ok((await window.page.locator('*').count()) < 2_000)
  })

  browserTest('scrolls to the first activity, by wheel and by key, and back to the latest', async given => {
    await using window = await ConversationWindow.open(given, `conversations/${given.service.id}`)
    await window.row('line 10000').waitFor()
    await window.log.evaluate(log => {
      log.scrollTop = 0
    })
    await window.row(/line 1$/).waitFor()
    assert.ok((await window.log.getByRole('option').count()) <= 60)
    await window.page.getByRole('button', { name: 'Jump to latest' }).click()
    await window.row('line 10000').waitFor()
    await window.log.focus()
    await window.page.keyboard.press('Home')
    await window.isAt('a', '1')
    await window.row(/line 1$/).waitFor()
    await window.page.getByRole('treeitem', { name: 'text: "line 1"' }).waitFor()
  })

  browserTest('finds the first activity by its text, and says how much it has looked through', async given => {
    await using window = await ConversationWindow.open(given, `conversations/${given.service.id}`)
    await window.row('line 10000').waitFor()
    await window.page.getByRole('searchbox', { name: 'Filter the log' }).fill('line 1')
    await window.page.getByText('1,112 of 10,000').waitFor()
    await window.log.focus()
    await window.page.keyboard.press('Home')
    await window.isAt('a', '1')
    await window.page.getByRole('treeitem', { name: 'text: "line 1"' }).waitFor()
    assert.ok((await window.log.getByRole('option').count()) <= 60)
    await window.page.reload()
    await window.page.getByText('1,112 of 10,000').waitFor()
    await window.row(/line 1$/).waitFor()
  })

  browserTest('follows what comes, unless somebody has scrolled up', async given => {
    await using window = await ConversationWindow.open(given, `conversations/${given.service.id}`)
    await window.row('line 10000').waitFor()
    await window.takePart()
    await window.chat.getByRole('textbox', { name: 'Message input box' }).waitFor()
    await window.say('newest')
    await window.row('You said: newest').waitFor()
    assert.ok(await window.log.evaluate(log => log.scrollTop + log.clientHeight >= log.scrollHeight - 1))
    await window.log.evaluate(log => {
      log.scrollTop = 0
    })
    await window.row(/line 1$/).waitFor()
    await window.say('meanwhile')
    await window.page.getByRole('button', { name: 'Jump to latest (2 new)' }).waitFor()
    assert.equal(await window.log.evaluate(log => log.scrollTop), 0)
    await window.page.getByRole('button', { name: 'Jump to latest (2 new)' }).click()
    await window.row('You said: meanwhile').waitFor()
  })

  browserTest(
    'shows a conversation that nobody is connected to in its own words, however new, and goes on with it when somebody wants to',
    async given => {
      // A customer has begun it just now: whoever joins would speak as that customer.
      const { conversationId } = await begunByCustomer(given.service, 'newest')
      await using window = await ConversationWindow.open(given, `conversations/${conversationId}`)
      const said = window.page.getByRole('list', { name: 'Messages' })
      await said.getByRole('button', { name: 'User: newest' }).waitFor()
      assert.equal(await window.page.locator('iframe').count(), 0)
      await said.getByRole('button', { name: 'Bot: You said: newest' }).click()
      await window.page.getByRole('treeitem', { name: 'text: "You said: newest"' }).waitFor()
      assert.equal((await done(given.service.app, 'GET', `/conversations/${conversationId}`))['sockets'], 0)
      await window.takePart()
      const shown = window.chat.getByText('You said: newest', { exact: true })
      await shown.last().waitFor()
      // Whoever has chosen to go on is not asked again.
      await window.page.reload()
      await shown.last().waitFor()
    },
  )

  browserTest('shows a conversation that somebody is connected to in the chat', async given => {
    const { conversationId, streamUrl } = await begunByCustomer(given.service, 'newest')
    using _socket = await openSocket(streamUrl)
    await using window = await ConversationWindow.open(given, `conversations/${conversationId}`)
    await window.chat.getByText('You said: newest', { exact: true }).last().waitFor()
    assert.equal(await window.page.getByRole('button', { name: 'Continue chatting' }).count(), 0)
  })
})
