/**
 * A bot looked at on demand: the way to it, and if it may be asked, one event and what it makes of it.
 */
import type { CheckReport, CheckStep } from '../protocol/admin-problems.ts'
import { type EndpointParts, hasPath } from '../protocol/endpoint.ts'
import { type BotId, type ConversationId, newConversationId, randomIdLength, siteId } from '../protocol/ids.ts'
import { botAnswerBytesMax } from '../protocol/limits.ts'
import type { Authorization } from './bot-credentials.ts'
import type { BotAnswer, BotClient } from './bot-port.ts'
import { checkEvent } from './check-event.ts'
import { endpointOf } from './delivery.ts'
import { type Finding, type FindingBot, problemOfTurn, usualPath, wrongPath } from './diagnosis.ts'
import type { Events } from './events.ts'
import type { InFlight } from './in-flight.ts'
import type { Clock, ConversationStore, Random } from './ports.ts'
import type { BotProbe, Offer, Place } from './probe-port.ts'
import { type Reached, reach, tenths } from './reach.ts'
import { answersDoNotArrive, serviceUrlsFor } from './service-urls.ts'
import { type Bot, isAuthenticated } from './sites.ts'

type BotCheckPorts = {
  readonly probe: BotProbe
  readonly bots: BotClient
  readonly store: Pick<ConversationStore, 'start' | 'find' | 'forget'>
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  readonly inFlight: InFlight
  /** What turns of this conversation carry. Never rejects. */
  readonly authorize: (bot: Bot, conversation: ConversationId) => Authorization | Promise<Authorization>
  readonly serviceUrl: (bot: Bot, conversation: ConversationId) => string
  /** Our own address, without a slash at its end. */
  readonly publicUrl: () => string
  /** Whether what a bot says arrives, by its last turns: undefined where that is not known. */
  readonly isHeard: (bot: BotId) => boolean | undefined
  /** Whether certificates that nobody vouches for may be accepted. */
  readonly development: boolean
}

/** What came of asking. */
type Asked = { readonly step: CheckStep; readonly problem: Finding | undefined; readonly replied: boolean }

/** How long the bot may still answer the event by the Connector when the check has ended: milliseconds. */
const graceMs = 10_000

/** How long the question for a path may take: milliseconds. */
const optionsTimeoutMs = 3_000

/** Paths at which bots take activities. */
const botPaths = [usualPath, '/messages', '/']

/** Clocks that differ by more are told of: milliseconds. SDKs allow five minutes at most. */
const clockDifferenceMs = 60_000

/** Looks at bots. */
export class BotCheck {
  readonly #ports: BotCheckPorts
  readonly #running = new Map<string, Promise<CheckReport>>()
  /** Conversations to be forgotten, and what cancels the wait. */
  readonly #ending = new Map<ConversationId, () => void>()
  #isStopped = false

  constructor(ports: BotCheckPorts) {
    this.#ports = ports
  }

  /**
   * Looks at a bot. Whoever asks while the same is being looked at gets the same report. Never rejects; takes as long
   * as a turn and some seconds more at most.
   *
   * @param send whether the bot may be sent an event; otherwise nothing is sent at all
   */
  check(bot: Bot, send: boolean): Promise<CheckReport> {
    const name = JSON.stringify([bot.id, bot.endpoint, send])
    const running = this.#running.get(name) ?? this.#counted(bot, send).finally(() => this.#running.delete(name))
    this.#running.set(name, running)
    return running
  }

  /** Forgets what checks have left behind. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#ending.keys()].map(conversation => this.#forget(conversation)))
  }

  #counted(bot: Bot, send: boolean): Promise<CheckReport> {
    return this.#ports.inFlight.during(() => this.#check(bot, send))
  }

  async #check(bot: Bot, send: boolean): Promise<CheckReport> {
    const { publicUrl, probe } = this.#ports
    const { reached, asked } = await this.#looked(send, bot)
    const urls = serviceUrlsFor(bot.serviceUrl ?? publicUrl(), probe.thisMachine())
    const heard = asked?.replied === true || bot.expectReplies ? true : this.#ports.isHeard(bot.id)
    const silence = heard === false ? answersDoNotArrive(bot, bot.serviceUrl ?? publicUrl(), urls) : undefined
    const answers: CheckStep = { name: 'answers', ok: heard ?? null, note: noteOfAnswers(heard, bot.expectReplies) }
    const steps = [...reached.steps, ...(asked === undefined ? [] : [asked.step]), answers]
    return {
      bot: bot.id,
      endpoint: bot.endpoint,
      ok: steps.every(({ ok }) => ok !== false),
      steps,
      problem: reached.problem ?? asked?.problem ?? silence,
      serviceUrls: urls,
    }
  }

  /**
   * An endpoint without a path is a mistake, unless the bot is seen to take the event there all the same. Whoever must
   * not be asked can't show it.
   */
  async #looked(send: boolean, bot: Bot): Promise<{ readonly reached: Reached; readonly asked: Asked | undefined }> {
    const options = { tls: true, otherPorts: true, mayAcceptCertificate: this.#ports.development }
    const reached = await reach(this.#ports, bot, { ...options, needsPath: !send })
    const asked = await this.#askedIf(send, bot, reached)
    if (!send || hasPath(bot.endpoint) || asked?.step.ok === true) return { reached, asked }
    return { reached: await reach(this.#ports, bot, { ...options, needsPath: true }), asked: undefined }
  }

  async #askedIf(send: boolean, bot: Bot, { at }: Reached): Promise<Asked | undefined> {
    if (at === undefined) return undefined
    if (send) return this.#ask(bot, at.place, at.parts)
    return { step: { name: 'post', ok: null, note: 'nothing was sent' }, problem: undefined, replied: false }
  }

  async #ask(bot: Bot, place: Place, parts: EndpointParts): Promise<Asked> {
    const { clock, bots, store, events } = this.#ports
    const startedMs = clock.monotonicMs()
    const conversation = newConversationId(`check-${this.#ports.random.text(randomIdLength)}`)
    try {
      // The bot may answer an event it does not know, and an SDK whose answer is refused fails its turn for it.
      await store.start(
        { id: conversation, bot: bot.id, site: siteId('check'), locale: undefined },
        undefined,
        clock.nowMs(),
      )
      const authorization = await this.#ports.authorize(bot, conversation)
      const ask = (header: string | undefined) =>
        bots.call({
          conversation,
          endpoint: endpointOf(bot),
          activity: checkEvent(bot, conversation, this.#ports.serviceUrl(bot, conversation), clock.nowMs()),
          authorization: header,
          timeoutMs: bot.timeoutMs,
          answerBytesMax: botAnswerBytesMax,
          needsBody: true,
        })
      const answer = authorization.outcome === 'given' ? await ask(authorization.header) : authorization
      const ms = clock.monotonicMs() - startedMs
      const problem = await this.#read(answer, ms, bot, place, parts)
      const ok = problem === undefined || problem.code === 'Slow'
      const replied = ((await store.find(conversation))?.last ?? 0) > 0
      return { step: { name: 'post', ok, ms: tenths(ms), note: noteOf(answer) }, problem, replied }
    } catch (error) {
      events({ event: 'fault', during: 'checking a bot', error })
      return { step: { name: 'post', ok: null, note: 'the service has failed' }, problem: undefined, replied: false }
    } finally {
      const forget = () => this.#forget(conversation)
      if (this.#isStopped) await forget()
      else this.#ending.set(conversation, clock.after(graceMs, forget))
    }
  }

  /** What the answer says, with what can be found out besides. */
  async #read(
    answer: BotAnswer | Extract<Authorization, { outcome: 'failed' }>,
    ms: number,
    bot: Bot,
    place: Place,
    parts: EndpointParts,
  ): Promise<Finding | undefined> {
    const about: FindingBot = { ...bot, mayAcceptCertificate: this.#ports.development }
    // What it says is for whoever asks, and is not kept.
    const common = { ms, timeoutMs: bot.timeoutMs, hasAppId: isShownCredential(bot), bot: about, quotes: true }
    switch (answer.outcome) {
      case 'failed':
        return problemOfTurn({ ...common, outcome: 'refused', reason: answer.reason })
      case 'timedOut':
        return problemOfTurn({ ...common, outcome: 'timeout' })
      case 'unreachable':
        return problemOfTurn({ ...common, outcome: 'unreachable', reason: answer.reason })
      case 'answered': {
        const { status, body } = answer
        const isOk = status >= 200 && status < 300
        const found = problemOfTurn({ ...common, outcome: isOk ? 'ok' : 'botError', status, body })
        if (found?.code === 'WrongPath') return wrongPath(status, about, await this.#otherPath(place, parts))
        if (found?.code === 'BotRejectsCredentials') return this.#withClocks(found, place, parts)
        return found
      }
      default:
        return answer satisfies never
    }
  }

  async #otherPath(place: Place, parts: EndpointParts): Promise<string | undefined> {
    const others = botPaths.filter(path => path !== parts.path)
    const offers = await Promise.all(
      others.map(async path => ({
        path,
        offer: await this.#ports.probe.options(place, { ...parts, path }, optionsTimeoutMs),
      })),
    )
    return offers.find(({ offer }) => offer !== undefined && takesPosts(offer))?.path
  }

  async #withClocks(found: Finding, place: Place, parts: EndpointParts): Promise<Finding> {
    const dateMs = (await this.#ports.probe.options(place, parts, optionsTimeoutMs))?.dateMs
    if (dateMs === undefined) return found
    const aheadMs = dateMs - this.#ports.clock.nowMs()
    if (Math.abs(aheadMs) <= clockDifferenceMs) return found
    const seconds = Math.round(Math.abs(aheadMs) / 1000)
    return { ...found, text: `${found.text} Its clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ours.` }
  }

  async #forget(conversation: ConversationId): Promise<void> {
    this.#ending.get(conversation)?.()
    this.#ending.delete(conversation)
    try {
      await this.#ports.store.forget(conversation)
    } catch (error) {
      this.#ports.events({ event: 'fault', during: 'forgetting the conversation of a check', error })
    }
  }
}

/** Whether the bot is shown anything: a token, or over https the password of the first schema. */
const isShownCredential = (bot: Bot): boolean => isAuthenticated(bot) || (bot.schema === 'v1' && bot.app !== undefined)

/** Some frameworks answer OPTIONS with 200 and what they offer, some with 405 and what they offer, some with either alone. */
const takesPosts = ({ status, allow }: Offer): boolean =>
  allow === undefined ? status >= 200 && status < 300 : status !== 404 && allow.includes('POST')

function noteOf(answer: BotAnswer | Extract<Authorization, { outcome: 'failed' }>): string {
  switch (answer.outcome) {
    case 'answered':
      return `a test event was answered ${answer.status}`
    case 'timedOut':
      return 'a test event was not answered in time'
    case 'unreachable':
      return `a test event could not be sent or was not answered (${answer.reason})`
    case 'failed':
      return 'there is no credential to show the bot'
    default:
      return answer satisfies never
  }
}

function noteOfAnswers(heard: boolean | undefined, inTurn: boolean): string {
  if (inTurn) return 'the bot answers in the turn itself'
  if (heard === undefined) return 'whether answers reach us is not known'
  return heard ? 'answers reach us' : 'no answers reach us'
}
