/**
 * The load: many conversations, each with one or two people who talk and one or more windows that watch, and a bot that
 * answers; and at the end what all of them have seen, for the oracle.
 */
import { call, type WireActivity } from '../test/support/http.ts'
import type { Bot } from './bot.ts'
import { type ConversationHistory, type Logged, markOf, type Sent, type Sighting } from './history.ts'
import type { Dice } from './random.ts'
import { type Bases, turned } from './route.ts'
import { Talker } from './talker.ts'
import { type Address, Window } from './window.ts'
import { became, endsWithin, pause } from './world.ts'

/** Where the service is, in all its lives. */
export type Target = Bases & { readonly secret: string }

/** What the load is. */
export type CrowdOptions = {
  readonly target: Target
  readonly bot: Bot
  readonly dice: Dice
  readonly conversations: number
  /** Windows cut their own connections now and then. */
  readonly flaky: boolean
  /** How long a person waits between two messages, at most: milliseconds. */
  readonly pauseMsMax: number
  /**
   * Hears of what is acknowledged to people, and of what is shown at windows that do not cut their own connections, with
   * the node where.
   */
  readonly watch?: { said(one: Sent, base: string): void; shown(one: Sighting, base: string): void }
}

/** How long everybody has to come to the end of what there is, once nobody says anything new: milliseconds. */
const settleTimeoutMs = 30_000
const startTimeoutMs = 60_000

/** One conversation with its people and windows. */
export type Group = {
  readonly address: Address
  readonly tag: string
  readonly talkers: readonly Talker[]
  readonly windows: readonly Window[]
  /** Has its people say nothing more. */
  readonly stop: AbortController
  /** Resolves when they have said what they were saying. */
  readonly talk: Promise<unknown>
}

/** Everybody who uses the service in a run. */
export class Crowd {
  /** Conversations that have begun. */
  readonly groups: Group[] = []
  readonly #options: CrowdOptions
  readonly #giveUp = new AbortController()
  readonly #waiting: { left: number; readonly resolve: () => void }[] = []
  /** What those were refused who have left. */
  readonly #refusals: string[] = []
  #joined = 0
  #next: (() => void) | undefined
  /** Acknowledgements so far, of people. */
  acknowledged = 0

  constructor(options: CrowdOptions) {
    this.#options = options
  }

  /** Starts all conversations and has everybody begin to talk. */
  async begin(): Promise<void> {
    const { conversations } = this.#options
    for (let number = 1; number <= conversations; number += 1) await this.join(`c${number}`)
  }

  /** Starts one more conversation. */
  async join(tag: string): Promise<Group> {
    const dice = this.#options.dice.apart(tag)
    const count = this.#joined
    const address = await this.#start(tag, dice, turned(this.#options.target, count))
    this.#joined += 1
    const { flaky, watch } = this.#options
    const windows = Array.from(
      { length: 1 + (count % 2) },
      (_, at) =>
        new Window(
          { ...address, ...turned(address, at + 1) },
          {
            name: `${tag} window ${at + 1}`,
            polls: (count + at) % 4 === 3,
            dice: dice.apart(`window ${at}`),
            flaky: flaky && at === 0,
            ...(watch === undefined || (flaky && at === 0) ? {} : { shown: watch.shown.bind(watch) }),
          },
        ),
    )
    const talkers = Array.from(
      { length: count % 3 === 2 ? 2 : 1 },
      (_, at) =>
        new Talker(
          { ...address, ...turned(address, at) },
          {
            tag,
            name: `user-${at + 1}`,
            dice: dice.apart(`talker ${at}`),
            acknowledged: (one, base) => {
              watch?.said(one, base)
              this.#count()
            },
          },
        ),
    )
    const stop = new AbortController()
    const talk = Promise.all(talkers.map(talker => this.#talk(talker, dice.apart('pauses'), stop.signal)))
    const group = { address, tag, talkers, windows, stop, talk }
    this.groups.push(group)
    return group
  }

  /** Has one conversation come to its end while the others go on. Answers what was seen of it, and forgets it. */
  async leave(group: Group): Promise<ConversationHistory> {
    this.groups.splice(this.groups.indexOf(group), 1)
    group.stop.abort()
    await group.talk
    const { bot } = this.#options
    const { conversation } = group.address
    await became(() => (bot.sent.get(conversation) ?? []).every(isAcknowledged), settleTimeoutMs)
    const history = await this.#historyOf(group)
    await Promise.all(group.windows.map(window => window.close()))
    this.#refusals.push(...refusalsOf(group))
    bot.sent.delete(conversation)
    bot.posted.delete(conversation)
    return history
  }

  /** Resolves at the very acknowledgement that is so many from now, or after so many milliseconds. */
  async acknowledgements(count: number, timeoutMs: number): Promise<void> {
    await endsWithin(timeoutMs, new Promise<void>(resolve => this.#waiting.push({ left: count, resolve })))
    this.#waiting.length = 0
  }

  /** Calls back at the next acknowledgement, unless another one asks in between. */
  whenAcknowledged(callback: () => void): void {
    this.#next = callback
  }

  /**
   * Has everybody finish what they are saying, waits until each window has come to the end, and reads the logs.
   * The service must be up.
   */
  async finish(): Promise<{
    readonly histories: readonly ConversationHistory[]
    readonly failures: readonly string[]
  }> {
    const failures: string[] = []
    for (const { stop } of this.groups) stop.abort()
    if (!(await endsWithin(settleTimeoutMs, Promise.all(this.groups.map(({ talk }) => talk)))))
      failures.push(`somebody was not acknowledged within ${settleTimeoutMs} ms after the last trouble`)
    this.#giveUp.abort()
    const { bot } = this.#options
    if (!(await became(() => bot.underWay === 0, settleTimeoutMs))) failures.push('the bot could not send its replies')
    const histories: ConversationHistory[] = []
    for (const group of this.groups) histories.push(await this.#historyOf(group))
    for (const { windows } of this.groups) await Promise.all(windows.map(window => window.close()))
    failures.push(...this.#refusals, ...this.groups.flatMap(refusalsOf), ...bot.refusals)
    return { histories, failures }
  }

  /** Has everybody stop where they are: for a service that does not come back. */
  abandon(): void {
    for (const { stop } of this.groups) stop.abort()
    this.#giveUp.abort()
    for (const window of this.windows) window.close().catch(() => undefined)
  }

  /** However a part ends, nobody goes on talking: those who do would keep the process from its end. */
  [Symbol.dispose](): void {
    this.abandon()
  }

  /** All windows there are. */
  get windows(): readonly Window[] {
    return this.groups.flatMap(({ windows }) => windows)
  }

  /** Sockets that broke after they had opened, without a close frame. */
  get cutSockets(): number {
    return this.windows.flatMap(({ closeCodes }) => closeCodes).filter(code => code === 1006).length
  }

  /** Everybody who talks. */
  get talkers(): readonly Talker[] {
    return this.groups.flatMap(({ talkers }) => talkers)
  }

  #count(): void {
    this.acknowledged += 1
    const next = this.#next
    this.#next = undefined
    next?.()
    for (const one of this.#waiting) {
      one.left -= 1
      if (one.left === 0) one.resolve()
    }
  }

  async #talk(talker: Talker, dice: Dice, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await talker.say(this.#giveUp.signal)
      await pause(dice.below(this.#options.pauseMsMax))
    }
    await talker.end()
  }

  /** Starts a conversation, again and again until it is started; half of them by a token, which may be used twice. */
  async #start(tag: string, dice: Dice, bases: Bases): Promise<Address> {
    const { base } = bases
    const { secret } = this.#options.target
    const byToken = dice.happens(0.5)
    let token: string | undefined
    const untilMs = performance.now() + startTimeoutMs
    while (performance.now() < untilMs) {
      if (byToken && token === undefined) {
        const made = await call(`${base}/tokens/generate`, { bearer: secret, json: {} }).catch(() => undefined)
        token = made?.body.token
      } else {
        const started = await call(`${base}/conversations`, { method: 'POST', bearer: token ?? secret }).catch(
          () => undefined,
        )
        const { conversationId: conversation, token: own } = started?.body ?? {}
        if (conversation !== undefined && own !== undefined) return { ...bases, conversation, token: own }
      }
      await pause(dice.below(100))
    }
    throw new Error(`The conversation ${tag} could not be started.`)
  }

  async #historyOf({ address, tag, talkers, windows }: Group): Promise<ConversationHistory> {
    const { bot, target } = this.#options
    const log = await readLog(target, address.conversation)
    await became(() => windows.every(window => window.position >= log.length), settleTimeoutMs)
    const { conversation } = address
    return {
      id: conversation,
      tag,
      sent: [...talkers.flatMap(({ sent }) => sent), ...(bot.sent.get(conversation) ?? [])],
      views: windows,
      posted: bot.posted.get(conversation) ?? [],
      log,
    }
  }
}

const refusalsOf = ({ talkers, windows }: Group): readonly string[] =>
  [...talkers, ...windows].flatMap(({ refusals }) => refusals)

const isAcknowledged = ({ acknowledged }: Sent): boolean => acknowledged.size > 0

/** The whole log of a conversation, page by page until one is empty. */
async function readLog({ base, secret }: Target, conversation: string): Promise<readonly Logged[]> {
  const read: Logged[] = []
  let watermark = ''
  for (;;) {
    const url = `${base}/conversations/${conversation}/activities?watermark=${watermark}`
    const { status, body, text } = await call(url, { bearer: secret })
    if (status !== 200) throw new Error(`The log of ${conversation} was answered ${status} ${text}`)
    if (body.activities === undefined || body.activities.length === 0) return read
    read.push(...body.activities.map(logged))
    watermark = body.watermark ?? ''
  }
}

const logged = ({ id = '', channelData, replyToId, timestamp = '' }: WireActivity): Logged => ({
  id,
  mark: markOf(channelData),
  replyToId,
  timestamp,
})
