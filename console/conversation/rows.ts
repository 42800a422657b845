/**
 * The conversations as the page holds them. Where the service says how many there are, any part of the list can be
 * read by its place; a search is read page by page. What changes meanwhile is taken in, or waits to be.
 */
import type { ConversationRow, ConversationsBody } from '../../src/protocol/admin-conversations.ts'
import { onceMore, untilReached } from '../again.ts'
import { type ApiError, api, type ConversationQuery } from '../api.ts'
import { Cell } from '../cell.ts'
import { asApiError } from '../parts/dialog.tsx'

/** Rows read at once. */
const pageRows = 100

/** Rows before the end of what has been read at which more of a search is read. */
const aheadRows = 20

/** The rows of one list. Another filter is another list. */
export class Rows {
  /** Counts changes: whoever watches it draws again. */
  readonly version = new Cell(0)
  /** Why the last reading came to nothing. */
  failure: ApiError | undefined
  /** How many conversations a search has looked at so far. */
  searched: number | undefined
  /** Whether the first page is there. */
  isRead = false
  /** Rows by their place; absent where nothing has been read yet. */
  #rows: (ConversationRow | undefined)[] = []
  readonly #query: ConversationQuery
  /** Parts that are being read. Another set once the beginning has been read again: those parts are of no use then. */
  #reading = new Set<number>()
  readonly #ended = new AbortController()
  /** What is in sight. */
  #sight: readonly [first: number, last: number] = [0, 0]
  /** When something last happened in any of them, as of the reading of the beginning. What has started later is new. */
  #newest = ''
  /** What has been heard while the beginning is read: it may be newer. Undefined at other times. */
  #heard: (() => void)[] | undefined
  /** What has come or moved up while somebody looks further down: newest last. */
  readonly #waiting = new Map<string, ConversationRow>()
  /** Whether places are known; else what to go on with, undefined at the end. */
  #places = false
  #cursor: string | undefined

  constructor(query: ConversationQuery) {
    this.#query = query
  }

  /** How many rows there are, as far as is known. */
  get count(): number {
    return this.#rows.length
  }

  /** Whether more is to be read at the end. */
  get hasMore(): boolean {
    return !this.#places && (!this.isRead || this.#cursor !== undefined)
  }

  /** How many wait to be shown at the top. */
  get waiting(): number {
    return this.#waiting.size
  }

  row(index: number): ConversationRow | undefined {
    return this.#rows[index]
  }

  /** The place of a row, or -1. */
  indexOf(id: string | undefined): number {
    return id === undefined ? -1 : this.#rows.findIndex(row => row?.id === id)
  }

  /** Reads no more. */
  close(): void {
    this.#ended.abort()
  }

  /**
   * Reads the beginning, and what is in sight after it; once more where changes may have been missed. What is there
   * stays until then. A service that does not answer is asked again.
   */
  readonly open: () => void = onceMore(async () => {
    for (let tries = 0; !this.#ended.signal.aborted; tries += 1) {
      this.#heard = []
      const body = await this.#read({})
      if (body !== undefined) this.#begin(body)
      this.#heard = undefined
      if (body !== undefined || this.failure?.status !== 0) return
      await untilReached(tries)
    }
  })

  #begin(body: ConversationsBody): void {
    this.#reading = new Set()
    this.#waiting.clear()
    this.#newest = body.items[0]?.last ?? ''
    this.#places = body.total !== undefined
    this.#cursor = this.#places ? undefined : body.next
    this.#rows = [...body.items]
    if (body.total !== undefined) this.#rows.length = Math.max(body.total, body.items.length)
    this.searched = body.searched
    this.isRead = true
    const heard = this.#heard ?? []
    this.#heard = undefined
    for (const take of heard) take()
    this.#changed()
    // A search that has found little so far goes on by itself.
    if (body.items.length < aheadRows) void this.more()
    else this.need(...this.#sight)
  }

  /** Sees to it that what is in sight is read. */
  need(first: number, last: number): void {
    this.#sight = [first, last]
    if (!this.#places) {
      if (last >= this.#rows.length - aheadRows) void this.more()
      return
    }
    for (let page = Math.floor(first / pageRows); page <= Math.floor(last / pageRows); page += 1) {
      const from = page * pageRows
      const part = Array.from(
        { length: Math.min(pageRows, this.#rows.length - from) },
        (_, at) => this.#rows[from + at],
      )
      if (part.some(row => row === undefined)) void this.#readPlace(from)
    }
  }

  /** Reads on in a search until something has been found, or the end is reached. */
  async more(): Promise<void> {
    await this.#readOn(this.#rows.length + aheadRows)
  }

  /** Reads to the very end of a search. */
  async toEnd(): Promise<void> {
    await this.#readOn(Number.POSITIVE_INFINITY)
  }

  /**
   * Takes in what has changed.
   *
   * @param isAtTop whether new rows may come in at the top: else they wait
   * @param fits whether a row belongs to this list
   */
  heard(rows: readonly ConversationRow[], isAtTop: boolean, fits: (row: ConversationRow) => boolean): void {
    this.#heard?.push(() => this.heard(rows, isAtTop, fits))
    if (!this.isRead) return
    for (const row of rows) {
      const index = this.indexOf(row.id)
      const known = this.#rows[index]
      if (known !== undefined && known.last <= row.last) this.#rows[index] = row
      const isMoved = known === undefined || known.last < row.last
      if (isMoved && fits(row) && (index !== 0 || this.#waiting.size > 0)) {
        this.#waiting.delete(row.id)
        this.#waiting.set(row.id, row)
      }
    }
    if (isAtTop) this.#takeIn()
    this.#changed()
  }

  /** Shows at the top what waits. */
  takeIn(): void {
    this.#takeIn()
    this.#changed()
  }

  #takeIn(): void {
    for (const row of this.#waiting.values()) {
      const index = this.indexOf(row.id)
      if (index >= 0) this.#rows.splice(index, 1)
      // A row that has not been read yet has moved up from somewhere; only a new one makes the list longer.
      else if (this.#places && row.started <= this.#newest) this.#forgetHole()
      this.#rows.unshift(row)
    }
    this.#waiting.clear()
  }

  #forgetHole(): void {
    const hole = this.#rows.lastIndexOf(undefined)
    if (hole >= 0) this.#rows.splice(hole, 1)
  }

  async #readPlace(from: number): Promise<void> {
    const reading = this.#reading
    if (reading.has(from)) return
    reading.add(from)
    // In the service's order, what waits here is at the top already.
    const above = [...this.#waiting.keys()].filter(id => this.indexOf(id) === -1).length
    const body = await this.#read({ offset: from + above })
    reading.delete(from)
    if (body === undefined || reading !== this.#reading) return
    for (const [at, row] of body.items.entries()) {
      const index = from + at
      const elsewhere = this.indexOf(row.id)
      if (elsewhere >= 0 && elsewhere !== index) this.#rows[elsewhere] = undefined
      if (index < this.#rows.length) this.#rows[index] = row
    }
    this.#changed()
  }

  async #readOn(wanted: number): Promise<void> {
    const reading = this.#reading
    if (reading.has(-1)) return
    reading.add(-1)
    while (this.#cursor !== undefined && this.#rows.length < wanted && !this.#ended.signal.aborted) {
      const body = await this.#read({ cursor: this.#cursor })
      if (body === undefined || reading !== this.#reading) break
      const known = new Set(this.#rows.map(row => row?.id))
      this.#rows.push(...body.items.filter(({ id }) => !known.has(id)))
      this.#cursor = body.next
      this.searched = body.searched ?? this.searched
      this.#changed()
    }
    reading.delete(-1)
  }

  async #read(where: ConversationQuery): Promise<ConversationsBody | undefined> {
    try {
      const query = { ...this.#query, ...where, limit: pageRows }
      const body: ConversationsBody = await api.conversations(query, this.#ended.signal)
      this.failure = undefined
      return body
    } catch (error) {
      if (this.#ended.signal.aborted) return undefined
      this.failure = asApiError(error)
      this.#changed()
      return undefined
    }
  }

  #changed(): void {
    if (!this.#ended.signal.aborted) this.version.set(this.version.value + 1)
  }
}
