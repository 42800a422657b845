/**
 * Every screen of the console: for everybody, in both themes, in a narrow window, and from this service alone.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { inBrowser } from './browser-test.ts'
import { type LivelyService, startLively } from './lively.ts'

type Screen = { readonly path: (service: LivelyService) => string; readonly shows: string | RegExp }

const screens: Readonly<Record<string, Screen>> = {
  overview: { path: () => '/console/', shows: 'NobodyListens' },
  conversations: { path: () => '/console/conversations', shows: 'Conversations' },
  conversation: { path: ({ conversation }) => `/console/conversations/${conversation}`, shows: 'Restart' },
  turn: { path: ({ conversation }) => `/console/conversations/${conversation}?a=1&part=details`, shows: 'receive' },
  bots: { path: () => '/console/bots/broken', shows: 'Secret 1' },
  connect: { path: () => '/console/connect', shows: 'Waiting for the first call' },
  settings: { path: () => '/console/settings', shows: 'Licences' },
  nowhere: { path: () => '/console/nowhere', shows: 'There is nothing here' },
}

const nodesMax = 2_000

describe('every screen', () => {
  const test = inBrowser(startLively)

  for (const theme of ['light', 'dark'] as const) {
    test(`has no violation that axe finds, in the ${theme}`, async ({ browser, service }) => {
      await using window = await browser.enter(service, '/console/', { colorScheme: theme })
      const found: string[] = []
      for (const [name, { path, shows }] of Object.entries(screens)) {
        await window.go(path(service))
        await window.sees(shows)
        found.push(...(await window.violations()).map(line => `${name}: ${line}`))
      }
      assert.deepEqual(found, [])
    })
  }

  test('has dialogs without a violation, and a door', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/bots/broken', { colorScheme: 'dark' })
    const found: string[] = []
    for (const button of ['Edit', 'Change …', 'Add bot', 'Add site', 'New secret 1 of Default']) {
      await window.press(button)
      await window.page.getByRole('dialog').waitFor()
      found.push(...(await window.violations()).map(line => `${button}: ${line}`))
      await window.page.keyboard.press('Escape')
      await window.page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await using stranger = await browser.open(service, '/console/')
    await stranger.page.getByLabel('Admin key').waitFor()
    found.push(...(await stranger.violations()))
    assert.deepEqual(found, [])
  })

  test('fits a window of 320 by 700, and stays small', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/', { viewport: { width: 320, height: 700 } })
    for (const [name, { path, shows }] of Object.entries(screens)) {
      await window.go(path(service))
      await window.sees(shows)
      const { wide, nodes } = (await window.page.evaluate(
        '({ wide: document.documentElement.scrollWidth, nodes: document.querySelectorAll("*").length })',
      )) as { wide: number; nodes: number }
      assert.ok(wide <= 320, `${name} is ${wide} wide`)
      assert.ok(nodes < nodesMax, `${name} has ${nodes} nodes`)
    }
  })

  test('comes without a complaint of the browser, from this service alone', async ({ browser, service }) => {
    // Disposing the window looks at every address that was asked for.
    await using window = await browser.enter(service)
    for (const { path, shows } of Object.values(screens)) {
      await window.go(path(service))
      await window.sees(shows)
    }
    assert.deepEqual(window.complaints, [])
    assert.ok(window.asked.length > 20)
  })
})
