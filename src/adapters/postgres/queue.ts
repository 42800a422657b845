/**
 * Changes that wait, in the order of their calls for each thing that is changed. What waits is taken in groups, and a
 * thing whose changes are being made is passed over until they have been.
 */
import type { AppendChange, Change } from './changes.ts'

/** How much one group may hold: changes, characters. */
const groupMax = 256
const groupCharactersMax = 1024 * 1024

/** A change that has been asked for. */
export type Waiting = {
  /** What is changed, such as a conversation: changes of one subject are made one after another. */
  readonly subject: string
  readonly change: Change
  readonly askedMs: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Holds what waits. */
export class Queue {
  /** By subject, those first that have waited longest for their turn. */
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #busy = new Set<string>()

  add(one: Waiting): void {
    const before = this.#waiting.get(one.subject)
    if (before === undefined) this.#waiting.set(one.subject, [one])
    else before.push(one)
  }

  /** Whether nothing waits and nothing is being made. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#busy.size === 0
  }

  /** When the first of those that wait was asked for; undefined if none waits. */
  get oldestMs(): number | undefined {
    let oldest: number | undefined
    for (const [one] of this.#waiting.values())
      if (one !== undefined && (oldest === undefined || one.askedMs < oldest)) oldest = one.askedMs
    return oldest
  }

  /**
   * Takes the next group: one change that is a statement of its own, or any number of those that go together. Its
   * subjects are busy until `release`. Empty if there is nothing to do.
   */
  take(): readonly Waiting[] {
    const group: Waiting[] = []
    let characters = 0
    for (const [subject, waiting] of this.#waiting) {
      const [first] = waiting
      if (first === undefined || this.#busy.has(subject)) continue
      if (first.change.kind === 'single') {
        if (group.length > 0) continue
        return this.#takeOff(subject, waiting, 1)
      }
      const run = runOf(waiting, groupMax - group.length, groupCharactersMax - characters)
      // What is too long to go with others goes alone.
      const count = run.count === 0 && group.length === 0 ? 1 : run.count
      if (count === 0) break
      group.push(...this.#takeOff(subject, waiting, count))
      characters += run.characters
      if (group.length >= groupMax) break
    }
    return group
  }

  /** What was taken has been made, or never will be. */
  release(group: readonly Waiting[]): void {
    for (const { subject } of group) this.#busy.delete(subject)
  }

  /** Takes out what was asked for before a time, and is not being made. */
  takeBefore(ms: number): readonly Waiting[] {
    const old: Waiting[] = []
    for (const [subject, waiting] of this.#waiting) {
      const count = waiting.findIndex(({ askedMs }) => askedMs >= ms)
      old.push(...waiting.splice(0, count === -1 ? waiting.length : count))
      if (waiting.length === 0) this.#waiting.delete(subject)
    }
    return old
  }

  /** What is left of the subject goes to the end, so that every subject has its turn. */
  #takeOff(subject: string, waiting: Waiting[], count: number): readonly Waiting[] {
    const taken = waiting.splice(0, count)
    this.#busy.add(subject)
    this.#waiting.delete(subject)
    if (waiting.length > 0) this.#waiting.set(subject, waiting)
    return taken
  }
}

/**
 * How many of the first can go in one group: settled entries, then appends of which no two have one key; a replace alone,
 * because it may be about the one before it.
 */
function runOf(
  waiting: readonly Waiting[],
  max: number,
  charactersMax: number,
): { readonly count: number; readonly characters: number } {
  const keys = new Set<string>()
  let appends = 0
  let count = 0
  let characters = 0
  for (const { change } of waiting) {
    if (change.kind === 'single' || count >= max) break
    if (change.kind === 'settle' && appends > 0) break
    if (change.kind === 'append') {
      const more = change.request.activity.rest.length
      if (characters + more > charactersMax) break
      if (appends > 0 && (change.target !== undefined || isTwice(keys, change))) break
      if (change.request.key !== undefined) keys.add(change.request.key)
      appends += 1
      characters += more
      if (change.target !== undefined) return { count: count + 1, characters }
    }
    count += 1
  }
  return { count, characters }
}

const isTwice = (keys: ReadonlySet<string>, { request: { key } }: AppendChange): boolean =>
  key !== undefined && keys.has(key)
