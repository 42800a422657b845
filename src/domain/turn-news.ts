/**
 * Telling those who look in what happens: changes are gathered for a moment, so that a turn that takes ten steps is told
 * once or twice. While nobody listens it costs one look at whether anybody does.
 */
import type { TurnBody } from '../protocol/admin-conversations.ts'
import type { StatsPoint } from '../protocol/admin-live.ts'
import type { Problem } from '../protocol/admin-problems.ts'
import type { ConversationId } from '../protocol/ids.ts'
import type { Clock } from './ports.ts'
import type { TurnMarks } from './turn-marks.ts'

/** What whoever listens is told. A turn is told again whenever there is more of it; `problems` is the whole list. */
export type InspectionNews =
  | { readonly topic: 'turns'; readonly event: TurnBody }
  | { readonly topic: 'stats'; readonly event: StatsPoint }
  | { readonly topic: 'problems'; readonly event: readonly Problem[] }

/** Hears of turns, seconds and problems. Must not throw. */
export type InspectionListener = (news: InspectionNews) => void

/** How long changes are gathered: milliseconds. */
const tellMs = 50

/** Turns that have changed and have not been told; of more, the oldest are not told of. */
const untoldMax = 10_000

type TurnNewsPorts = {
  readonly clock: Clock
  readonly body: (marks: TurnMarks) => TurnBody
  readonly problems: () => readonly Problem[]
}

/** Tells listeners. */
export class TurnNews {
  readonly #ports: TurnNewsPorts
  readonly #listeners = new Set<InspectionListener>()
  readonly #untold = new Set<TurnMarks>()
  #problemsUntold = false
  #cancel: (() => void) | undefined

  constructor(ports: TurnNewsPorts) {
    this.#ports = ports
  }

  /** Tells from now on. Answers what ends it. */
  listen(listener: InspectionListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** There is more to tell of a turn. */
  turn(marks: TurnMarks): void {
    if (this.#listeners.size === 0) return
    this.#untold.add(marks)
    if (this.#untold.size > untoldMax) {
      const oldest = this.#untold.keys().next()
      if (!oldest.done) this.#untold.delete(oldest.value)
    }
    this.#soon()
  }

  /** The list of problems is another. */
  problems(): void {
    if (this.#listeners.size === 0) return
    this.#problemsUntold = true
    this.#soon()
  }

  /** A second is over. */
  second(point: StatsPoint): void {
    for (const listener of this.#listeners) listener({ topic: 'stats', event: point })
  }

  /** Of these conversations nothing is told any more. */
  forget(conversations: ReadonlySet<ConversationId>): void {
    for (const marks of this.#untold) if (conversations.has(marks.conversation)) this.#untold.delete(marks)
  }

  /** Tells no more. */
  stop(): void {
    this.#listeners.clear()
    this.#cancel?.()
  }

  #soon(): void {
    this.#cancel ??= this.#ports.clock.after(tellMs, () => this.#tell())
  }

  #tell(): void {
    this.#cancel = undefined
    const news: InspectionNews[] = [...this.#untold].map(marks => ({ topic: 'turns', event: this.#ports.body(marks) }))
    this.#untold.clear()
    if (this.#problemsUntold) news.push({ topic: 'problems', event: this.#ports.problems() })
    this.#problemsUntold = false
    for (const listener of this.#listeners) for (const one of news) listener(one)
  }
}
