/**
 * Tests that need a browser and a service: both are there for a whole suite. Where there is no browser the tests say so
 * and are skipped.
 */
import { after, before, it } from 'node:test'
import { ConsoleBrowser } from './console-page.ts'

/** What a test is given. */
export type Given<Service> = { readonly browser: ConsoleBrowser; readonly service: Service }

/**
 * Starts a browser and a service for the suite it is called in, and ends them after it.
 *
 * @param start starts what the console is looked at with
 */
export function inBrowser<Service extends AsyncDisposable>(
  start: () => Promise<Service>,
): (promise: string, test: (given: Given<Service>) => Promise<void>) => void {
  let browser: ConsoleBrowser | string
  let service: Service | undefined
  before(async () => {
    browser = await ConsoleBrowser.open()
    service = await start()
  })
  after(async () => {
    await service?.[Symbol.asyncDispose]()
    if (typeof browser !== 'string') await browser[Symbol.asyncDispose]()
  })
  return (promise, test) =>
    it(promise, async context => {
      if (typeof browser === 'string') context.skip(browser)
      else if (service !== undefined) await test({ browser, service })
    })
}
