/**
 * A real Chromium for the tests, headless, driven from outside. Where it can't be had the tests say why they are
 * skipped.
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BrowserContext } from 'playwright-core'

/** What Chromium is called where it is installed. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Nothing but the pages under test may use the network. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const startTimeoutMs = 30_000

/**
 * DirectLineJS draws its pause before it reconnects from 3 to 15 s. A page draws the shortest while its
 * `window.hasty` is set.
 */
const mayBeHasty = '{ const random = Math.random; Math.random = () => (window.hasty ? 0 : random()) }'

/** Starts the browser and opens a session in it. A text tells why there is none. */
export async function openBrowser(): Promise<BrowserContext | string> {
  const executablePath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap(dir => names.map(name => join(dir, name)))
    .find(path => existsSync(path))
  try {
    const { chromium } = await import('playwright-core')
    const where = executablePath === undefined ? { channel: 'chrome' } : { executablePath }
    const browser = await chromium.launch({ ...where, headless: true, args: flags, timeout: startTimeoutMs })
    const context = await browser.newContext({ viewport: { width: 900, height: 700 } })
    await context.addInitScript(mayBeHasty)
    return context
  } catch (error) {
    return `Chromium can't be started here: ${String(error).split('\n', 1)[0]}`
  }
}
