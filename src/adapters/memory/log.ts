/**
 * One conversation in memory: its log and what belongs to it.
 */
import type { LookEntry } from '../../domain/look-port.ts'
import type {
  Append,
  Appended,
  Conversation,
  Entry,
  LogLimits,
  Member,
  Page,
  Replace,
  Replaced,
} from '../../domain/ports.ts'
import { placed } from '../../protocol/activity.ts'
import type { ActivityId, UserId } from '../../protocol/ids.ts'
import { activityIdAt, beginning, next, type Position, position } from '../../protocol/watermark.ts'

type Slot = {
  readonly id: ActivityId
  readonly timestampMs: number
  /** The position in the id. */
  readonly target: Position
  /** Without its text once it has been erased. */
  entry: Entry
  state: LookEntry['state']
  /** On a first version: all of its versions have been erased. */
  erased: boolean
  settled: boolean
}

/** A conversation. Entry n of the log is slot n-1. */
export class Log {
  readonly #head: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>
  readonly #limits: LogLimits
  readonly #slots: Slot[] = []
  readonly #keys = new Map<string, Position>()
  readonly #members = new Map<UserId, Member>()
  readonly #unannounced = new Set<UserId>()
  #botAnnounced = false
  #lastTimestampMs = 0
  #characters = 0
  #seenMs: number
  /** When it was started: milliseconds since 1970. */
  readonly startedMs: number
  /** Grows from one conversation to the next. */
  readonly number: number

  constructor(
    head: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>,
    atMs: number,
    limits: LogLimits,
    number: number,
  ) {
    this.number = number
    this.#head = { id: head.id, bot: head.bot, site: head.site, locale: head.locale }
    this.#limits = limits
    this.#seenMs = atMs
    this.startedMs = atMs
  }

  get conversation(): Conversation {
    return { ...this.#head, last: this.#last, lastTimestampMs: this.#lastTimestampMs, seenMs: this.#seenMs }
  }

  touch(atMs: number): void {
    this.#seenMs = Math.max(this.#seenMs, atMs)
  }

  append(request: Append, replaced?: Pick<Replace, 'target' | 'erase'>): Replaced {
    const known = request.key === undefined ? undefined : this.#keys.get(request.key)
    if (known !== undefined) return this.#repeated(known)
    const target = replaced === undefined ? undefined : this.#slot(replaced.target)
    if (replaced !== undefined && (target === undefined || target.target !== replaced.target || target.erased))
      return { outcome: 'missing' }
    return this.#write(request, target, replaced?.erase ?? false)
  }

  settle(at: Position): void {
    const slot = this.#slot(at)
    if (slot !== undefined) slot.settled = true
  }

  page(after: Position, limits: { readonly entries: number; readonly characters: number }): Page {
    const entries: Entry[] = []
    let characters = 0
    for (let at = after; at < this.#last; at = next(at)) {
      const entry = shownIn(this.#slots[at])
      if (entry === undefined) continue
      const before = entries.at(-1)
      characters += entry.text.length
      if (before !== undefined && (entries.length >= limits.entries || characters > limits.characters)) {
        return { entries, end: before.position, more: true }
      }
      entries.push(entry)
    }
    return { entries, end: this.#last, more: false }
  }

  entryAt(target: Position): Entry | undefined {
    return shownIn(this.#slots.find(slot => slot.target === target && slot.state === 'shown'))
  }

  /** The entry at a position, whether or not it has given way. */
  lookAt(at: number): LookEntry | undefined {
    const slot = this.#slots[at - 1]
    if (slot === undefined) return undefined
    return { ...slot.entry, timestampMs: slot.timestampMs, state: slot.state, target: slot.target }
  }

  get members(): readonly Member[] {
    return [...this.#members.values()]
  }

  join(member: Member): boolean {
    if (this.#members.has(member.id)) return false
    this.#members.set(member.id, { id: member.id, name: member.name })
    this.#unannounced.add(member.id)
    return true
  }

  leave(member: UserId): void {
    this.#members.delete(member)
    this.#unannounced.delete(member)
  }

  get unannounced(): readonly (UserId | undefined)[] {
    return this.#botAnnounced ? [...this.#unannounced] : [undefined, ...this.#unannounced]
  }

  announced(members: readonly (UserId | undefined)[]): void {
    for (const member of members) {
      if (member === undefined) this.#botAnnounced = true
      else this.#unannounced.delete(member)
    }
  }

  get #last(): Position {
    return position(this.#slots.length)
  }

  #slot(at: Position): Slot | undefined {
    return at > beginning ? this.#slots[at - 1] : undefined
  }

  #repeated(at: Position): Appended {
    const slot = this.#slot(at)
    if (slot === undefined) throw new Error('a key names a position that the log does not have')
    return {
      outcome: 'repeated',
      position: at,
      id: slot.id,
      timestampMs: slot.timestampMs,
      turn: slot.settled ? 'accepted' : 'open',
    }
  }

  #write(request: Append, target: Slot | undefined, erase: boolean): Appended {
    const at = next(this.#last)
    const timestampMs = target?.timestampMs ?? Math.max(request.atMs, this.#lastTimestampMs + 1)
    const first = target?.target ?? at
    const id = activityIdAt(this.#head.id, first)
    const entry: Entry = {
      position: at,
      text: placed(request.activity.rest, id, timestampMs),
      audience: request.activity.audience,
    }
    const characters = this.#characters + entry.text.length
    if (!erase && (at > this.#limits.entriesMax || characters > this.#limits.charactersMax)) return { outcome: 'full' }
    if (target !== undefined) {
      target.erased = erase
      for (const slot of this.#slots) if (slot.target === first) giveWay(slot, erase)
    }
    this.#slots.push({ id, timestampMs, target: first, entry, state: 'shown', erased: false, settled: false })
    this.#characters = characters
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs, timestampMs)
    if (request.key !== undefined) this.#keys.set(request.key, at)
    this.touch(request.atMs)
    return { outcome: 'appended', entry, id, timestampMs }
  }
}

const shownIn = (slot: Slot | undefined): Entry | undefined => (slot?.state === 'shown' ? slot.entry : undefined)

function giveWay(slot: Slot, erase: boolean): void {
  if (erase) {
    slot.state = 'erased'
    slot.entry = { ...slot.entry, text: '' }
  } else if (slot.state === 'shown') {
    slot.state = 'replaced'
  }
}
