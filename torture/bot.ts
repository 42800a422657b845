/**
 * The bot of the runs: notes what it is posted, and answers each message through the Connector once or twice, each
 * answer with one request id that it repeats until it is acknowledged. It runs in the process that judges, and is
 * never killed.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectorAddress } from '../test/support/bot.ts'
import { call, type WireActivity } from '../test/support/http.ts'
import { freePort } from '../test/support/ports.ts'
import { monotonicMs } from './disk-log.ts'
import { type ConversationHistory, markOf, type Sent } from './history.ts'
import type { Dice } from './random.ts'
import { pause } from './world.ts'

/** How the bot takes a turn. Undefined: as usual. */
export type Manners = (activity: WireActivity, request: IncomingMessage, response: ServerResponse) => boolean

/** What can be said of a bot. */
export type BotOptions = {
  readonly dice: Dice
  /** Takes a turn in a way of its own, and says so by answering true. */
  readonly manners?: Manners
  /** Always answers through the Connector before it ends the turn. */
  readonly repliesFirst?: boolean
  /** How long it thinks before it replies, at most: milliseconds. */
  readonly thinksMsMax?: number
}

const retryMs = 120

/** A bot at work. */
export class Bot implements AsyncDisposable {
  /** What each conversation was posted: conversation → messages in their order. */
  readonly posted = new Map<string, ConversationHistory['posted']>()
  /** What it has sent: conversation → replies. */
  readonly sent = new Map<string, Sent[]>()
  /** Replies that were answered with something else than 2xx or a server's error. */
  readonly refusals: string[] = []
  /** Replies that had to be sent again because the connection failed or the service could not take them. */
  retries = 0
  /** Replies under way. */
  underWay = 0
  /** Turns it has been posted and not ended. */
  turnsUnderWay = 0
  /** How often a turn was posted that had been posted before. */
  repeatedTurns = 0
  /** How often one was posted that had not ended yet. */
  overlappingTurns = 0
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy())
  })
  /** Where the service's nodes are, any of which takes a reply: a bot's calls go through what is in front of them. */
  nodes: readonly string[] = []
  readonly #options: BotOptions
  /** Messages whose turns have not ended, by id. */
  readonly #open = new Set<string>()
  readonly #replying = new Map<string, Promise<void>>()
  #closed = false

  constructor(options: BotOptions) {
    this.#options = options
  }

  /** Listens. Answers the messaging endpoint. */
  async listen(): Promise<string> {
    this.#server.listen(await freePort(), '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/messages`
  }

  /** Is gone: connections to it are refused. Answers what brings it back to the same address. */
  async leave(): Promise<() => Promise<void>> {
    const { port } = this.#server.address() as AddressInfo
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
    return async () => {
      this.#server.listen(port, '127.0.0.1')
      await once(this.#server, 'listening')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const activity = JSON.parse(Buffer.concat(chunks).toString('utf8')) as WireActivity
    this.turnsUnderWay += 1
    response.once('close', () => {
      this.turnsUnderWay -= 1
    })
    if (activity.type === 'message') {
      this.#note(activity)
      this.#watch(activity.id ?? '', response)
    }
    if (this.#options.manners?.(activity, request, response)) return
    if (activity.type === 'message') {
      const { dice, repliesFirst = false, thinksMsMax = 0 } = this.#options
      if (thinksMsMax > 0) await pause(dice.below(thinksMsMax))
      const replied = this.reply(activity)
      if (repliesFirst || dice.happens(0.5)) await replied
    }
    response.writeHead(200).end()
  }

  #note(activity: WireActivity): void {
    const conversation = activity.conversation?.id ?? ''
    const posted = listOf(this.posted, conversation)
    const id = activity.id ?? ''
    if (posted.some(one => one.id === id)) this.repeatedTurns += 1
    posted.push({ id, mark: markOf(activity.channelData) })
  }

  #watch(id: string, response: ServerResponse): void {
    if (this.#open.has(id)) {
      this.overlappingTurns += 1
      return
    }
    this.#open.add(id)
    response.once('close', () => this.#open.delete(id))
  }

  /** Answers an activity: by the same replies, however often it is posted. */
  reply(activity: WireActivity): Promise<void> {
    const id = activity.id ?? ''
    const running = this.#replying.get(id)
    if (running !== undefined) return running
    const replying = this.#replyAll(activity).finally(() => this.#replying.delete(id))
    this.#replying.set(id, replying)
    return replying
  }

  async #replyAll(activity: WireActivity): Promise<void> {
    const id = activity.id ?? ''
    const sent = listOf(this.sent, activity.conversation?.id ?? '')
    const count = Number(/(\d)$/.exec(id)?.[1] ?? 0) % 3 === 0 ? 2 : 1
    for (let number = 1; number <= count; number += 1) {
      const mark = `${id}#${number}`
      let one = sent.find(known => known.mark === mark)
      if (one === undefined) {
        one = { mark, sender: `bot to ${id}`, acknowledged: new Set(), answers: id }
        sent.push(one)
      }
      await this.#send(activity, one)
    }
  }

  async #send(to: WireActivity, one: Sent): Promise<void> {
    const json = { type: 'message', text: `re: ${to.text}`, replyToId: to.id, channelData: { botMark: one.mark } }
    const url = `${connectorAddress(to)}/activities/${encodeURIComponent(to.id ?? '')}`
    this.underWay += 1
    try {
      for (let tried = 0; !this.#closed; tried += 1) {
        if (tried > 0) {
          this.retries += 1
          await pause(retryMs)
        }
        const answer = await call(this.#through(url, tried), {
          json,
          headers: { 'x-ms-client-request-id': one.mark },
        }).catch(() => undefined)
        if (answer === undefined || answer.status >= 500) continue
        if (answer.status < 300) {
          one.acknowledged.add(String(answer.body.id))
          one.acknowledgedAtMs ??= monotonicMs()
        } else this.refusals.push(`${one.mark} was answered ${answer.status} ${answer.text}`)
        return
      }
    } finally {
      this.underWay -= 1
    }
  }

  /** The address as it is told, and then at one node after the other. */
  #through(url: string, tried: number): string {
    const { origin } = new URL(url)
    const node = this.nodes[(this.nodes.indexOf(origin) + tried) % this.nodes.length]
    return url.replace(origin, node ?? origin)
  }
}

function listOf<One>(lists: Map<string, One[]>, name: string): One[] {
  let list = lists.get(name)
  if (list === undefined) {
    list = []
    lists.set(name, list)
  }
  return list
}
