/**
 * The log in PostgreSQL, which any number of services share. Changes go to the database in groups, reads are queries on
 * connections of their own, and nothing is known here that another service could have changed.
 */
import type { Bag, BagKey } from '../../domain/bag-port.ts'
import type { Look } from '../../domain/look-port.ts'
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
import type { RateStore } from '../../domain/rate-port.ts'
import type { SettingChanges } from '../../domain/setting-port.ts'
import type { TurnStore } from '../../domain/turn-port.ts'
import { placed } from '../../protocol/activity.ts'
import type { BotId, ConversationId, UserId } from '../../protocol/ids.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import { activityIdAt, type Position, position } from '../../protocol/watermark.ts'
import * as changes from './changes.ts'
import { Connections } from './connections.ts'
import { Finds } from './finds.ts'
import { Holding } from './holding.ts'
import { PostgresLook } from './look.ts'
import { migrate } from './migrations.ts'
import { PostgresRates } from './rates.ts'
import { Reading } from './reading.ts'
import { PostgresTurns } from './turns.ts'
import { Writer } from './writer.ts'

/** How a store is opened. */
export type PostgresOptions = {
  /** A connection URL: `postgres://user:password@host:port/database?sslmode=…`. */
  readonly url: string
  readonly limits?: LogLimits
  /** How many connections write at once, and how many read. */
  readonly writers?: number
  readonly readers?: number
}

/** Connections for people who look in. */
const lookersMax = 2

/** Connections that write, and that read, where nobody says otherwise. */
const defaultWriters = 4
const defaultReaders = 8

/**
 * Opens the store of a database, and brings its schema up to date first.
 *
 * @throws Error if the database can't be reached or changed, or if a newer program has used it that this one can't go on
 *   beside
 */
export async function openPostgresStore(
  options: PostgresOptions,
): Promise<ConversationStore & { readonly turns: TurnStore; readonly rates: RateStore }> {
  await migrate(options.url)
  return new PostgresStore(options)
}

/** Looks into the store of a database, which is open: on connections of its own, so that no message waits for people. */
export const openPostgresLook = (url: string): Look => new PostgresLook(new Connections(url, lookersMax))

/** A store on a database whose schema is this program's, and what it keeps of turns and of rates. */
class PostgresStore implements ConversationStore {
  readonly turns: TurnStore
  readonly rates: RateStore
  readonly #writing: Connections
  readonly #readings: Connections
  readonly #writer: Writer
  readonly #reading: Reading
  readonly #finds: Finds
  readonly #holding: Holding
  readonly #sends = new changes.Sends()
  #closed: Promise<void> | undefined

  constructor({ url, limits, writers = defaultWriters, readers = defaultReaders }: PostgresOptions) {
    const { logEntries, logCharacters } = defaultLimits
    const held = limits ?? { entriesMax: logEntries, charactersMax: logCharacters }
    this.#writing = new Connections(url, writers)
    this.#readings = new Connections(url, readers)
    this.#writer = new Writer(this.#writing, held, writers)
    this.#reading = new Reading(this.#readings)
    this.#finds = new Finds(this.#reading)
    this.#holding = new Holding(this.#writing)
    this.turns = new PostgresTurns(this.#writer, this.#readings)
    this.rates = new PostgresRates(this.#readings)
  }

  async start(
    conversation: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
    user: Member | undefined,
    atMs: number,
  ): Promise<{ readonly started: boolean }> {
    const change = changes.start(conversation, user, atMs, this.#sends.next())
    return { started: await this.#writer.ask(conversation.id, change) }
  }

  append(request: Append): Promise<Appended> {
    return this.#write(request, undefined) as Promise<Appended>
  }

  replace(request: Replace): Promise<Replaced> {
    return this.#write(request, { position: request.target, erase: request.erase })
  }

  settle(conversation: ConversationId, at: Position): Promise<void> {
    this.#holding.ended(conversation, at)
    return this.#writer.askLater(conversation, { kind: 'settle', conversation, position: at })
  }

  async release(conversation: ConversationId, at: Position): Promise<void> {
    const turn = this.#holding.ended(conversation, at)
    if (turn !== undefined) await this.#writer.askLater(conversation, changes.release(conversation, at, turn.send))
  }

  join(conversation: ConversationId, bot: BotId, member: Member): Promise<'joined' | 'already' | 'unknown'> {
    return this.#writer.ask(conversation, changes.join(conversation, bot, member, this.#sends.next()))
  }

  leave(conversation: ConversationId, member: UserId): Promise<void> {
    return this.#writer.ask(conversation, changes.leave(conversation, member))
  }

  announced(conversation: ConversationId, members: readonly (UserId | undefined)[]): Promise<void> {
    return this.#writer.ask(conversation, changes.announced(conversation, members))
  }

  touch(conversation: ConversationId, atMs: number): Promise<void> {
    return this.#writer.ask(conversation, changes.touch(conversation, atMs))
  }

  forgetUnused(beforeMs: number, max: number): Promise<readonly ConversationId[]> {
    return this.#writer.ask('forgetting', changes.forgetUnused(beforeMs, max))
  }

  forget(conversation: ConversationId): Promise<void> {
    return this.#writer.ask(conversation, changes.forget(conversation))
  }

  putBag(key: BagKey, data: string, expected: string | undefined): Promise<{ readonly eTag: string } | 'stale'> {
    return this.#writer.ask(bagsOf(key.bot, key.user), changes.putBag(key, data, expected))
  }

  dropBags(bot: BotId, user: UserId): Promise<void> {
    return this.#writer.ask(bagsOf(bot, user), changes.dropBags(bot, user))
  }

  putSetting(name: string, value: string): Promise<void> {
    return this.#writer.ask('settings', changes.putSetting(name, value, this.#sends.next()))
  }

  putSettingIf(name: string, value: string, expected: string | undefined): Promise<boolean> {
    return this.#writer.ask('settings', changes.putSettingIf(name, value, expected, this.#sends.next()))
  }

  probe(): Promise<void> {
    return this.#writer.ask('probe', changes.probe(this.#sends.next()))
  }

  get waitingMs(): number {
    return this.#writer.waitingMs
  }

  find(conversation: ConversationId): Promise<Conversation | undefined> {
    return this.#finds.find(conversation)
  }

  newest(conversations: readonly ConversationId[]): Promise<readonly Position[]> {
    return this.#reading.newest(conversations)
  }

  read(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<Page> {
    return this.#reading.page(conversation, after, limits)
  }

  entryAt(conversation: ConversationId, target: Position): Promise<Entry | undefined> {
    return this.#reading.entry(conversation, target)
  }

  members(conversation: ConversationId): Promise<readonly Member[]> {
    return this.#reading.members(conversation)
  }

  unannounced(conversation: ConversationId): Promise<readonly (UserId | undefined)[]> {
    return this.#reading.unannounced(conversation)
  }

  list(bot: BotId, after: ConversationId | undefined, max: number): Promise<readonly Conversation[]> {
    return this.#reading.list(bot, after, max)
  }

  bag(key: BagKey): Promise<Bag | undefined> {
    return this.#reading.bag(key)
  }

  setting(name: string): Promise<string | undefined> {
    return this.#reading.setting(name)
  }

  settingsSince(version: number | undefined): Promise<SettingChanges> {
    return this.#reading.settingsSince(version)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #write(request: Append, target: changes.AppendChange['target']): Promise<Replaced> {
    const { conversation } = request
    const change = { kind: 'append', request, target, send: this.#sends.next() } as const
    const written = await this.#writer.ask<changes.Written>(conversation, change)
    if (request.takesTurn === true && 'turn' in written && written.turn === 'open')
      this.#holding.begun({ conversation, position: written.position, send: change.send })
    return understood(written, request)
  }

  async #close(): Promise<void> {
    this.#holding.close()
    await this.#writer.close()
    await Promise.all([this.#writing.close(), this.#readings.close()])
  }
}

const bagsOf = (bot: BotId, user: UserId | undefined): string => JSON.stringify(['bags', bot, user])

function understood(written: changes.Written, { conversation, activity }: Append): Replaced {
  const { outcome } = written
  if (outcome !== 'appended' && outcome !== 'repeated') return { outcome }
  const { timestampMs, turn } = written
  const at = position(written.position)
  const id = activityIdAt(conversation, position(written.target))
  if (outcome === 'repeated') return { outcome, position: at, id, timestampMs, turn }
  const text = placed(activity.rest, id, timestampMs)
  return { outcome, entry: { position: at, text, audience: activity.audience }, id, timestampMs }
}
