/**
 * The console as a person uses it: a window of a real Chromium, in which everything that the browser complains of, and
 * every address that is asked for, is kept.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { buildConsole } from '../../src/console-build.ts'
import { patienceMs } from '../clients/support/eventually.ts'
import { openBrowser } from '../clients/web-chat/browser.ts'
import type { Administered } from '../support/admin.ts'

type Context = Exclude<Awaited<ReturnType<typeof openBrowser>>, string>
type NewContext = NonNullable<ReturnType<Context['browser']>>['newContext']

/** A page, as Playwright has it. */
export type Page = Awaited<ReturnType<Context['newPage']>>

/** What a person brings along: the size of the window, the theme of the system. */
export type Person = NonNullable<Parameters<NewContext>[0]>

const axe = readFileSync(
  createRequire(new URL('../clients/package.json', import.meta.url)).resolve('axe-core/axe.min.js'),
  'utf8',
)

/** What axe holds pages against: its names for WCAG 2.2 AA, and what is good practice beside it. */
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** A browser with the console built. Disposing it closes the browser. */
export class ConsoleBrowser implements AsyncDisposable {
  readonly #context: Context

  private constructor(context: Context) {
    this.#context = context
  }

  /** Starts it. A text tells why there is none here. */
  static async open(): Promise<ConsoleBrowser | string> {
    await buildConsole(() => undefined)
    const context = await openBrowser()
    return typeof context === 'string' ? context : new ConsoleBrowser(context)
  }

  /** Opens the console at a path by the printed link, which logs in. */
  async enter(service: Administered, path = '/console/', person: Person = {}): Promise<ConsolePage> {
    const page = await this.open(service, `/console/#key=${service.adminKey}`, person)
    await page.page.getByRole('heading', { name: 'Overview' }).waitFor()
    if (path !== '/console/') await page.go(path)
    return page
  }

  /** Opens an address of the service, without the key. */
  async open({ origin }: Pick<Administered, 'origin'>, path: string, person: Person = {}): Promise<ConsolePage> {
    const own = await this.#context.browser()?.newContext({ viewport: { width: 1280, height: 800 }, ...person })
    assert.ok(own !== undefined)
    const page = new ConsolePage(await own.newPage(), origin)
    await page.page.goto(origin + path)
    return page
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.browser()?.close()
  }
}

/** A window. Disposing it closes the window, and fails if it has asked anybody but the service for anything. */
export class ConsolePage implements AsyncDisposable {
  readonly page: Page
  readonly origin: string
  /** Where the service is: at the address it is called by, and at others it may tell. */
  readonly service: string[]
  /** Errors on the console, those of the content security policy among them, and what scripts have thrown. */
  readonly complaints: string[] = []
  /** Every address that was asked for, in order. */
  readonly asked: string[] = []

  constructor(page: Page, origin: string) {
    this.page = page
    this.origin = origin
    this.service = [origin]
    page.setDefaultTimeout(patienceMs)
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text())
    })
    page.on('pageerror', error => this.complaints.push(String(error)))
    page.on('request', request => this.asked.push(request.url()))
    page.on('websocket', socket => this.asked.push(socket.url()))
  }

  /** Goes to a path, as a reload would. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.origin + path)
    await this.page.getByRole('main').getByRole('heading').first().waitFor()
  }

  /** Presses a button of this name. */
  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).first().click()
  }

  /** Waits until this text is on the page. */
  sees(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor()
  }

  /** The path and query in the address bar, with a fragment if there is one. */
  get address(): string {
    return this.page.url().slice(this.origin.length)
  }

  /** What axe finds, a line for each: empty is what a test wants. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(axe)
    // By itself it leaves out what WCAG 2.2 has added.
    const { violations } = (await this.page.evaluate(`axe.run({ runOnly: ${JSON.stringify(standards)} })`)) as {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
    }
    return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html} ${node.failureSummary}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close()
    const elsewhere = this.asked.filter(
      url => /^(?:https?|wss?):/.test(url) && !this.service.includes(new URL(url).origin.replace(/^ws/, 'http')),
    )
    assert.deepEqual(elsewhere, [])
  }
}
