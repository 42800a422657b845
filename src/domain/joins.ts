/**
 * Telling a bot who has joined. A bot hears of a person once, before anything that person says: at the start of the
 * conversation if the person is known then, else before their first activity. Should the service die in between, the
 * bot is told again when the conversation goes on.
 *
 * Of several nodes, the one whose call made the conversation or the member tells the bot, and the others wait for it;
 * if it has died meanwhile, one of them tells when the time is over that a bot may take.
 */
import type { JsonObject } from '../protocol/fields.ts'
import { activityId, type ConversationId, type UserId } from '../protocol/ids.ts'
import { joinWaitMs } from '../protocol/limits.ts'
import type { Events } from './events.ts'
import type { Inspection } from './inspection.ts'
import type { Clock, Conversation, ConversationStore, Member, Random } from './ports.ts'
import type { Bot } from './sites.ts'
import { stampJoin } from './stamp.ts'
import type { TakeTurn } from './turn.ts'

/** Length of the ids of conversationUpdates, which clients never see: the hosted service's have 11 characters. */
const updateIdCharacters = 11

/** How often a node looks whether another has told the bot, and how much longer it waits than the bot may take: milliseconds. */
const lookEveryMs = 100
const otherNodeSpareMs = 1_000

/** People known to have joined and been announced; beyond it the store is asked again. */
const knownMax = 20_000

type JoinPorts = {
  readonly store: ConversationStore
  readonly takeTurn: TakeTurn
  readonly clock: Clock
  readonly random: Random
  readonly events: Events
  /** Whether other nodes may be telling the bot. */
  readonly isShared?: boolean
  /** Undefined: nobody watches. */
  readonly inspection?: Inspection | undefined
}

/** What is told of a conversation to its bot. */
type Joined = Pick<Conversation, 'id' | 'locale' | 'lastTimestampMs'>

/** Announces joins. */
export class Joins {
  readonly #ports: JoinPorts
  readonly #running = new Map<ConversationId, Map<UserId | undefined, Promise<void>>>()
  readonly #known = new Set<string>()

  constructor(ports: JoinPorts) {
    this.#ports = ports
  }

  /** Tells the bot of a conversation that has just started, and of its user if there is one. Nobody waits for it. */
  started(conversation: Joined, bot: Bot, user: Member | undefined): void {
    this.#run(conversation.id, undefined, this.#tellStart(conversation, bot, user))
  }

  /**
   * Resolves when the bot has been told of the conversation's start and of this sender, or after 5 s; the bot's turn
   * then goes on by itself.
   */
  async before(conversation: Conversation, bot: Bot, sender: Member): Promise<void> {
    const running = this.#running.get(conversation.id)
    const start = running?.get(undefined)
    const join = running?.get(sender.id) ?? this.#join(conversation, bot, sender)
    if (start === undefined && join === undefined) return
    await this.#atMost(joinWaitMs, Promise.all([start, join]))
  }

  /** A person has been announced by their own activity, or has been taken out: `known` tells which. */
  note(conversation: ConversationId, member: UserId, known: boolean): void {
    const key = keyOf(conversation, member)
    if (!known) this.#known.delete(key)
    else if (!this.#known.has(key)) this.#remember(key)
  }

  #join(conversation: Conversation, bot: Bot, sender: Member): Promise<void> | undefined {
    if (this.#known.has(keyOf(conversation.id, sender.id))) return undefined
    return this.#run(conversation.id, sender.id, this.#tellJoin(conversation, bot, sender))
  }

  async #tellJoin(conversation: Conversation, bot: Bot, sender: Member): Promise<void> {
    const { store } = this.#ports
    await this.#running.get(conversation.id)?.get(undefined)
    const joined = await store.join(conversation.id, bot.id, sender)
    const byOthers = joined === 'joined' ? [undefined] : [undefined, sender.id]
    const untold = await this.#untold(conversation.id, bot, byOthers)
    const isNew = untold.includes(sender.id)
    if (untold.includes(undefined)) {
      await this.#run(conversation.id, undefined, this.#tellStart(conversation, bot, isNew ? sender : undefined))
    } else if (isNew) {
      await this.#tell(conversation, bot, [sender], [sender.id])
    }
    this.note(conversation.id, sender.id, true)
  }

  /** Whom the bot must still be told of. @param byOthers of whom another node may be telling it */
  async #untold(
    conversation: ConversationId,
    { timeoutMs }: Bot,
    byOthers: readonly (UserId | undefined)[],
  ): Promise<readonly (UserId | undefined)[]> {
    const { store, clock, isShared } = this.#ports
    const untilMs = clock.monotonicMs() + timeoutMs + otherNodeSpareMs
    for (;;) {
      const untold = await store.unannounced(conversation)
      const isWaiting = byOthers.some(member => untold.includes(member))
      if (isShared !== true || !isWaiting || clock.monotonicMs() >= untilMs) return untold
      await new Promise<void>(resolve => clock.after(lookEveryMs, resolve))
    }
  }

  async #tellStart(conversation: Joined, bot: Bot, user: Member | undefined): Promise<void> {
    const account: Member = { id: bot.id as string as UserId, name: bot.name }
    await this.#tell(
      conversation,
      bot,
      user === undefined ? [account] : [account, user],
      user === undefined ? [undefined] : [undefined, user.id],
    )
    if (user !== undefined) this.note(conversation.id, user.id, true)
  }

  async #tell(
    conversation: Joined,
    bot: Bot,
    added: readonly Member[],
    told: readonly (UserId | undefined)[],
  ): Promise<void> {
    const { clock, random, takeTurn, store, inspection } = this.#ports
    const user = added.findLast(member => (member.id as string) !== bot.id)
    const stamped = stampJoin(
      conversation.id,
      added.map(account),
      user === undefined ? { id: conversation.id } : account(user),
      conversation.locale,
    )
    const id = activityId(random.text(updateIdCharacters))
    await takeTurn({
      conversation: conversation.id,
      bot,
      type: stamped.type,
      botRest: stamped.botRest,
      id,
      timestampMs: Math.max(clock.nowMs(), conversation.lastTimestampMs),
      timeoutMs: bot.timeoutMs,
      marks: inspection?.begin(conversation.id, bot),
    })
    await store.announced(conversation.id, told)
  }

  /** Makes it known that this is running until it has ended. Whoever waits for it is not told of a failure. */
  #run(conversation: ConversationId, member: UserId | undefined, work: Promise<void>): Promise<void> {
    let running = this.#running.get(conversation)
    if (running === undefined) {
      running = new Map()
      this.#running.set(conversation, running)
    }
    const watched = work
      .catch((error: unknown) => this.#ports.events({ event: 'fault', during: 'announcing a join', error }))
      .finally(() => {
        running.delete(member)
        if (running.size === 0 && this.#running.get(conversation) === running) this.#running.delete(conversation)
      })
    running.set(member, watched)
    return watched
  }

  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel: (() => void) | undefined
    const time = new Promise<void>(resolve => {
      cancel = this.#ports.clock.after(ms, resolve)
    })
    await Promise.race([work, time])
    cancel?.()
  }

  #remember(key: string): void {
    if (this.#known.size >= knownMax) {
      const oldest = this.#known.keys().next()
      if (!oldest.done) this.#known.delete(oldest.value)
    }
    this.#known.add(key)
  }
}

const keyOf = (conversation: ConversationId, member: UserId): string => `${conversation}\n${member}`

const account = (member: Member): JsonObject =>
  member.name === undefined ? { id: member.id } : { id: member.id, name: member.name }
