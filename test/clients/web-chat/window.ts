/**
 * A browser window with Web Chat in it, as a person uses it: writes, presses, looks. Everything the browser complains
 * of is kept.
 */
import type { BrowserContext, Frame, Page } from 'playwright-core'

/** How long a person would wait: milliseconds. Web Chat may pause for 3 s before it reconnects. */
const patienceMs = 20_000

/** The parts of Web Chat, by the names it gives them. */
const parts = {
  bubbles: '.webchat__bubble',
  ownBubble: '.webchat__bubble--from-user',
  texts: '.webchat__text-content',
  staged: '.webchat__attachment-icon--checked',
} as const

/** A picture in the chat: its own width in pixels, and its address. */
export type Picture = { readonly width: number; readonly from: string }

/** An open window. Disposing it closes the window. */
export class ChatWindow implements AsyncDisposable {
  /** Where the chat is: the page, or a frame in it. */
  readonly page: Page | Frame
  /** The page itself. */
  readonly window: Page
  /** Warnings on the console. */
  readonly warnings: string[] = []
  /** Errors on the console, those of the content security policy among them, and what scripts have thrown. */
  readonly complaints: string[] = []
  /** Where the page has sent requests and opened sockets: origins. */
  readonly reached = new Set<string>()

  constructor(page: Page, chat: Page | Frame = page) {
    this.page = chat
    this.window = page
    page.setDefaultTimeout(patienceMs)
    page.on('console', message => {
      if (message.type() === 'error') this.complaints.push(message.text())
      if (message.type() === 'warning') this.warnings.push(message.text())
    })
    page.on('pageerror', error => this.complaints.push(String(error)))
    page.on('request', request => this.#note(request.url()))
    page.on('websocket', socket => this.#note(socket.url()))
  }

  /** Opens an address in a window of its own. */
  static async open(context: BrowserContext, url: string): Promise<ChatWindow> {
    const window = new ChatWindow(await context.newPage())
    await window.page.goto(url)
    return window
  }

  /** Writes a line and sends it, with whatever files are chosen. */
  async say(text: string): Promise<void> {
    const box = this.page.getByRole('textbox', { name: 'Message input box' })
    await box.fill(text)
    await box.press('Enter')
  }

  /** Chooses a file, to be sent with the next line. */
  async choose(file: { readonly name: string; readonly mimeType: string; readonly buffer: Buffer }): Promise<void> {
    await this.page.locator('input[type=file]').setInputFiles(file)
    await this.page.locator(parts.staged).waitFor()
  }

  /** Presses the suggested action of this title. */
  async take(suggestion: string): Promise<void> {
    await this.page.getByRole('toolbar').getByRole('button', { name: suggestion, exact: true }).click()
  }

  /** Presses a button of a card. */
  async press(button: string): Promise<void> {
    await this.page.locator(parts.bubbles).getByRole('button', { name: button, exact: true }).last().click()
  }

  /** Waits until this text is in the chat, whoever said it. */
  async sees(text: string): Promise<void> {
    await this.page.locator(parts.bubbles).getByText(text, { exact: true }).last().waitFor()
  }

  /** What is in the chat, in order: `me: …` and `bot: …`. */
  lines(): Promise<string[]> {
    return this.page
      .locator(parts.texts)
      .evaluateAll(
        (texts, own) => texts.map(text => `${text.closest(own) === null ? 'bot' : 'me'}: ${text.textContent.trim()}`),
        parts.ownBubble,
      )
  }

  /** Waits for the pictures in the chat to be loaded; answers how wide each is by nature and where it came from. */
  async pictures(count: number): Promise<Picture[]> {
    const all = this.page.locator(`${parts.bubbles} img`)
    await all.nth(count - 1).waitFor()
    return all.evaluateAll(pictures =>
      Promise.all(
        pictures.map(async picture => {
          await picture.decode()
          return { width: picture.naturalWidth, from: picture.src }
        }),
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.window.close()
  }

  #note(url: string): void {
    if (/^(?:https?|wss?):/.test(url)) this.reached.add(new URL(url).origin.replace(/^ws/, 'http'))
  }
}
