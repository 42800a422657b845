/**
 * One conversation as DirectLineJS shows it to the page around it, and what a test waits for there.
 */
import type { DirectLine } from 'botframework-directlinejs'
import type { File, SomeActivity } from '../bots/wire.ts'
import { eventually, patienceMs } from './eventually.ts'
import { serveFiles } from './file-server.ts'
import { openPage, type Page, type PageOptions } from './page.ts'

/** What DirectLineJS is constructed with. */
export type ChatOptions = {
  /** The service: `{origin}/v3/directline`. */
  readonly domain: string
  readonly secret?: string
  readonly token?: string
  readonly conversationId?: string
  readonly watermark?: string
  readonly streamUrl?: string
  /** False: by polling. */
  readonly webSocket?: boolean
  readonly pollingInterval?: number
  /** A request's time, and the pause between tries: milliseconds. */
  readonly timeout?: number
  readonly conversationStartProperties?: { readonly locale: string }
}

/** `ConnectionStatus` of DirectLineJS by its names. */
export type Status = 'Uninitialized' | 'Connecting' | 'Online' | 'ExpiredToken' | 'FailedToConnect' | 'Ended'

/** A page with one chat in it. */
export class Chat implements Disposable {
  /** Every activity DirectLineJS has handed over, in that order, repeats included. */
  readonly seen: SomeActivity[] = []
  /** Errors that ended the stream of activities. */
  readonly errors: string[] = []
  /** Every status so far. */
  readonly statuses: Status[] = []
  readonly directLine: DirectLine
  readonly page: Page
  readonly #user: string
  #sent = 0

  /** Opens a page and connects, as `user` where no token says who speaks. */
  constructor(
    options: ChatOptions,
    { user = 'u1', setUser = false, ...page }: PageOptions & { user?: string; setUser?: boolean } = {},
  ) {
    this.#user = user
    this.page = openPage(page)
    const { DirectLine, ConnectionStatus } = this.page.library
    this.directLine = new DirectLine(options)
    if (setUser) this.directLine.setUserId(user)
    this.directLine.connectionStatus$.subscribe(status => this.statuses.push(ConnectionStatus[status] as Status))
    // An error here is how DirectLineJS says that the conversation has ended; the status says it too.
    this.directLine.activity$.subscribe({
      next: activity => this.#take(activity),
      error: error => this.errors.push(String(error)),
    })
  }

  /** The newest status. */
  get status(): Status {
    return this.statuses.at(-1) ?? 'Uninitialized'
  }

  /** What DirectLineJS would reconnect with. Pages in the wild read these fields too. */
  get connection(): {
    readonly conversationId: string
    readonly token: string
    readonly watermark: string
    readonly streamUrl: string
  } {
    const { conversationId, token, watermark, streamUrl } = this.directLine as unknown as Record<string, string>
    return {
      conversationId: conversationId ?? '',
      token: token ?? '',
      watermark: watermark ?? '',
      streamUrl: streamUrl ?? '',
    }
  }

  /**
   * Sends an activity. Resolves with what DirectLineJS emits, the activity's id or `retry`, and in the moment it does.
   * Rejects if it says nothing: it waits without end for a connection.
   */
  post(activity: SomeActivity): Promise<string> {
    const sent = { from: { id: this.#user }, ...activity } as Parameters<DirectLine['postActivity']>[0]
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`A post was not answered in ${patienceMs} ms. ${this.#account()}`))
      const timer = setTimeout(late, patienceMs)
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer)
          settle(value)
        }
      this.directLine.postActivity(sent).subscribe({ next: settled(resolve), error: settled(reject) })
    })
  }

  /** Sends a message the way Web Chat does, with an id of its own by which the echo is known. */
  say(text: string, clientActivityID: string = this.newClientActivityId()): Promise<string> {
    return this.post({ type: 'message', text, channelData: { clientActivityID } })
  }

  /** An id no other message of this chat has. */
  newClientActivityId(): string {
    this.#sent += 1
    return `${this.#user}-${this.#sent}-${Math.random().toString(36).slice(2)}`
  }

  /** Sends files. DirectLineJS loads each from its address and uploads them together. */
  async upload(text: string, files: readonly File[]): Promise<string> {
    await using server = await serveFiles(files)
    const attachments = files.map(({ name, type }, at) => ({
      name,
      contentType: type,
      contentUrl: server.addresses[at] ?? '',
    }))
    return await this.post({ type: 'message', text, attachments })
  }

  /** The ids of the activities that came in over the page's sockets, in the order they came. */
  get pushed(): (string | undefined)[] {
    const sets = [...this.page.frames]
      .filter(frame => frame !== '')
      .map(frame => JSON.parse(frame) as { activities: SomeActivity[] })
    return sets.flatMap(({ activities }) => activities.map(({ id }) => id))
  }

  /** The activities from the bot, of one type. */
  fromBot(type = 'message'): SomeActivity[] {
    return this.seen.filter(activity => activity.from?.role === 'bot' && activity.type === type)
  }

  /** The first activity from the bot with this text, now or as soon as it comes. */
  reply(text: string): Promise<SomeActivity> {
    return this.until(`the reply "${text}"`, () => this.fromBot().find(activity => activity.text === text))
  }

  /** Waits until `find` answers something, and answers that. */
  until<T>(what: string, find: () => T | undefined | false): Promise<T> {
    return eventually(what, find, () => this.#account())
  }

  close(): void {
    this.page.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #take(activity: unknown): void {
    // The page has an Object and an Array of its own, which strict comparison would tell from ours.
    this.seen.push(JSON.parse(JSON.stringify(activity)) as SomeActivity)
  }

  #account(): string {
    const seen = this.seen.map(({ id, type, text, from }) => `${id} ${from?.id} ${type} ${text ?? ''}`)
    return `Status: ${this.statuses.join(', ')}. Seen:\n${seen.join('\n')}\nPrinted:\n${this.page.console.join('\n')}`
  }
}
