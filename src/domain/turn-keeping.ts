/**
 * Turns on their way into the store: some at a time, each lot after the one before it, and never so many that a message
 * would notice. What comes faster than that is dropped and counted; turns that failed go first.
 */
import type { ConversationId } from '../protocol/ids.ts'
import type { Events } from './events.ts'
import type { Clock } from './ports.ts'
import type { TurnMarks } from './turn-marks.ts'
import type { KeptTurn, TurnStore } from './turn-port.ts'

/** How long a turn waits for others, and for what may still come of it: milliseconds. */
const lotMs = 500

/** Turns in one lot: writing so many holds up the commit they ride in by half a millisecond. */
const lotMax = 64

/** Turns that wait, of those that failed and of the others. */
const waitingMax = 512

/** How often the store is asked to forget the oldest, unless there is more to forget: milliseconds. */
const forgetMs = 5_000

/** Turns forgotten in one go: more than are written in one, so that the store gets no further behind. */
const forgetMax = lotMax + 16

/** For every turn that the ring in memory has room for, the store keeps so many. */
const keptForEach = 10

type KeepingPorts = {
  readonly store: TurnStore
  readonly clock: Clock
  readonly events: Events
  /** What is kept of a turn. */
  readonly written: (marks: TurnMarks) => KeptTurn
}

/** Puts turns into the store. */
export class TurnKeeping {
  readonly #ports: KeepingPorts
  readonly #limits: { readonly turns: number; readonly hours: number }
  #failed: TurnMarks[] = []
  #others: TurnMarks[] = []
  #cancel: (() => void) | undefined
  #isWriting = false
  #isStopped = false
  #hasFailed = false
  #forgottenMs = Number.NEGATIVE_INFINITY
  #dropped = 0

  constructor(ports: KeepingPorts, limits: { readonly turns: number; readonly hours: number }) {
    this.#ports = ports
    this.#limits = limits
  }

  /** Turns that were not put into the store because there were too many, or because it could not take them. */
  get dropped(): number {
    return this.#dropped
  }

  /** There is something new to keep of a turn. */
  keep(marks: TurnMarks): void {
    if (marks.keeping === 'waiting' || this.#isStopped) return
    const waiting = marks.outcome === 'ok' ? this.#others : this.#failed
    if (waiting.length >= waitingMax) {
      this.#dropped += 1
      return
    }
    marks.keeping = 'waiting'
    waiting.push(marks)
    if (!this.#isWriting) this.#cancel ??= this.#ports.clock.after(lotMs, () => this.#write())
  }

  /** Nothing of these conversations is kept any more. */
  forget(conversations: ReadonlySet<ConversationId>): void {
    this.#failed = this.#failed.filter(marks => !conversations.has(marks.conversation))
    this.#others = this.#others.filter(marks => !conversations.has(marks.conversation))
  }

  /** What was exchanged in turns about an entry is not kept: those that wait may have left the ring. */
  dropBodies(conversation: ConversationId, position: number): void {
    for (const marks of [...this.#failed, ...this.#others])
      if (marks.conversation === conversation && marks.isAbout(position)) marks.dropBodies()
  }

  /** Forgets in the store what is past its time, unless that has just been done. */
  forgetPast(): void {
    if (this.#isWriting || this.#isStopped || !this.#mayForget) return
    this.#isWriting = true
    this.#during('forgetting turns', this.#forget())
  }

  /** Asks the store to keep all that waits, and takes no more. A store that is closed waits for what it was asked. */
  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
    const rest = [...this.#failed.splice(0), ...this.#others.splice(0)]
    if (rest.length > 0) this.#during('keeping turns', this.#put(rest))
  }

  #write(): void {
    this.#cancel = undefined
    const lot = this.#nextLot()
    if (lot.length === 0) return
    this.#isWriting = true
    this.#during('keeping turns', this.#put(lot))
  }

  async #put(lot: readonly TurnMarks[]): Promise<void> {
    for (const marks of lot) marks.keeping = 'kept'
    try {
      await this.#ports.store.putTurns(lot.map(this.#ports.written))
    } catch (error) {
      this.#dropped += lot.length
      throw error
    }
    if (this.#mayForget && !this.#isStopped) await this.#forget()
  }

  get #mayForget(): boolean {
    return this.#ports.clock.monotonicMs() - this.#forgottenMs >= forgetMs
  }

  async #forget(): Promise<void> {
    const { store, clock } = this.#ports
    const { turns, hours } = this.#limits
    const beforeMs = clock.nowMs() - hours * 60 * 60 * 1000
    const forgotten = await store.forgetTurns(beforeMs, turns * keptForEach, forgetMax)
    // Where there was as much as one go may forget, there is more.
    this.#forgottenMs = forgotten < forgetMax ? clock.monotonicMs() : Number.NEGATIVE_INFINITY
  }

  /** Nobody waits for it. Of failures in a row the first is told. */
  #during(during: string, work: Promise<void>): void {
    work
      .then(
        () => {
          this.#hasFailed = false
        },
        (error: unknown) => {
          if (!this.#hasFailed) this.#ports.events({ event: 'fault', during, error })
          this.#hasFailed = true
        },
      )
      .finally(() => {
        this.#isWriting = false
        if (this.#isStopped || this.#failed.length + this.#others.length === 0) return
        this.#cancel ??= this.#ports.clock.after(lotMs, () => this.#write())
      })
  }

  #nextLot(): readonly TurnMarks[] {
    const failed = this.#failed.splice(0, lotMax)
    return [...failed, ...this.#others.splice(0, lotMax - failed.length)]
  }
}
