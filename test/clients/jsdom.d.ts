/**
 * The little of jsdom that the tests use. Its own type package would bring the browser's globals into every file of
 * the service.
 */
declare module 'jsdom' {
  /** Collects what a page would print to its console. */
  export class VirtualConsole {
    on(event: string, listener: (...words: readonly unknown[]) => void): this
  }

  /** A page in Node, with the browser's own rules for requests to other origins. */
  export class JSDOM {
    constructor(html: string, options?: { url?: string; runScripts?: 'outside-only'; virtualConsole?: VirtualConsole })
    readonly window: {
      eval(script: string): unknown
      close(): void
      [name: string]: unknown
    }
  }
}
