/**
 * What is around every screen of the console: the door, the address, the keys, the theme, and what happens when the
 * service goes away.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { startApp } from '../support/app.ts'
import { inBrowser } from './browser-test.ts'
import { atPort } from './lively.ts'
import { cuttable } from './talking.ts'

describe('the console', () => {
  const test = inBrowser(startApp)

  test('lets in whoever follows the printed link, and takes the key out of the address', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.enter(app)
    assert.equal(window.address, '/console/')
    assert.equal(await window.page.title(), 'Overview · Landline')
    assert.ok(
      !(await window.page.evaluate('JSON.stringify([history.state, document.cookie])'))
        ?.toString()
        .includes(app.adminKey),
    )
    await window.page.reload()
    await window.page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.deepEqual(window.complaints, [])
  })

  test('asks for the key where nobody has shown it, and says so when it is wrong', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.open(app, '/console/bots?x=1')
    const field = window.page.getByLabel('Admin key')
    await field.fill('not-the-key')
    await window.press('Open the console')
    await window.page.getByRole('alert').getByText('This is not the key').waitFor()
    await field.fill(app.adminKey)
    await field.press('Enter')
    await window.page.getByRole('heading', { name: 'Bots' }).waitFor()
    assert.equal(window.address, '/console/bots?x=1')
  })

  test('asks for the key again after a wrong one in the link, and after logging out', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.open(app, '/console/#key=wrong')
    await window.sees('The key in the link is not the one of this service.')
    assert.equal(window.address, '/console/')
    await using other = await browser.enter(app, '/console/settings')
    await other.press('Log out')
    await other.page.getByLabel('Admin key').waitFor()
    await other.page.reload()
    await other.page.getByLabel('Admin key').waitFor()
  })

  test('takes the key of a printed link that is followed where the page is open already', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.open(app, '/console/')
    const { page } = window
    await page.getByLabel('Admin key').waitFor()
    await page.evaluate('window.isTheSamePage = true')
    const follow = (key: string) => page.evaluate(`location.assign('/console/#key=${key}')`)
    await follow('wrong')
    await page.getByRole('alert').getByText('The key in the link is not the one of this service.').waitFor()
    assert.equal(window.address, '/console/')
    await follow(app.adminKey)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.equal(window.address, '/console/')
    // Whoever is in already has the key taken out of the address, too.
    const answered = page.waitForResponse(response => response.url().endsWith('/admin/v1/login'))
    await follow(app.adminKey)
    assert.equal((await answered).status(), 204)
    assert.equal(window.address, '/console/')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    assert.equal(await page.evaluate('window.isTheSamePage'), true)
  })

  test('keeps the screen in the address: back, forward and reload come to it again', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.enter(app)
    const { page } = window
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Connect' }).click()
    await page.getByRole('tab', { name: 'curl' }).click()
    assert.equal(window.address, '/console/connect?client=curl')
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.goBack()
    await page.getByRole('tab', { name: 'curl', selected: true }).waitFor()
    await page.reload()
    await page.getByRole('tab', { name: 'curl', selected: true }).waitFor()
    await page.goForward()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await window.go('/console/nowhere')
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  })

  test('goes where keys say, but not in fields, and not when they are switched off', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.enter(app)
    const { page } = window
    await page.keyboard.press('g')
    await page.keyboard.press('b')
    await page.getByRole('heading', { name: 'Bots' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await window.press('Add bot')
    await page.getByLabel('Messaging endpoint').pressSequentially('go?')
    assert.equal(await page.getByLabel('Messaging endpoint').inputValue(), 'go?')
    await page.keyboard.press('Escape')
    await window.go('/console/settings')
    await page.getByLabel('Keys').uncheck()
    await page.reload()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.getByRole('heading', { name: 'Settings' }).click()
    await page.keyboard.press('g')
    await page.keyboard.press('o')
    await page.keyboard.press('?')
    assert.equal(await page.getByLabel('Keys').isChecked(), false)
    assert.equal(await page.getByRole('dialog').count(), 0)
    assert.equal(window.address, '/console/settings')
  })

  test('follows the theme of the system until another is chosen, and keeps that', async ({ browser, service: app }) => {
    await using window = await browser.enter(app, '/console/', { colorScheme: 'dark' })
    const { page } = window
    const ground = async () => {
      const colour = String(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'))
      return Number(/\d+/.exec(colour)?.[0]) < 128 ? 'dark' : 'light'
    }
    assert.equal(await ground(), 'dark')
    await page.emulateMedia({ colorScheme: 'light' })
    assert.equal(await ground(), 'light')
    await window.press('Theme: system')
    await window.press('Theme: light')
    assert.equal(await ground(), 'dark')
    await page.reload()
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor()
    assert.equal(await ground(), 'dark')
  })

  test('says that it is connecting again when the socket is cut, and when it is there again', async ({
    browser,
    service: app,
  }) => {
    await using window = await browser.enter(app)
    const { page } = window
    await page.getByText('Live', { exact: true }).first().waitFor()
    const cut = await cuttable(page)
    await page.reload()
    const state = page.getByRole('banner').getByRole('status')
    await state.getByText('Live').waitFor()
    const mend = cut()
    await state.getByText('Reconnecting').waitFor()
    mend()
    await state.getByText('Live').waitFor()
  })

  test('keeps what it shows when the service goes away, says so, and goes on when it is back', async ({ browser }) => {
    const first = await startApp()
    await using window = await browser.enter(first, '/console/bots')
    await window.page.getByRole('heading', { name: 'Bots' }).waitFor()
    await first[Symbol.asyncDispose]()
    await window.page.getByRole('alert').getByText('The service does not answer.').waitFor()
    await window.page.getByText('Reconnecting').waitFor()
    assert.ok(await window.page.getByRole('heading', { name: 'Bots' }).isVisible())
    await using again = await atPort(() => startApp({ port: first.port }))
    // Another service, with another key: whoever looks in must show it.
    await window.page.getByLabel('Admin key').fill(again.adminKey)
    await window.press('Open the console')
    await window.page.getByText('Live', { exact: true }).first().waitFor()
    assert.equal(await window.page.getByText('The service does not answer.').count(), 0)
  })
})
