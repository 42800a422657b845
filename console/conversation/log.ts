/**
 * A conversation's log as the page holds it: any part of it, read when it comes into sight, and everything new. Places
 * are counted from 1 without a gap, so a row that has not been read yet has its place already.
 */
import type { LogRecord, RecordsBody, TurnBody } from '../../src/protocol/admin-conversations.ts'
import { onceMore } from '../again.ts'
import { type ApiError, api } from '../api.ts'
import { Cell } from '../cell.ts'
import { asApiError } from '../parts/dialog.tsx'
import { idOf, isFailed } from './summary.ts'

/** Records read at once. */
const pageRecords = 100

/** Records read at once by a search through all of them: as many as the API gives. */
const searchRecords = 500

/** Pages that are read again after something may have been missed: those that were in sight last. */
const againPages = 4

/** What is read of the log. */
export class Log {
  /** Counts changes: whoever watches it draws again. */
  readonly version = new Cell(0)
  /** Why the last reading came to nothing. */
  failure: ApiError | undefined
  readonly #conversation: string
  readonly #records = new Map<number, LogRecord>()
  readonly #turns = new Map<string, TurnBody>()
  /** The turns that the activity at a place has caused, and the one that it answers. */
  readonly #turnsOf = new Map<number, string[]>()
  readonly #turnAnswered = new Map<number, string>()
  readonly #places = new Map<string, number>()
  /** Pages that have been asked for, those in sight last at the end. */
  readonly #asked = new Map<number, 'asked' | 'failed'>()
  readonly #ended = new AbortController()
  #last: number

  /** @param last the newest place, as far as is known */
  constructor(conversation: string, last: number) {
    this.#conversation = conversation
    this.#last = last
  }

  /** The newest place; 0 in an empty log. */
  get last(): number {
    return this.#last
  }

  /** How many records have been read. */
  get size(): number {
    return this.#records.size
  }

  /** Reads no more. */
  close(): void {
    this.#ended.abort()
  }

  record(seq: number): LogRecord | undefined {
    return this.#records.get(seq)
  }

  /** The turns of an activity, oldest first: more than one where it was sent again. */
  turnsOf(seq: number): readonly TurnBody[] {
    const turns = (this.#turnsOf.get(seq) ?? []).map(id => this.#turns.get(id) as TurnBody)
    return turns.sort((one, other) => (one.startedAt < other.startedAt ? -1 : 1))
  }

  /** The turn in which the bot said what is at a place, if it is known. */
  turnAnswered(seq: number): TurnBody | undefined {
    return this.#turns.get(this.#turnAnswered.get(seq) ?? '')
  }

  /** The place of an activity; undefined if it has not been read. */
  placeOf(activityId: string): number | undefined {
    return this.#places.get(activityId)
  }

  /** Everything that has been read, in order. */
  all(): readonly LogRecord[] {
    const read: LogRecord[] = []
    for (let seq = 1; seq <= this.#last; seq += 1) {
      const record = this.#records.get(seq)
      if (record !== undefined) read.push(record)
    }
    return read
  }

  /** Sees to it that what is in sight is read. */
  need(first: number, last: number): void {
    for (let page = pageOf(first); page <= pageOf(last); page += 1) this.#need(page)
  }

  /**
   * Reads again what was in sight last and the end of the log, with their turns: something of them may have been missed.
   * Everything else is read again when it comes into sight. A failure is told like any other.
   */
  readonly readAgain: () => void = onceMore(async () => {
    if (this.#asked.size === 0) return
    const newest = pageOf(this.#last)
    const pages = new Set([...[...this.#asked.keys()].slice(-againPages), newest])
    this.#asked.clear()
    for (const page of pages) this.#need(page)
    await this.#readFrom((newest + 1) * pageRecords).catch(error => this.#failed(error))
  })

  /** Reads whatever has not been read, newest first, until there is no more or `isWanted` says no. */
  async readAll(isWanted: () => boolean): Promise<void> {
    let before = this.#last + 1
    while (before > 1 && isWanted()) {
      if (this.#records.has(before - 1)) {
        before -= 1
        continue
      }
      const limit = Math.min(searchRecords, before - 1)
      const body = await api.records(this.#conversation, { before, limit }, this.#ended.signal)
      this.add(body)
      before = body.records[0]?.seq ?? 1
    }
  }

  /** Reads one record whole, where it was shortened. */
  async readWhole(seq: number): Promise<void> {
    this.add(await api.records(this.#conversation, { after: seq - 1, limit: 1 }, this.#ended.signal))
  }

  /** Takes in what was read or heard. */
  add({ records = [], turns = [] }: Partial<Pick<RecordsBody, 'records' | 'turns'>>): void {
    if (records.length === 0 && turns.length === 0) return
    for (const record of records) {
      const { seq, activity, of } = record
      // What the live socket shortened does not take the place of what was read whole.
      const known = this.#records.get(seq)
      if (known === undefined || known.cut || !record.cut) this.#records.set(seq, record)
      if (of === undefined && idOf(activity) !== '') this.#places.set(idOf(activity), seq)
      this.#last = Math.max(this.#last, seq)
    }
    for (const turn of turns) {
      const { id, cause, replies } = turn
      const known = this.#turns.get(id)
      if (known !== undefined && isOlder(turn, known)) continue
      if (known === undefined && cause !== undefined)
        this.#turnsOf.set(cause, [...(this.#turnsOf.get(cause) ?? []), id])
      for (const seq of replies) this.#turnAnswered.set(seq, id)
      this.#turns.set(id, turn)
    }
    this.failure = undefined
    this.version.set(this.version.value + 1)
  }

  #need(page: number): void {
    const isAsked = this.#asked.get(page) === 'asked'
    this.#asked.delete(page)
    this.#asked.set(page, 'asked')
    if (isAsked) return
    this.#readPage(page).catch(error => {
      this.#asked.set(page, 'failed')
      this.#failed(error)
    })
  }

  /** Reads everything that follows a place. */
  async #readFrom(after: number): Promise<void> {
    let next: number | undefined = after
    while (next !== undefined) {
      const body: RecordsBody = await api.records(
        this.#conversation,
        { after: next, limit: searchRecords },
        this.#ended.signal,
      )
      this.add(body)
      next = body.next
    }
  }

  async #readPage(page: number): Promise<void> {
    const end = (page + 1) * pageRecords
    let after: number | undefined = page * pageRecords
    while (after !== undefined && after < end) {
      const limit = end - after
      const body: RecordsBody = await api.records(this.#conversation, { after, limit }, this.#ended.signal)
      this.add(body)
      after = body.next
    }
    // A page that is not full yet goes on being filled by what comes live.
  }

  #failed(error: unknown): void {
    if (this.#ended.signal.aborted) return
    this.failure = asApiError(error)
    this.version.set(this.version.value + 1)
  }
}

/** Whether the one state of a turn was before the other. A turn that is over does not run again, and only grows. */
function isOlder(turn: TurnBody, known: TurnBody): boolean {
  const [isRunning, wasRunning] = [turn.outcome === 'running', known.outcome === 'running']
  if (isRunning !== wasRunning) return isRunning
  // An answer may turn out to be worthless when the bot has long given it.
  if (isFailed(turn) !== isFailed(known)) return isFailed(known)
  return turn.totalMs < known.totalMs || turn.replies.length < known.replies.length
}

const pageOf = (seq: number): number => Math.floor((Math.max(seq, 1) - 1) / pageRecords)
