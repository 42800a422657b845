/**
 * What people who look in see of conversations: lists, one of them, its log and its turns.
 */
import type {
  ConversationBody,
  ConversationRow,
  ConversationsBody,
  RecordsBody,
  TurnBody,
} from '../protocol/admin-conversations.ts'
import type { ProblemCode } from '../protocol/admin-problems.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { botId, type ConversationId, userId } from '../protocol/ids.ts'
import { position, writeWatermark } from '../protocol/watermark.ts'
import type { Agents } from './agents.ts'
import { readName, unknownConversation } from './grant.ts'
import type { Hub } from './hub.ts'
import { recordOf } from './log-record.ts'
import type { Look, Looked, LookFilter, LookPlace, LookRange } from './look-port.ts'
import type { Opening } from './opening.ts'
import { ownSecret, type Sites } from './sites.ts'

/** What is asked of whoever remembers turns. */
export type Remembered = {
  /** A turn with all that is known of it. */
  turn(id: string): Promise<TurnBody | undefined>
  /** The turns that these entries of a log have caused, or that they answer; in the order they began. */
  turnsOf(conversation: ConversationId, seqs: readonly number[]): Promise<readonly TurnBody[]>
}

type LookingPorts = {
  readonly look: Look
  readonly hub: Pick<Hub, 'listenersOf' | 'conversations'>
  readonly inspection: Remembered
  readonly opening: Opening
  readonly sites: Sites
  readonly agents: Agents
}

/** What a list is asked for. */
export type ListQuery = {
  readonly bot?: string | undefined
  readonly user?: string | undefined
  readonly state?: ConversationRow['state'] | undefined
  /** Only those with turns that failed: with any problem, or with this one. */
  readonly failed?: 'any' | ProblemCode | undefined
  readonly words?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly limit: number
  /** What an earlier part gave as `next`; or how many to pass over. */
  readonly from: string | number
}

/** As many past activities as a chat is given: Web Chat grows slow with more. */
const chatActivitiesMax = 50

/** One answer's records: characters of their texts. */
const recordCharactersMax = 4 * 1024 * 1024

/** Answers those who look in. */
export class Looking {
  readonly #ports: LookingPorts

  constructor(ports: LookingPorts) {
    this.#ports = ports
  }

  /** A part of the list of conversations, newest activity first. @throws ProtocolError `Unacceptable` for another list's cursor */
  async list(query: ListQuery): Promise<ConversationsBody> {
    const { look } = this.#ports
    const { words, state, limit } = query
    if (state === 'imported') return { items: [] }
    const filter = this.#filterOf(query)
    const from = typeof query.from === 'number' ? { place: query.from, searched: 0 } : readCursor(query.from)
    const page = await look.conversations({ ...filter, words }, from.place, limit)
    const searched = from.searched + page.searched
    const isCounted = typeof from.place === 'number' && words === undefined && state === undefined
    return {
      items: page.conversations.map(looked => this.#row(looked)),
      ...(page.next === undefined ? {} : { next: writeCursor(page.next, searched) }),
      ...(isCounted ? { total: await look.count(filter) } : {}),
      ...(words === undefined ? {} : { searched }),
    }
  }

  /** Rows of these conversations; those that are gone are left out. */
  async rows(conversations: readonly ConversationId[]): Promise<readonly ConversationRow[]> {
    return (await this.#ports.look.these(conversations)).map(looked => this.#row(looked))
  }

  /** A conversation with what a page needs to join it. @throws ProtocolError `UnknownConversation` */
  async show(name: string): Promise<ConversationBody> {
    const looked = await this.#find(name)
    const watermark = await this.#ports.look.before(looked.id, chatActivitiesMax)
    return {
      ...this.#row(looked),
      token: await this.#tokenFor(looked),
      ...(watermark === undefined ? {} : { watermark50: writeWatermark(watermark) }),
    }
  }

  /** A part of a conversation's log with the turns that belong to it. @throws ProtocolError `UnknownConversation` */
  async records(name: string, range: LookRange, limit: number): Promise<RecordsBody> {
    const conversation = readName(name)
    const limits = { entries: limit, characters: recordCharactersMax }
    const found = await this.#ports.look.entries(conversation, range, limits)
    if (found === undefined) throw unknownConversation()
    const { entries, last } = found
    const positions = entries.map(entry => entry.position)
    const turns = await this.#ports.inspection.turnsOf(conversation, positions)
    const turnOf = turnsByPosition(turns)
    const [first] = positions
    const end = positions.at(-1)
    return {
      records: entries.map(entry => recordOf(entry, turnOf.get(entry.position))),
      turns,
      ...(end !== undefined && end < last ? { next: end } : {}),
      ...(first !== undefined && first > 1 ? { previous: first } : {}),
    }
  }

  /** A turn of a conversation with all that is known of it. @throws ProtocolError `UnknownConversation`, `UnknownTurn` */
  async turn(name: string, id: string): Promise<TurnBody> {
    const { id: conversation } = await this.#find(name)
    const turn = await this.#ports.inspection.turn(id)
    if (turn?.conversation !== conversation)
      throw new ProtocolError('UnknownTurn', 'No such turn of this conversation is remembered.')
    return turn
  }

  async #find(name: string): Promise<Looked> {
    const [looked] = await this.#ports.look.these([readName(name)])
    if (looked === undefined) throw unknownConversation()
    return looked
  }

  async #tokenFor({ id, bot, site: siteId, users }: Looked): Promise<string> {
    const site = this.#ports.sites.of(bot, siteId)
    if (site?.enabled !== true) return ''
    const [user] = users
    const parameters = {
      user: user === undefined ? undefined : { id: user, name: undefined },
      trustedOrigins: [],
      locale: undefined,
      conversation: id,
    }
    try {
      return (await this.#ports.opening.generate({ by: 'secret', site, secret: ownSecret }, parameters)).token
    } catch (error) {
      // A user the site does not take any more: it can be looked at, but not joined.
      if (error instanceof ProtocolError && error.failure === 'Unacceptable') return ''
      throw error
    }
  }

  #filterOf({ bot, user, state, failed, sinceMs, untilMs }: ListQuery): LookFilter {
    const live = state === undefined ? [] : this.#ports.hub.conversations
    return {
      bot: bot === undefined ? undefined : botId(bot),
      user: user === undefined ? undefined : userId(user),
      failed,
      ...(state === 'live' ? { among: live } : {}),
      ...(state === 'idle' || state === 'ended' ? { except: live, ended: state === 'ended' } : {}),
      sinceMs,
      untilMs,
    }
  }

  #row({ id, bot, site, users, startedMs, lastMs, last, ended, failed, preview }: Looked): ConversationRow {
    const sockets = this.#ports.hub.listenersOf(id)
    const agent = this.#ports.agents.of(id)
    return {
      id,
      bot,
      site,
      ...(users.length === 1 ? { user: users[0] } : {}),
      started: isoOf(startedMs),
      last: isoOf(lastMs),
      count: last,
      sockets,
      failed,
      state: sockets > 0 ? 'live' : ended ? 'ended' : 'idle',
      trace: false,
      preview,
      ...(agent === undefined ? {} : { agent }),
    }
  }
}

/** The newest turn that each position caused, else the turn it was said in. */
function turnsByPosition(turns: readonly TurnBody[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const { id, replies } of turns) for (const reply of replies) found.set(reply, id)
  for (const { id, cause } of turns) if (cause !== undefined) found.set(cause, id)
  return found
}

const isoOf = (ms: number): string => new Date(ms).toISOString()

const writeCursor = ({ lastMs, number }: LookPlace, searched: number): string => `${lastMs}.${number}.${searched}`

function readCursor(text: string): { readonly place: LookPlace; readonly searched: number } {
  const [, lastMs, number, searched] = /^(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/.exec(text) ?? []
  if (lastMs === undefined) throw new ProtocolError('Unacceptable', "'cursor' is not one of this list.")
  return { place: { lastMs: Number(lastMs), number: Number(number) }, searched: Number(searched) }
}

/** The part of a log that is asked for: its end if nothing is said. */
export function rangeOf(after: number | undefined, before: number | undefined): LookRange {
  if (after !== undefined) return { after: position(after) }
  return { before: position(before ?? Number.MAX_SAFE_INTEGER) }
}
