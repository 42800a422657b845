/**
 * The sample bot standing in for a bot that is not there yet.
 */
import type { BotAnswer, BotCall, BotClient } from '../../domain/bot-port.ts'

/** Who stands in: its address, and the one bot's it stands in for. */
export type StandInUrls = { readonly url: string; readonly for: string }

/** Calls the bot; while nothing has ever answered at its address and nothing listens there, the stand-in is called. */
export class StandIn implements BotClient {
  readonly #bots: BotClient
  readonly #urls: StandInUrls
  #hasAnswered = false

  constructor(bots: BotClient, urls: StandInUrls) {
    this.#bots = bots
    this.#urls = urls
  }

  async call(call: BotCall): Promise<BotAnswer> {
    const answer = await this.#bots.call(call)
    if (call.endpoint.url !== this.#urls.for) return answer
    const nobodyListens = answer.outcome === 'unreachable' && answer.reason === 'ECONNREFUSED'
    if (!nobodyListens) this.#hasAnswered = true
    // From then on a bot that is down is an error its developer wants to see.
    if (!nobodyListens || this.#hasAnswered) return answer
    return this.#bots.call({ ...call, endpoint: { ...call.endpoint, url: this.#urls.url } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bots[Symbol.asyncDispose]()
  }
}
