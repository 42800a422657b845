/**
 * A page that steers the console's frame as the console does: embeds it, tells it what to show, and keeps what it says.
 */
import type { BrowserContext, Page } from 'playwright-core'
import { eventually } from '../support/eventually.ts'
import { ChatWindow } from './window.ts'

/** What goes to and fro. */
export type FrameMessage = { readonly type: string; readonly [name: string]: unknown }

const sandbox = 'allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads'

const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Steering</title><link rel="icon" href="data:,"></head>
  <body style="margin:0">
    <script>
      window.heard = []
      addEventListener('message', ({ source, data }) => {
        if (source === document.querySelector('iframe').contentWindow) heard.push(data)
      })
    </script>
    <iframe src="/console/frame.html" name="chat" title="Chat" sandbox="${sandbox}" style="border:0;width:100%;height:95vh"></iframe>
  </body>
</html>
`

/** An open page with the frame in it. Disposing it closes the page. */
export class Steering implements AsyncDisposable {
  /** The chat inside the frame. */
  readonly chat: ChatWindow
  readonly #page: Page

  private constructor(page: Page, chat: ChatWindow) {
    this.#page = page
    this.chat = chat
  }

  /**
   * Opens the page on the service's own origin, where the console is.
   *
   * @param broken.webChat what is answered in place of Web Chat
   */
  static async open(
    context: BrowserContext,
    origin: string,
    broken: { readonly webChat?: string } = {},
  ): Promise<Steering> {
    const page = await context.newPage()
    await page.route(`${origin}/steering`, route => route.fulfill({ contentType: 'text/html', body: html }))
    const { webChat } = broken
    if (webChat !== undefined) {
      const headers = { 'access-control-allow-origin': '*' }
      await page.route('**/webchat.js', route => route.fulfill({ status: 503, headers, body: webChat }))
    }
    await page.goto(`${origin}/steering`)
    const frame = page.frame({ name: 'chat' })
    if (frame === null) throw new Error('There is no frame.')
    return new Steering(page, new ChatWindow(page, frame))
  }

  /** Waits until the frame is ready and starts it. */
  async start(conversation: Readonly<Record<string, unknown>>): Promise<void> {
    await this.heard('ready', 1)
    await this.tell({ type: 'start', ...conversation })
  }

  /** Tells the frame something. */
  async tell(message: FrameMessage): Promise<void> {
    await this.#page.evaluate(`frames.chat.postMessage(${JSON.stringify({ v: 1, ...message })}, '*')`)
  }

  /** Waits until the frame has said something of this type so often; answers all of it. */
  heard(type: string, count: number): Promise<readonly FrameMessage[]> {
    let all: readonly FrameMessage[] = []
    return eventually(
      `${count} times ${type}`,
      async () => {
        all = await this.#page.evaluate<FrameMessage[]>('window.heard')
        const found = all.filter(message => message.type === type)
        return found.length >= count && found
      },
      () => `There is: ${JSON.stringify(all)}`,
    )
  }

  /** The ids of the activities that are outlined now. */
  outlined(): Promise<string[]> {
    return this.chat.page.evaluate<string[]>(`[...document.querySelectorAll('[data-activity]')]
      .filter(at => !getComputedStyle(at).outlineColor.endsWith(', 0)'))
      .map(at => at.dataset.activity)`)
  }

  /** How bright a part's ground is, from 0 to 1. */
  luminanceOf(part: string): Promise<number> {
    return this.chat.page.evaluate<number>(`{
      const grounds = []
      for (let at = [...document.querySelectorAll(${JSON.stringify(part)})].at(-1); at; at = at.parentElement)
        grounds.push(getComputedStyle(at).backgroundColor.match(/[\\d.]+/g).map(Number))
      const [red, green, blue] = grounds.find(([, , , alpha = 1]) => alpha > 0) ?? [255, 255, 255]
      ;(red + green + blue) / 3 / 255
    }`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat[Symbol.asyncDispose]()
  }
}
