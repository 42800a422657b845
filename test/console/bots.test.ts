/**
 * The bots in the console: added, changed, checked, removed; their sites and secrets.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { done } from '../support/admin.ts'
import { startApp } from '../support/app.ts'
import { call } from '../support/http.ts'
import { brokenBotBody, startBrokenBot, startEchoBot, startSecuredBot } from '../support/three-bots.ts'
import { inBrowser } from './browser-test.ts'
import { addBot, startLively } from './lively.ts'

describe('the bots', () => {
  const test = inBrowser(startLively)

  test('are added by their endpoint alone, and changed', async ({ browser, service }) => {
    await using bot = await startEchoBot()
    await using window = await browser.enter(service, '/console/bots')
    const { page } = window
    await window.press('Add bot')
    await page.getByLabel('Messaging endpoint').fill(new URL(bot.url).origin)
    await page.getByRole('button', { name: /^Use .+\/api\/messages$/ }).click()
    await window.press('Add')
    const name = new URL(bot.url).host
    await page.getByRole('heading', { name, exact: true }).waitFor()
    await page
      .getByRole('navigation', { name: 'Bots' })
      .getByRole('link', { name: `${name} up` })
      .waitFor()
    await window.press('Edit')
    await page.getByLabel('Name').fill('Table service')
    await page.getByLabel('App id').fill('11111111-2222-3333-4444-555555555555')
    await page.getByLabel('Time for a turn').fill('2.5')
    await page.getByLabel('Expects replies').check()
    await window.press('Save')
    await page.getByRole('dialog', { name: 'The app password' }).getByText('not shown again').waitFor()
    await window.press('Close')
    await page.getByRole('heading', { name: 'Table service', exact: true }).waitFor()
    await window.sees('at most 2.50 s, replies in the answer')
    const id = window.address.slice('/console/bots/'.length)
    const { timeoutMs, expectReplies, appId, hasPassword } = await done(service, 'GET', `/bots/${id}`)
    assert.deepEqual([timeoutMs, expectReplies, hasPassword], [2500, true, true])
    assert.equal(appId, '11111111-2222-3333-4444-555555555555')
    assert.deepEqual(window.complaints, [])
  })

  test('are told to answer at an address that is offered', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/bots/broken')
    const { page } = window
    await window.press('Change …')
    await window.press('Docker')
    const { port } = new URL(service.origin)
    assert.equal(await page.getByLabel('Told to answer at').inputValue(), `http://host.docker.internal:${port}`)
    await window.press('Save')
    await page.getByRole('article').getByText(`http://host.docker.internal:${port}`).waitFor()
    await window.press('Change …')
    await window.press('This machine')
    await window.press('Save')
    await page.getByRole('article').getByText('the public URL').waitFor()
  })

  test('are removed only after a question whose default is to leave them', async ({ browser, service }) => {
    await using bot = await startEchoBot()
    await addBot(service, { id: 'gone', name: 'Gone soon', endpoint: bot.url })
    await using window = await browser.enter(service, '/console/bots/gone')
    const { page } = window
    const remove = async () => {
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: 'Remove Gone soon …' }).click()
      await page.getByRole('dialog', { name: 'Remove the bot Gone soon?' }).waitFor()
    }
    await remove()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.getByRole('heading', { name: 'Gone soon' }).waitFor()
    await remove()
    await window.press('Remove')
    await page.getByRole('heading', { name: 'Gone soon', exact: true }).waitFor({ state: 'detached' })
    assert.equal(window.address, '/console/bots')
  })

  test('are checked step by step, and sent nothing without a click', async ({ browser }) => {
    await using secured = await startSecuredBot()
    await using broken = await startBrokenBot()
    await using app = await startApp({ bot: secured.url })
    await addBot(app, { id: 'broken', endpoint: broken.url })
    await using window = await browser.enter(app, '/console/bots/bot')
    const check = window.page.getByRole('region', { name: 'Check' })
    await window.press('Check now')
    await check.getByText(/connects to 127\.0\.0\.1/).waitFor()
    await check.getByText('nothing wrong').waitFor()
    assert.equal(secured.requests.length, 0)
    await window.press('Send a test event')
    await check.getByText('BotWantsCredentials').waitFor()
    await check
      .getByText(/botbuilder/)
      .first()
      .waitFor()
    assert.equal(secured.activities.at(-1)?.name, 'landline.check')
    await window.go('/console/bots/broken')
    await window.press('Check now')
    await window.press('Send a test event')
    await check.getByText('BotThrew').waitFor()
    await check.getByText(brokenBotBody).waitFor()
  })

  test('are shown, however slowly the service answers', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    // An answer comes only when the next one has been asked for.
    let next: () => void = () => undefined
    await page.route('**/admin/v1/bots?*', async route => {
      next()
      const { promise: isNext, resolve } = Promise.withResolvers<void>()
      next = resolve
      const response = await route.fetch()
      await isNext
      await route.fulfill({ response })
    })
    await page.getByRole('link', { name: 'Bots' }).click()
    await page.getByRole('navigation', { name: 'Bots' }).getByRole('link', { name: 'echo' }).waitFor()
    next()
    await page.unrouteAll({ behavior: 'ignoreErrors' })
  })

  test('have sites that are added, switched and removed', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/bots/broken')
    const { page } = window
    await window.press('Add site')
    await page.getByLabel('Name').fill('Web shop')
    await page.getByLabel('Trusted origins').fill('https://shop.example.org\nhttps://www.example.org')
    await page.getByLabel('Enhanced authentication').check()
    await window.press('Add')
    const site = page.getByRole('region', { name: 'Site Web shop' })
    await site.getByText('https://shop.example.org, https://www.example.org').waitFor()
    await window.press('Edit Web shop')
    await page.getByLabel('On', { exact: true }).uncheck()
    await window.press('Save')
    await site.getByText('off', { exact: true }).first().waitFor()
    await window.press('Remove Web shop')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await site.waitFor({ state: 'detached' })
  })

  test('of the settings are changed only there, but for what is switched at work', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/bots/idle')
    const { page } = window
    await window.sees('changed only there')
    assert.equal(await page.getByRole('button', { name: 'Edit', exact: true }).count(), 0)
    assert.equal(await page.getByRole('button', { name: 'More' }).count(), 0)
    await window.press('Edit Default')
    await page.getByLabel('Uploads').uncheck()
    await window.press('Save')
    await page.getByText('uploads', { exact: true }).locator('xpath=..').getByText('off').waitFor()
  })

  test('have secrets that are hidden, shown for half a minute, and replaced', async ({ browser }) => {
    await using bot = await startEchoBot()
    await using app = await startApp({ bot: bot.url })
    const starts = (secret: string) => call(`${app.base}/conversations`, { method: 'POST', bearer: secret })
    await using window = await browser.enter(app, '/console/bots/bot')
    const { page } = window
    const second = (await done(app, 'POST', '/sites/bot.default/secrets/2/reveal'))['secret'] as string
    const line = page.getByRole('group', { name: 'Secret 1 of Default' })
    await line.getByText('hidden').waitFor()
    assert.ok(!(await page.content()).includes(app.secret))

    await page.clock.install()
    await window.press('Show secret 1 of Default')
    await line.getByText(app.secret).waitFor()
    await page.clock.runFor(20_000)
    assert.ok(await line.getByText(app.secret).isVisible())
    await page.clock.runFor(11_000)
    await line.getByText('hidden').waitFor()
    await window.press('Show secret 1 of Default')
    await line.getByText(app.secret).waitFor()
    await page.evaluate('dispatchEvent(new Event("blur"))')
    await line.getByText('hidden').waitFor()

    assert.equal((await starts(app.secret)).status, 201)
    await window.press('New secret 1 of Default')
    const dialog = page.getByRole('dialog', { name: 'A new secret 1 for Default of bot?' })
    await dialog.getByText(/last used \d\d:\d\d:\d\d/).waitFor()
    await dialog.getByRole('button', { name: 'Make a new one' }).click()
    await dialog.waitFor({ state: 'detached' })
    const made = (await line.getByRole('code').textContent()) ?? ''
    assert.notEqual(made, app.secret)
    assert.equal((await starts(made)).status, 201)
    assert.equal((await starts(app.secret)).status, 403)
    assert.equal((await starts(second)).status, 201)
  })
})
