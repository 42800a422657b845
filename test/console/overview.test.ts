/**
 * The overview: figures, charts, what needs attention, and the list of what passes.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { SeriesBody } from '../../src/protocol/admin-live.ts'
import { eventually } from '../clients/support/eventually.ts'
import { ask, done } from '../support/admin.ts'
import { startApp } from '../support/app.ts'
import { startBot } from '../support/bot.ts'
import { call } from '../support/http.ts'
import { inBrowser } from './browser-test.ts'
import { atPort, type LivelyService, secondsPass, startLively } from './lively.ts'

describe('the overview', () => {
  const test = inBrowser(startLively)

  test('shows six figures, and counts what passes', async ({ browser, service }) => {
    await using window = await browser.enter(service)
    const { page } = window
    const figure = (name: string) => page.getByText(name, { exact: true }).locator('xpath=..').getByRole('definition')
    for (const name of ['Messages in', 'Messages out', 'Bot p50', 'Bot p99', 'Open sockets', 'Failed deliveries'])
      assert.match((await figure(name).textContent()) ?? '', /^(?:–|<?[\d.,]+)/, name)
    await failTwice(service)
    // A second is counted when it is over: the service and the page come to agree.
    const agreed = async () =>
      (await figure('Failed deliveries').textContent())?.startsWith(`${await failed(service)} `)
    await eventually('the page says what the service says', agreed)
    assert.deepEqual(window.complaints, [])
  })

  test('misses no second, however late the answer with those before it comes', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    let isHeld = false
    await page.route('**/admin/v1/series?*', async route => {
      if (isHeld) return route.continue()
      isHeld = true
      const response = await route.fetch()
      const held = failures((await response.json()) as SeriesBody)
      await failTwice(service)
      await eventually('more has failed than it says', async () => (await failed(service)) > held)
      // News of that second has reached the page when another is over.
      await secondsPass(service, 1)
      await route.fulfill({ response })
    })
    await page.getByRole('link', { name: 'Overview' }).click()
    const figure = page.getByText('Failed deliveries', { exact: true }).locator('xpath=..').getByRole('definition')
    const agreed = async () => (await figure.textContent())?.startsWith(`${await failed(service)} `)
    await eventually('the page says what the service says', agreed)
    assert.ok(isHeld)
    await page.unrouteAll({ behavior: 'wait' })
  })

  test('goes back to no older figures when it reads the seconds before them', async ({ browser }) => {
    await using service = await startApp()
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    const figure = page.getByText('Failed deliveries', { exact: true }).locator('xpath=..').getByRole('definition')
    // Before that the page of a service where nothing has ever passed reads nothing.
    await page.getByRole('banner').getByText('Live', { exact: true }).waitFor()
    const { promise: isTorn, resolve: tear } = Promise.withResolvers<void>()
    const { promise: isSeen, resolve: goOn } = Promise.withResolvers<void>()
    let reads = 0
    await page.route('**/admin/v1/series?*', async route => {
      reads += 1
      const response = await route.fetch()
      // The first answer is older than what the socket tells, so it is read once more: that answer is older, too.
      if (reads === 1) await secondsPass(service, 2)
      else tear()
      if (reads === 2) await isSeen
      await route.fulfill({ response })
    })
    await page.getByRole('link', { name: 'Overview' }).click()
    await isTorn
    await call(`${service.base}/conversations`, { method: 'POST', bearer: service.secret }).then(({ body }) =>
      call(`${service.base}/conversations/${body['conversationId']}/activities`, {
        method: 'POST',
        bearer: service.secret,
        json: { type: 'message', from: { id: 'dl_ana' }, text: 'Is anybody there?' },
      }),
    )
    await figure.getByText(/^[1-9]/).waitFor()
    await page.evaluate(`{
      window.seen = new Set()
      const shown = document.querySelector('.figures')
      const look = () => seen.add(/Failed deliveries\\D*(\\d+)/.exec(shown.textContent)?.[1])
      new MutationObserver(look).observe(shown, { subtree: true, childList: true, characterData: true })
      look()
    }`)
    goOn()
    await secondsPass(service, 2)
    assert.equal(await page.evaluate("seen.has('0')"), false)
    await page.unrouteAll({ behavior: 'wait' })
  })

  test('draws charts that say what they show, in words and as a table', async ({ browser, service }) => {
    await using window = await browser.enter(service)
    const { page } = window
    const chart = page.getByRole('img', {
      name: /^Messages, per second, over the last 3 minutes\. in: .+ now, at most .+; out: /,
    })
    await chart.waitFor()
    await page.getByRole('img', { name: /^Bot response time, ms, .+ p50: .+; p99: / }).waitFor()
    const box = await chart.boundingBox()
    assert.ok(box !== null)
    await page.mouse.move(box.x + box.width - 12, box.y + 60)
    await page
      .getByRole('region', { name: 'Messages' })
      .getByText(/^\d\d:\d\d:\d\d$/)
      .waitFor()
    await window.press('Show as table')
    await page
      .getByRole('table', { name: /^Messages, per second/ })
      .getByRole('columnheader', { name: 'out' })
      .waitFor()
    await window.press('Show as chart')
    await chart.waitFor()
  })

  test('names what needs attention, with what to do; and it goes when it is done', async ({ browser }) => {
    const bot = await startBot()
    const { port } = bot
    await using app = await startApp({ bot: bot.url })
    await using window = await browser.enter(app)
    const { page } = window
    await page.getByText('Nothing: every bot answers as it should').waitFor()
    await bot[Symbol.asyncDispose]()
    const problems = page.getByRole('region', { name: 'Needs attention' })
    await problems.getByText('NobodyListens').waitFor()
    await problems.getByRole('link').first().click()
    await page.getByRole('alert').getByText('NobodyListens').waitFor()
    await page.getByRole('navigation', { name: 'Bots' }).getByText('down').waitFor()
    // A bot that has been down for a while is looked at every ten seconds.
    await using again = await atPort(() => startBot({ port }))
    await page.getByRole('navigation', { name: 'Bots' }).getByText('up').waitFor()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    assert.equal(again.port, port)
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByText('Nothing: every bot answers as it should').waitFor()
  })

  test('lists what passes, and holds still under the pointer', async ({ browser, service }) => {
    await using window = await browser.enter(service)
    const { page } = window
    const list = page.getByRole('region', { name: 'Live' })
    // What is said before the page listens is not shown.
    await eventually('what passes', async () => {
      await service.talk()
      return (await list.getByRole('link').count()) > 3
    })
    await list.getByRole('heading').hover()
    await list.getByText(/^paused/).waitFor()
    const held = await list.getByRole('listitem').allTextContents()
    await service.talk()
    await list.getByText(/^paused, \d+ new$/).waitFor()
    assert.deepEqual(await list.getByRole('listitem').allTextContents(), held)
    await page.mouse.move(5, 5)
    await list.getByText(/^paused/).waitFor({ state: 'detached' })
    assert.notDeepEqual(await list.getByRole('listitem').allTextContents(), held)
    await list.getByRole('link').last().click()
    assert.match(window.address, /^\/console\/conversations\/[\w-]+\?a=\d+/)
  })

  test('shows what has passed where no conversation is left of it, live and without a socket', async ({ browser }) => {
    await using app = await startApp()
    const { body } = await call(`${app.base}/conversations`, { method: 'POST', bearer: app.secret })
    await call(`${app.base}/conversations/${body.conversationId}/activities`, {
      method: 'POST',
      bearer: app.secret,
      json: { type: 'message', from: { id: 'dl_ana' }, text: 'Is anybody there?' },
    })
    await ask(app, 'DELETE', `/conversations/${body.conversationId}`)
    await secondsPass(app, 2)
    assert.equal((await done(app, 'GET', '/about'))['isUnused'], true)
    await using window = await browser.enter(app)
    const { page } = window
    const figure = page.getByText('Failed deliveries', { exact: true }).locator('xpath=..').getByRole('definition')
    await figure.getByText(/^[1-9]/).waitFor()
    await page.getByRole('img', { name: /^Messages, per second/ }).waitFor()
    await page.routeWebSocket('**/admin/v1/live', socket => socket.close())
    await page.reload()
    await page.getByText('Reconnecting').waitFor()
    await figure.getByText(/^[1-9]/).waitFor()
  })

  test('shows how to connect where nothing has ever passed', async ({ browser }) => {
    await using app = await startApp()
    await using window = await browser.enter(app)
    const { page } = window
    await page.getByRole('heading', { name: 'Connect a client' }).waitFor()
    assert.equal(await page.getByRole('img').count(), 0)
    await window.sees(`${app.origin}/dev/token`)
  })
})

/** What happened second by second, as the service says. */
const series = async (service: LivelyService) =>
  (await done(service, 'GET', '/series?seconds=180')) as unknown as SeriesBody

const failures = (body: SeriesBody) => body.failed.reduce((sum, count) => sum + count, 0)

const failed = async (service: LivelyService) => failures(await series(service))

/** Two bots of three fail, each once in two rounds of talk. Resolves when failures are counted. */
async function failTwice(service: LivelyService): Promise<void> {
  const before = await failed(service)
  await service.talk()
  await service.talk()
  await eventually('both failures are counted', async () => (await failed(service)) >= before + 2)
}
