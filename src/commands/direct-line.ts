/**
 * A client of Direct Line 3.0, as small as a person at a terminal needs it: it sends, and hears by socket, or by asking
 * where no socket can be had.
 */
import { isObject, type JsonObject } from '../protocol/fields.ts'
import { CommandFailure } from './failure.ts'

/** What is needed to join a conversation. */
export type Ticket = {
  /** The address of Direct Line: an absolute URL. */
  readonly domain: string
  readonly token: string
  readonly conversation: string
}

/** What came of a send. */
export type Sent = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string }

/** How often is asked where there is no socket: milliseconds. */
const pollMs = 500

/** How long an answer may take; the bot's turn is part of it: milliseconds. */
const answerTimeoutMs = 90_000

/** A token is changed for a fresh one when this part of its life is over: two more tries are left then. */
const refreshAfter = 1 / 3

/** How soon that is at the earliest, and at the latest, however long a token lives: milliseconds. */
const [refreshMsMin, refreshMsMax] = [1_000, 10 * 60_000]

/** One conversation. Disposing it hears no more. */
export class DirectLine implements Disposable {
  readonly #conversation: string
  readonly #domain: string
  readonly #heard: (activity: JsonObject) => void
  #token: string
  #watermark: string
  #socket: WebSocket | undefined
  #poll: NodeJS.Timeout | undefined
  #refresh: NodeJS.Timeout | undefined
  #refreshMs = refreshMsMax
  #isClosed = false

  private constructor(ticket: Ticket, watermark: string, heard: (activity: JsonObject) => void) {
    this.#domain = ticket.domain.replace(/\/+$/, '')
    this.#token = ticket.token
    this.#conversation = ticket.conversation
    this.#watermark = watermark
    this.#heard = heard
  }

  /**
   * Begins the conversation of a ticket, or joins it if it has begun.
   *
   * @param heard hears every activity once, in order, those of the user too
   * @throws CommandFailure
   */
  static async start(ticket: Ticket, heard: (activity: JsonObject) => void): Promise<DirectLine> {
    const line = new DirectLine(ticket, '', heard)
    line.#listen(await line.#ask('POST', '/conversations'))
    return line
  }

  /**
   * Joins a conversation after a watermark, or at its beginning.
   *
   * @param heard hears what there is already before this resolves
   * @throws CommandFailure
   */
  static async join(
    ticket: Ticket,
    watermark: string | undefined,
    heard: (activity: JsonObject) => void,
  ): Promise<DirectLine> {
    const line = new DirectLine(ticket, watermark ?? '', heard)
    while (await line.#read());
    const query = `?watermark=${encodeURIComponent(line.#watermark)}`
    line.#listen(await line.#ask('GET', `${line.#path()}${query}`))
    return line
  }

  /** Sends an activity. Resolves when the bot's turn is over. @throws CommandFailure if the service is gone */
  async send(activity: JsonObject): Promise<Sent> {
    const response = await this.#fetch('POST', `${this.#path()}/activities`, activity)
    const body: unknown = await response.json().catch(() => undefined)
    if (response.ok) return { ok: true }
    return { ok: false, ...errorIn(body, response.status) }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#poll)
    clearTimeout(this.#refresh)
    this.#socket?.close()
  }

  #path(): string {
    return `/conversations/${encodeURIComponent(this.#conversation)}`
  }

  #listen({ streamUrl, ...issued }: JsonObject): void {
    this.#keep(issued)
    if (typeof streamUrl !== 'string') {
      this.#pollSoon()
      return
    }
    const socket = new WebSocket(streamUrl)
    this.#socket = socket
    socket.onmessage = ({ data }) => {
      // An empty frame only says that the line is open.
      if (typeof data === 'string' && data !== '') this.#take(JSON.parse(data))
    }
    // However the socket ends, asking goes on where it was.
    socket.onclose = () => this.#pollSoon()
  }

  #pollSoon(): void {
    if (this.#isClosed) return
    this.#poll = setTimeout(async () => {
      try {
        while (await this.#read());
      } catch {
        // The next send says that the service is gone; until then it may come back.
      }
      this.#pollSoon()
    }, pollMs)
  }

  /** Reads a page. Answers whether there was anything in it. */
  async #read(): Promise<boolean> {
    const query = this.#watermark === '' ? '' : `?watermark=${encodeURIComponent(this.#watermark)}`
    return this.#take(await this.#ask('GET', `${this.#path()}/activities${query}`)) > 0
  }

  #take(set: unknown): number {
    if (!isObject(set)) return 0
    const { activities, watermark } = set
    const heard = Array.isArray(activities) ? activities.filter(isObject) : []
    if (typeof watermark === 'string') this.#watermark = watermark
    if (!this.#isClosed) for (const activity of heard) this.#heard(activity)
    return heard.length
  }

  /** Takes a token that was issued, and asks for the next one in time. */
  #keep({ token, expires_in: seconds }: JsonObject): void {
    if (this.#isClosed) return
    if (typeof token === 'string') this.#token = token
    if (typeof seconds === 'number')
      this.#refreshMs = Math.min(refreshMsMax, Math.max(refreshMsMin, seconds * 1000 * refreshAfter))
    this.#refresh = setTimeout(() => this.#renew(), this.#refreshMs)
    this.#refresh.unref()
  }

  #renew(): void {
    this.#ask('POST', '/tokens/refresh').then(
      issued => this.#keep(issued),
      // The old token is good for a while, and it is tried again: the next send after that says so.
      () => this.#keep({}),
    )
  }

  async #ask(method: string, path: string): Promise<JsonObject> {
    const response = await this.#fetch(method, path)
    const body: unknown = await response.json().catch(() => undefined)
    if (response.ok) return isObject(body) ? body : {}
    const { code, message } = errorIn(body, response.status)
    const exit = response.status === 401 || response.status === 403 ? 'unauthorized' : 'unexpected'
    throw new CommandFailure(exit, code, message, 'The log of the service says more.')
  }

  async #fetch(method: string, path: string, body?: JsonObject): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(answerTimeoutMs)
    try {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      return await fetch(`${this.#domain}${path}`, { method, headers, signal, redirect: 'error', ...sent })
    } catch (cause) {
      const message = `Direct Line at ${this.#domain} does not answer`
      throw new CommandFailure('unreachable', 'Unreachable', message, 'See that the service runs.', { cause })
    }
  }
}

function errorIn(body: unknown, status: number): { readonly code: string; readonly message: string } {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {}
  const { code, message } = error
  return {
    code: typeof code === 'string' ? code : `Http${status}`,
    message: typeof message === 'string' ? message : `Direct Line answered ${status}`,
  }
}
