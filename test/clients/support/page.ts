/**
 * A web page with the unmodified DirectLineJS in it: the published browser bundle, run in jsdom, whose
 * XMLHttpRequest asks for permission to call other origins as a browser does.
 */
import { readFileSync } from 'node:fs'
import type * as DirectLineJs from 'botframework-directlinejs'
import { JSDOM, VirtualConsole } from 'jsdom'

/** What the bundle leaves in the page. */
export type Library = Pick<typeof DirectLineJs, 'DirectLine' | 'ConnectionStatus'>

/** How a page is opened. */
export type PageOptions = {
  /** The page's own origin; never that of the service. */
  readonly origin?: string
  /**
   * How many times faster the page's clock runs than the world's: its waits get shorter, and it believes they were
   * not. DirectLineJS waits for seconds before it reconnects and for minutes before it refreshes a token; nothing
   * else of it changes, and its requests take the time they take.
   */
  readonly clockSpeed?: number
}

/** An open page. Closing it is what closing a tab is: sockets, requests and timers end at once. */
export type Page = Disposable & {
  readonly library: Library
  /**
   * The text frames that came in over the page's sockets, oldest first. DirectLineJS hands over the activities of one
   * frame a timer's tick apart, so that those of the next frame can come between them: what order the service keeps
   * is seen here alone.
   */
  readonly frames: readonly string[]
  /** What the page has printed, network errors included. */
  readonly console: readonly string[]
  close(): void
}

const bundle = readFileSync(
  new URL('../node_modules/botframework-directlinejs/dist/directline.js', import.meta.url),
  'utf8',
)

/** Opens a page and loads DirectLineJS into it. */
export function openPage({ origin = 'http://shop.example', clockSpeed = 1 }: PageOptions = {}): Page {
  const printed: string[] = []
  const virtualConsole = new VirtualConsole()
  for (const event of ['log', 'info', 'warn', 'error', 'jsdomError']) {
    virtualConsole.on(event, (...words) => printed.push(`${event}: ${words.map(String).join(' ')}`))
  }
  const { window } = new JSDOM('<!doctype html><title>A shop</title>', {
    url: `${origin}/`,
    runScripts: 'outside-only',
    virtualConsole,
  })
  // Before the bundle: RxJS takes hold of the clock when it is loaded.
  if (clockSpeed !== 1) window.eval(fastClock(clockSpeed))
  window.eval(listenAlong)
  window.eval(bundle)
  const close = () => window.close()
  return {
    library: window['DirectLine'] as Library,
    frames: window['receivedFrames'] as readonly string[],
    console: printed,
    close,
    [Symbol.dispose]: close,
  }
}

const fastClock = (speed: number): string => `{
  const { setTimeout, setInterval, Date } = window
  const begin = Date.now()
  const now = Date.now.bind(Date)
  window.setTimeout = (callback, ms, ...rest) => setTimeout(callback, ms / ${speed}, ...rest)
  window.setInterval = (callback, ms, ...rest) => setInterval(callback, ms / ${speed}, ...rest)
  Date.now = () => begin + (now() - begin) * ${speed}
}`

const listenAlong = `{
  const { WebSocket } = window
  window.receivedFrames = []
  window.WebSocket = class extends WebSocket {
    constructor(url) {
      super(url)
      this.addEventListener('message', ({ data }) => window.receivedFrames.push(data))
    }
  }
}`
