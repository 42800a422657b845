/**
 * Somebody who talks in a conversation, as a sensible client does: one message after another, each sent again under
 * the same `clientActivityID` until it is acknowledged.
 */
import { call } from '../test/support/http.ts'
import { monotonicMs } from './disk-log.ts'
import type { Sent } from './history.ts'
import type { Dice } from './random.ts'
import { Route } from './route.ts'
import type { Address } from './window.ts'
import { pause } from './world.ts'

const retryMsMin = 30
const retryMsMax = 250

/** How often a client that has no patience sends a second time without having heard anything of the first. */
const impatience = 0.08

/** One who talks. */
export class Talker {
  readonly sent: Sent[] = []
  /** How long each acknowledgement took, from the first try: milliseconds. */
  readonly tookMs: number[] = []
  /** Answers a client may not take for anything but the end: 4xx other than 429. */
  readonly refusals: string[] = []
  /** How often something was sent again. */
  retries = 0
  readonly #address: Address
  readonly #route: Route
  readonly #tag: string
  readonly #name: string
  readonly #dice: Dice
  readonly #acknowledged: (one: Sent, base: string) => void
  readonly #twice = new Set<Promise<unknown>>()
  #count = 0

  constructor(
    address: Address,
    options: {
      readonly tag: string
      readonly name: string
      readonly dice: Dice
      /** Called at each acknowledgement, with the node it came from. */
      readonly acknowledged?: (one: Sent, base: string) => void
    },
  ) {
    this.#address = address
    this.#route = new Route(address)
    this.#tag = options.tag
    this.#name = options.name
    this.#dice = options.dice
    this.#acknowledged = options.acknowledged ?? (() => undefined)
  }

  /** How the marks of this one begin. */
  get who(): string {
    return `${this.#tag}/${this.#name}/`
  }

  /** The node it talks to now. */
  get base(): string {
    return this.#route.base
  }

  /** Says one thing and resolves when it is acknowledged, or refused for good, or the signal says to give up. */
  async say(signal: AbortSignal, text = `words ${this.#dice.below(1_000_000)}`): Promise<void> {
    this.#count += 1
    const mark = `${this.#tag}/${this.#name}/${this.#count}`
    const one: Sent = { mark, sender: this.#name, acknowledged: new Set(), answers: undefined }
    this.sent.push(one)
    const beganMs = performance.now()
    // The second time may come in at another node.
    if (this.#dice.happens(impatience)) {
      const twice = this.#send(one, text, this.#route.next).finally(() => this.#twice.delete(twice))
      this.#twice.add(twice)
    }
    for (;;) {
      const outcome = await this.#send(one, text, this.#route.base)
      if (outcome === 'acknowledged') this.tookMs.push(performance.now() - beganMs)
      if (outcome !== 'again' || signal.aborted) break
      this.retries += 1
      await pause(retryMsMin + this.#dice.below(retryMsMax))
    }
  }

  /** Resolves when everything sent twice has been answered: nobody waits for it with what is to be said next. */
  async end(): Promise<void> {
    await Promise.all(this.#twice)
  }

  async #send(one: Sent, text: string, base: string): Promise<'acknowledged' | 'again' | 'refused'> {
    const { conversation, token } = this.#address
    const json = {
      type: 'message',
      text,
      from: { id: this.#name },
      channelData: { clientActivityID: one.mark },
    }
    const answer = await call(`${base}/conversations/${conversation}/activities`, { bearer: token, json }).catch(
      () => undefined,
    )
    this.#route.heard(base, answer?.status)
    if (answer === undefined || answer.status >= 500 || answer.status === 429) return 'again'
    if (answer.status === 200) {
      one.acknowledged.add(String(answer.body.id))
      one.acknowledgedAtMs ??= monotonicMs()
      this.#acknowledged(one, base)
      return 'acknowledged'
    }
    this.refusals.push(`${one.mark} was answered ${answer.status} ${answer.text}`)
    return 'refused'
  }
}
