/**
 * A window on a conversation, as a plain client opens one: over a WebSocket that it opens again by its watermark
 * whenever it breaks, or by polling. It applies each set together with its watermark, and so has to be shown everything
 * exactly once.
 */
import { WebSocket } from 'ws'
import { call, type WireActivity } from '../test/support/http.ts'
import { markOf, type Sighting, type View } from './history.ts'
import type { Dice } from './random.ts'
import { type Bases, Route } from './route.ts'
import { pause } from './world.ts'

/** Where a window looks. */
export type Address = Bases & { readonly conversation: string; readonly token: string }

const retryMsMax = 60

/** Connections that neither open nor fail are given up after this long: milliseconds. */
const openTimeoutMs = 10_000

/** One window. */
export class Window implements View {
  readonly name: string
  readonly seen: Sighting[] = []
  /** The codes its sockets were closed with once they had opened; 1006 is none at all. */
  readonly closeCodes: number[] = []
  /** Answers that are an end for many clients: 4xx to a poll or a reconnect. */
  readonly refusals: string[] = []
  readonly #address: Address
  readonly #route: Route
  readonly #dice: Dice
  readonly #flaky: boolean
  /** Called with each activity as it comes, and the node it came from. */
  readonly #shown: ((one: Sighting, base: string) => void) | undefined
  #watermark = '0'
  /** The node it looks at. */
  #base = ''
  #closed = false
  #socket: WebSocket | undefined
  #running: Promise<void>

  constructor(
    address: Address,
    options: {
      readonly name: string
      readonly polls: boolean
      readonly dice: Dice
      /** Cuts its own connection now and then. */
      readonly flaky?: boolean
      readonly shown?: (one: Sighting, base: string) => void
    },
  ) {
    this.name = options.name
    this.#address = address
    this.#route = new Route(address)
    this.#dice = options.dice
    this.#flaky = options.flaky ?? false
    this.#shown = options.shown
    this.#running = options.polls ? this.#poll() : this.#stream()
  }

  /** Up to where it has been shown everything. */
  get position(): number {
    return Number(this.#watermark)
  }

  /** Closes it. What is being shown is still noted. */
  async close(): Promise<void> {
    this.#closed = true
    this.#socket?.terminate()
    await this.#running
  }

  async #poll(): Promise<void> {
    const { conversation, token } = this.#address
    while (!this.#closed) {
      const { base } = this.#route
      this.#base = base
      const url = `${base}/conversations/${conversation}/activities?watermark=${this.#watermark}`
      const answer = await call(url, { bearer: token }).catch(() => undefined)
      this.#route.heard(base, answer?.status)
      if (answer?.status === 200) this.#apply(answer.body.activities ?? [], answer.body.watermark)
      else if (answer !== undefined && answer.status < 500) this.#refused('a poll', answer)
      await pause(20 + this.#dice.below(100))
    }
  }

  async #stream(): Promise<void> {
    while (!this.#closed) {
      const url = await this.#streamUrl()
      if (url !== undefined && !this.#closed) await this.#watch(url)
      await pause(this.#dice.below(retryMsMax))
    }
  }

  async #streamUrl(): Promise<string | undefined> {
    const { conversation, token } = this.#address
    const { base } = this.#route
    this.#base = base
    const url = `${base}/conversations/${conversation}?watermark=${this.#watermark}`
    const answer = await call(url, { bearer: token }).catch(() => undefined)
    this.#route.heard(base, answer?.status)
    if (answer !== undefined && answer.status >= 400 && answer.status < 500) this.#refused('a reconnect', answer)
    return answer?.status === 200 ? answer.body.streamUrl : undefined
  }

  #watch(url: string): Promise<void> {
    return new Promise(resolve => {
      const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: openTimeoutMs })
      this.#socket = socket
      let cut: NodeJS.Timeout | undefined
      let isOpen = false
      socket.once('open', () => {
        isOpen = true
        if (this.#closed) socket.terminate()
        else if (this.#flaky) cut = setTimeout(() => socket.terminate(), this.#dice.below(1_500))
      })
      socket.on('message', data => {
        // After its own cut a client has forgotten the socket, whatever the system still delivers.
        if (socket.readyState !== WebSocket.OPEN) return
        const text = data.toString()
        if (text === '') return
        const set = JSON.parse(text) as { activities?: readonly WireActivity[]; watermark?: string }
        this.#apply(set.activities ?? [], set.watermark)
      })
      socket.on('error', () => undefined)
      socket.once('close', code => {
        clearTimeout(cut)
        if (isOpen) this.closeCodes.push(code)
        resolve()
      })
    })
  }

  #apply(activities: readonly WireActivity[], watermark: string | undefined): void {
    for (const { id = '', channelData } of activities) {
      const one = { id, mark: markOf(channelData) }
      this.seen.push(one)
      this.#shown?.(one, this.#base)
    }
    if (watermark !== undefined) this.#watermark = watermark
  }

  #refused(what: string, answer: { readonly status: number; readonly text: string }): void {
    this.refusals.push(`${this.name}: ${what} was answered ${answer.status} ${answer.text}`)
  }
}
