/**
 * The log in one SQLite file. Changes go to a writing thread that commits them in groups; reads happen here, on a
 * connection of their own, and see only what has been committed.
 */
import { resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
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
import type { TurnStore } from '../../domain/turn-port.ts'
import { placed } from '../../protocol/activity.ts'
import type { BotId, ConversationId, UserId } from '../../protocol/ids.ts'
import { defaultLimits } from '../../protocol/limits.ts'
import { activityIdAt, type Position, position } from '../../protocol/watermark.ts'
import type { AppendCommand, Written } from './commands.ts'
import { openConnection } from './connection.ts'
import { databaseFile, prepareFolder } from './folder.ts'
import { Known } from './known.ts'
import { lockStore } from './lock.ts'
import { migrate } from './migrations.ts'
import { Reading } from './reading.ts'
import { SettingsPut } from './settings-put.ts'
import { WriterThread } from './thread.ts'
import { SqliteTurns } from './turns.ts'

/**
 * Opens the store in a folder, which is made if it is not there. One store at a time can have a folder open.
 *
 * @throws StoreInUseError if another has it open
 * @throws Error if a newer program has used it, or if it can't be opened as durability needs it
 */
export async function openSqliteStore(options: {
  readonly dir: string
  readonly limits?: LogLimits
}): Promise<ConversationStore & { readonly turns: TurnStore }> {
  const dir = resolve(options.dir)
  const file = databaseFile(dir)
  prepareFolder(dir)
  const lock = lockStore(dir)
  let database: DatabaseSync | undefined
  try {
    database = openConnection(file)
    migrate(database)
    database.exec('PRAGMA query_only = ON')
    const thread = new WriterThread({
      file,
      limits: options.limits ?? { entriesMax: defaultLimits.logEntries, charactersMax: defaultLimits.logCharacters },
    })
    await thread.open()
    return new SqliteStore(thread, database, lock)
  } catch (error) {
    database?.close()
    lock.close()
    throw error
  }
}

/** A store on an open file, and what it keeps of turns. */
class SqliteStore implements ConversationStore {
  readonly turns: TurnStore
  readonly #thread: WriterThread
  readonly #reading: Reading
  readonly #known = new Known()
  readonly #settingsPut = new SettingsPut()
  readonly #database: DatabaseSync
  readonly #lock: DatabaseSync
  #closed: Promise<void> | undefined
  #probes = 0

  constructor(thread: WriterThread, database: DatabaseSync, lock: DatabaseSync) {
    this.#thread = thread
    this.#reading = new Reading(database)
    this.turns = new SqliteTurns(thread, database)
    this.#database = database
    this.#lock = lock
  }

  start(
    conversation: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
    user: Member | undefined,
    atMs: number,
  ): Promise<{ readonly started: boolean }> {
    const { id, bot, site, locale } = conversation
    return this.#thread.ask(
      { kind: 'start', conversation: { id, bot, site, locale }, user: plain(user), atMs },
      started => ({ started }),
    )
  }

  append(request: Append): Promise<Appended> {
    return this.#write(commandFor(request, undefined)) as Promise<Appended>
  }

  replace(request: Replace): Promise<Replaced> {
    return this.#write(commandFor(request, { position: request.target, erase: request.erase }))
  }

  settle(conversation: ConversationId, at: Position): Promise<void> {
    return this.#thread.askLater({ kind: 'settle', conversation, position: at }, nothing)
  }

  release(): Promise<void> {
    // No other process takes turns, so none is held for this one.
    return Promise.resolve()
  }

  join(conversation: ConversationId, bot: BotId, member: Member): Promise<'joined' | 'already' | 'unknown'> {
    return this.#thread.ask({ kind: 'join', conversation, bot, member: plain(member) }, same)
  }

  leave(conversation: ConversationId, member: UserId): Promise<void> {
    return this.#thread.ask({ kind: 'leave', conversation, member }, nothing)
  }

  announced(conversation: ConversationId, members: readonly (UserId | undefined)[]): Promise<void> {
    return this.#thread.ask({ kind: 'announced', conversation, members }, nothing)
  }

  touch(conversation: ConversationId, atMs: number): Promise<void> {
    return this.#thread.ask({ kind: 'touch', conversation, atMs }, () => this.#known.changed(conversation))
  }

  forgetUnused(beforeMs: number, max: number): Promise<readonly ConversationId[]> {
    const forgetting = (forgotten: readonly ConversationId[]) => {
      for (const conversation of forgotten) this.#known.changed(conversation)
      return forgotten
    }
    return this.#thread.ask({ kind: 'forgetUnused', beforeMs, max }, forgetting, () => this.#known.anyChanged())
  }

  forget(conversation: ConversationId): Promise<void> {
    const changed = () => this.#known.changed(conversation)
    return this.#thread.ask({ kind: 'forget', conversation }, changed, changed)
  }

  putBag(key: BagKey, data: string, expected: string | undefined): Promise<{ readonly eTag: string } | 'stale'> {
    const { bot, user, conversation } = key
    return this.#thread.ask({ kind: 'putBag', key: { bot, user, conversation }, data, expected }, same)
  }

  dropBags(bot: BotId, user: UserId): Promise<void> {
    return this.#thread.ask({ kind: 'dropBags', bot, user }, nothing)
  }

  putSetting(name: string, value: string): Promise<void> {
    return this.#thread.ask({ kind: 'putSetting', name, value }, () => this.#settingsPut.put(name))
  }

  async putSettingIf(name: string, value: string, expected: string | undefined): Promise<boolean> {
    const isPut = await this.#thread.ask({ kind: 'putSettingIf', name, value, expected }, same)
    if (isPut) this.#settingsPut.put(name)
    return isPut
  }

  /** Another text each time: SQLite writes nothing for one that is there already. */
  probe(): Promise<void> {
    this.#probes += 1
    return this.#thread.ask({ kind: 'putSetting', name: 'probe', value: `${Date.now()}-${this.#probes}` }, nothing)
  }

  get waitingMs(): number {
    return this.#thread.waitingMs
  }

  // A read is over when its call returns; `async` turns what it throws into a rejection.

  async find(conversation: ConversationId): Promise<Conversation | undefined> {
    return this.#known.find(conversation, id => this.#reading.conversation(id))
  }

  async newest(conversations: readonly ConversationId[]): Promise<readonly Position[]> {
    return conversations.map(id => this.#known.newest(id) ?? this.#reading.newest(id))
  }

  async read(
    conversation: ConversationId,
    after: Position,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<Page> {
    const page = this.#reading.page(conversation, after, limits)
    this.#known.seen(conversation, page.end)
    return page
  }

  async entryAt(conversation: ConversationId, target: Position): Promise<Entry | undefined> {
    const entry = this.#reading.entry(conversation, target)
    if (entry !== undefined) this.#known.seen(conversation, entry.position)
    return entry
  }

  async members(conversation: ConversationId): Promise<readonly Member[]> {
    return this.#reading.members(conversation)
  }

  async unannounced(conversation: ConversationId): Promise<readonly (UserId | undefined)[]> {
    return this.#reading.unannounced(conversation)
  }

  async list(bot: BotId, after: ConversationId | undefined, max: number): Promise<readonly Conversation[]> {
    return this.#reading.list(bot, after, max)
  }

  async bag(key: BagKey): Promise<Bag | undefined> {
    return this.#reading.bag(key)
  }

  async setting(name: string): Promise<string | undefined> {
    return this.#reading.setting(name)
  }

  async settingsSince(version: number | undefined): Promise<SettingChanges> {
    return this.#settingsPut.since(version)
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #write(command: AppendCommand): Promise<Replaced> {
    const { conversation } = command
    const forgetting = () => this.#known.changed(conversation)
    return this.#thread.ask(
      command,
      (written: Written) => this.#written(understood(written, command), conversation),
      forgetting,
    )
  }

  #written(replaced: Replaced, conversation: ConversationId): Replaced {
    if (replaced.outcome === 'appended') {
      this.#known.appended(conversation, replaced.entry.position, replaced.timestampMs)
    } else if (replaced.outcome === 'unknown') {
      this.#known.changed(conversation)
    }
    return replaced
  }

  async #close(): Promise<void> {
    await this.#thread.close()
    this.#database.close()
    this.#lock.close()
  }
}

/** Only what is kept: a caller's object may carry more, and everything in a command is copied to the thread. */
function plain(member: Member): Member
function plain(member: Member | undefined): Member | undefined
function plain(member: Member | undefined): Member | undefined {
  return member === undefined ? undefined : { id: member.id, name: member.name }
}

const commandFor = (request: Append, target: AppendCommand['target']): AppendCommand => ({
  kind: 'append',
  conversation: request.conversation,
  bot: request.bot,
  rest: request.activity.rest,
  audience: request.activity.audience,
  atMs: request.atMs,
  key: request.key,
  target,
})

function understood(written: Written, command: AppendCommand): Replaced {
  if (written.outcome !== 'appended' && written.outcome !== 'repeated') return { outcome: written.outcome }
  const { timestampMs } = written
  const at = position(written.position)
  const id = activityIdAt(command.conversation, position(written.target))
  if (written.outcome === 'repeated')
    return { outcome: 'repeated', position: at, id, timestampMs, turn: written.accepted ? 'accepted' : 'open' }
  const text = placed(command.rest, id, timestampMs)
  return { outcome: 'appended', entry: { position: at, text, audience: command.audience }, id, timestampMs }
}

const nothing = (): void => undefined
const same = <T>(result: T): T => result
