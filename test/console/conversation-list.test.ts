/**
 * The list of conversations: long, filtered, searched, and kept up with what happens.
 */
import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { inBrowser } from './browser-test.ts'
import { begun, ConversationWindow, cuttable, seedConversations, startTalking } from './talking.ts'

const conversations = 100_000

suite(`a list of ${conversations} conversations`, () => {
  const browserTest = inBrowser(async () => {
    const talking = await startTalking()
    const ids = await seedConversations(talking, conversations)
    const failed = await begun(talking, 'broken', 'please crash')
    const talked = await begun(talking, 'echo', 'a needle in the haystack')
    return { ...talking, ids, failed, talked }
  })
  const list = (window: ConversationWindow) => window.page.getByRole('listbox', { name: 'Conversations' })

  browserTest('draws 60 rows at most, and reaches the last one with End', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    const rows = list(window).getByRole('option')
    await rows.getByText('You said: a needle in the haystack').waitFor()
    assert.ok((await rows.count()) <= 60)
    await window.page.getByText('100,002 conversations').waitFor()
    await list(window).focus()
    await window.page.keyboard.press('End')
    await rows.getByText('seeded 1', { exact: true }).waitFor()
    assert.ok((await rows.count()) <= 60)
    const last = list(window).getByRole('option', { selected: true })
    assert.match((await last.textContent()) ?? '', /seeded 1\D/)
    await window.page.keyboard.press('Home')
    await rows.getByText('You said: a needle in the haystack').waitFor()
  })

  browserTest('is read on as somebody scrolls', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    await list(window).getByRole('option').getByText('You said: a needle in the haystack').waitFor()
    for (const share of [0.25, 0.5, 0.001]) {
      await list(window).evaluate((scroller, to) => {
        scroller.scrollTop = scroller.scrollHeight * to
      }, share)
      const place = Math.floor(conversations * (1 - share))
      const near = new RegExp(`seeded ${String(place).slice(0, 2)}`)
      await list(window).getByRole('option', { name: near }).first().waitFor()
      assert.ok((await list(window).getByRole('option').count()) <= 60)
    }
  })

  browserTest('shows only those that failed when that is asked for, and keeps it over a reload', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    await window.page.getByRole('button', { name: 'Failed' }).click()
    await window.page.getByText('1 conversation', { exact: true }).waitFor()
    const row = list(window).getByRole('option')
    assert.match((await row.textContent()) ?? '', /1 failed/)
    await window.page.reload()
    await row.getByText('1 failed').waitFor()
    assert.equal(await row.count(), 1)
    await row.click()
    await window.page.waitForURL(url => url.pathname.endsWith(given.service.failed))
    await window.page.goBack()
    await row.getByText('1 failed').waitFor()
    assert.equal(await row.count(), 1)
  })

  browserTest('finds a conversation by the beginning of its id and by what was said in it', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    const box = window.page.getByRole('searchbox', { name: 'Search' })
    await box.fill(given.service.talked.slice(0, 9))
    await window.page.getByText(/^1 conversation found in [\d,]+ searched$/).waitFor()
    await list(window)
      .getByRole('option', { name: given.service.talked.slice(0, 12) })
      .waitFor()
    // Somebody stops to think between two words, until what has been written is in the address.
    await box.fill('needle ')
    await window.page.waitForURL(/q=needle$/)
    await list(window)
      .getByText(/a needle in the haystack/)
      .waitFor()
    await box.press('End')
    await box.pressSequentially('in the')
    await window.page.waitForURL(/q=needle[+%20]+in[+%20]+the$/)
    assert.equal(await box.inputValue(), 'needle in the')
    await list(window)
      .getByRole('option', { name: given.service.talked.slice(0, 12) })
      .waitFor()
    await box.fill('there is no such text')
    await window.page.getByRole('heading', { name: 'Nothing fits' }).waitFor()
  })

  browserTest('takes in what is new at its top, and lets it wait while somebody looks further down', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    const first = list(window).getByRole('option').first()
    await first.waitFor()
    await window.page.getByRole('banner').getByText('Live', { exact: true }).waitFor()
    await begun(given.service, 'echo', 'new at the top')
    await list(window)
      .getByRole('option', { name: /You said: new at the top/ })
      .waitFor()
    await list(window).evaluate(scroller => {
      scroller.scrollTop = 2_000
    })
    await begun(given.service, 'echo', 'waiting')
    const waiting = window.page.getByRole('button', { name: '1 new' })
    await waiting.click()
    await list(window)
      .getByRole('option', { name: /You said: waiting/ })
      .waitFor()
    assert.match((await first.textContent()) ?? '', /You said: waiting/)
    assert.equal(await waiting.count(), 0)
  })

  browserTest('misses nothing while its live socket is cut, and leaves what is in sight where it is', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    const cut = await cuttable(window.page)
    await window.page.goto(`${given.service.app.origin}/console/conversations`)
    const rows = list(window).getByRole('option')
    await rows.first().waitFor()
    await window.page.getByRole('banner').getByText('Live', { exact: true }).waitFor()
    const mend = cut()
    await window.page.getByText('Reconnecting').waitFor()
    await begun(given.service, 'echo', 'while it was cut')
    mend()
    await rows.getByText('You said: while it was cut').waitFor()

    await window.page.getByRole('banner').getByText('Live', { exact: true }).waitFor()
    await list(window).evaluate(scroller => {
      scroller.scrollTop = scroller.scrollHeight / 2
    })
    await rows
      .getByText(/seeded [45]\d{4}/)
      .first()
      .waitFor()
    const mendAgain = cut()
    await window.page.getByText('Reconnecting').waitFor()
    const isRead = window.page.waitForResponse(response => /conversations\?.*offset=[45]\d{4}/.test(response.url()))
    mendAgain()
    await isRead
    await rows
      .getByText(/seeded [45]\d{4}/)
      .first()
      .waitFor()
  })

  browserTest('asks again where nobody has answered', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    let tries = 0
    await window.page.route('**/admin/v1/conversations?*', async route => {
      tries += 1
      if (tries <= 2) await route.abort()
      else await route.continue()
    })
    await window.page.goto(`${given.service.app.origin}/console/conversations`)
    await list(window).getByRole('option').first().waitFor()
    assert.ok(tries > 2)
    // The browser names what was broken off on purpose.
    window.complaints.length = 0
  })

  browserTest('opens what is chosen with the keyboard', async given => {
    await using window = await ConversationWindow.open(given, 'conversations')
    await list(window).getByRole('option').first().waitFor()
    await list(window).focus()
    for (const key of ['ArrowDown', 'PageDown', 'ArrowUp', 'Home', 'ArrowDown', 'Enter'])
      await window.page.keyboard.press(key)
    await window.page.getByRole('listbox', { name: 'Log' }).waitFor()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    browserTest(`has nothing that axe finds wrong, ${colorScheme}`, async given => {
      await using window = await ConversationWindow.open(given, 'conversations', { colorScheme })
      await list(window).getByRole('option').first().waitFor()
      assert.deepEqual(await window.violations(), [])
    })
  }

  browserTest('fits 320 pixels', async given => {
    await using window = await ConversationWindow.open(given, 'conversations', {
      viewport: { width: 320, height: 700 },
    })
    await list(window).getByRole('option').first().waitFor()
    assert.ok(await window.page.evaluate('document.documentElement.scrollWidth <= innerWidth'))
    assert.deepEqual(await window.violations(), [])
  })
})
