/**
 * The log in memory: gone with the process. For tests, for trying things out, and as the plainest answer to the
 * port's contract.
 */
import type { Bag, BagKey } from '../../domain/bag-port.ts'
import type {
  Append,
  Appended,
  Conversation,
  ConversationStore,
  Entry,
  LogLimits,
  Member,
  Page,
  Replace,
  Replaced,
} from '../../domain/ports.ts'
import type { SettingChanges } from '../../domain/setting-port.ts'
import type { BotId, ConversationId, UserId } from '../../protocol/ids.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import { beginning, type Position } from '../../protocol/watermark.ts'
import { Log } from './log.ts'
import { MemoryTurns } from './turns.ts'

/** Keeps conversations as long as the process lives. Each call has taken effect when it returns its promise. */
export class MemoryStore implements ConversationStore {
  /** What is kept of turns. */
  readonly turns = new MemoryTurns()
  readonly #limits: LogLimits
  readonly #logs = new Map<ConversationId, Log>()
  readonly #settings = new Map<string, { readonly value: string; readonly version: number }>()
  #settingsPut = 0
  readonly #bags = new Map<string, Bag & BagKey>()
  #bagsPut = 0
  #started = 0

  constructor(
    limits: LogLimits = { entriesMax: defaultLimits.logEntries, charactersMax: defaultLimits.logCharacters },
  ) {
    this.#limits = limits
  }

  /** Every conversation there is, in the order they were started. */
  get logs(): ReadonlyMap<ConversationId, Log> {
    return this.#logs
  }

  /** A commit takes no time here. */
  readonly waitingMs = 0

  probe(): Promise<void> {
    return Promise.resolve()
  }

  async start(
    conversation: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
    user: Member | undefined,
    atMs: number,
  ): Promise<{ readonly started: boolean }> {
    const found = this.#logs.get(conversation.id)
    if (found === undefined) this.#started += 1
    const log = found ?? new Log(conversation, atMs, this.#limits, this.#started)
    if (log.conversation.bot !== conversation.bot) return { started: false }
    this.#logs.set(conversation.id, log)
    log.touch(atMs)
    if (user !== undefined) log.join(user)
    return { started: found === undefined }
  }

  async find(conversation: ConversationId): Promise<Conversation | undefined> {
    return this.#logs.get(conversation)?.conversation
  }

  async newest(conversations: readonly ConversationId[]): Promise<readonly Position[]> {
    return conversations.map(id => this.#logs.get(id)?.conversation.last ?? beginning)
  }

  async append(request: Append): Promise<Appended> {
    const appended = this.#of(request.bot, request.conversation)?.append(request) ?? { outcome: 'unknown' }
    if (appended.outcome === 'missing') throw new Error('an append has no target that could be missing')
    return appended
  }

  async replace(request: Replace): Promise<Replaced> {
    return this.#of(request.bot, request.conversation)?.append(request, request) ?? { outcome: 'unknown' }
  }

  async settle(conversation: ConversationId, position: Position): Promise<void> {
    this.#logs.get(conversation)?.settle(position)
  }

  release(): Promise<void> {
    // No other process takes turns, so none is held for this one.
    return Promise.resolve()
  }

  async read(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<Page> {
    return this.#logs.get(conversation)?.page(after, limits) ?? { entries: [], end: beginning, more: false }
  }

  async entryAt(conversation: ConversationId, target: Position): Promise<Entry | undefined> {
    return this.#logs.get(conversation)?.entryAt(target)
  }

  async join(conversation: ConversationId, bot: BotId, member: Member): Promise<'joined' | 'already' | 'unknown'> {
    const log = this.#of(bot, conversation)
    if (log === undefined) return 'unknown'
    return log.join(member) ? 'joined' : 'already'
  }

  async members(conversation: ConversationId): Promise<readonly Member[]> {
    return this.#logs.get(conversation)?.members ?? []
  }

  async leave(conversation: ConversationId, member: UserId): Promise<void> {
    this.#logs.get(conversation)?.leave(member)
  }

  async unannounced(conversation: ConversationId): Promise<readonly (UserId | undefined)[]> {
    return this.#logs.get(conversation)?.unannounced ?? []
  }

  async announced(conversation: ConversationId, members: readonly (UserId | undefined)[]): Promise<void> {
    this.#logs.get(conversation)?.announced(members)
  }

  async touch(conversation: ConversationId, atMs: number): Promise<void> {
    this.#logs.get(conversation)?.touch(atMs)
  }

  async list(bot: BotId, after: ConversationId | undefined, max: number): Promise<readonly Conversation[]> {
    const ids = [...this.#logs.keys()].filter(id => after === undefined || id > after).sort()
    return ids.flatMap(id => this.#of(bot, id)?.conversation ?? []).slice(0, max)
  }

  async forgetUnused(beforeMs: number, max: number): Promise<readonly ConversationId[]> {
    const unused = [...this.#logs.values()].map(log => log.conversation).filter(({ seenMs }) => seenMs < beforeMs)
    const forgotten = unused.sort((a, b) => a.seenMs - b.seenMs).slice(0, max)
    for (const { id } of forgotten) this.#forget(id)
    return forgotten.map(({ id }) => id)
  }

  async forget(conversation: ConversationId): Promise<void> {
    this.#forget(conversation)
  }

  #forget(conversation: ConversationId): void {
    this.#logs.delete(conversation)
    this.turns.forget(conversation)
    for (const [name, bag] of this.#bags) if (bag.conversation === conversation) this.#bags.delete(name)
  }

  /** What belongs to no conversation is the bot's own. */
  #isBotsOwn({ bot, conversation }: BagKey): boolean {
    return conversation === undefined || this.#of(bot, conversation) !== undefined
  }

  async bag(key: BagKey): Promise<Bag | undefined> {
    return this.#isBotsOwn(key) ? this.#bags.get(bagName(key)) : undefined
  }

  async putBag(key: BagKey, data: string, expected: string | undefined): Promise<{ readonly eTag: string } | 'stale'> {
    const name = bagName(key)
    if (!this.#isBotsOwn(key) || (expected !== undefined && this.#bags.get(name)?.eTag !== expected)) return 'stale'
    this.#bagsPut += 1
    const eTag = String(this.#bagsPut)
    this.#bags.set(name, { ...key, data, eTag })
    return { eTag }
  }

  async dropBags(bot: BotId, user: UserId): Promise<void> {
    for (const [name, bag] of this.#bags) if (bag.bot === bot && bag.user === user) this.#bags.delete(name)
  }

  async setting(name: string): Promise<string | undefined> {
    return this.#settings.get(name)?.value
  }

  async putSetting(name: string, value: string): Promise<void> {
    this.#settingsPut += 1
    this.#settings.set(name, { value, version: this.#settingsPut })
  }

  async putSettingIf(name: string, value: string, expected: string | undefined): Promise<boolean> {
    if (this.#settings.get(name)?.value !== expected) return false
    await this.putSetting(name, value)
    return true
  }

  async settingsSince(version: number | undefined): Promise<SettingChanges> {
    const changed = version === undefined ? [] : [...this.#settings].filter(([, put]) => put.version > version)
    return { version: this.#settingsPut, names: changed.map(([name]) => name) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#logs.clear()
  }

  #of(bot: BotId, conversation: ConversationId): Log | undefined {
    const log = this.#logs.get(conversation)
    return log?.conversation.bot === bot ? log : undefined
  }
}

const bagName = ({ bot, user, conversation }: BagKey): string =>
  JSON.stringify([bot, user ?? null, conversation ?? null])
