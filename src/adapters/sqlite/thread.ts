/**
 * The main thread's side of the writing thread. What waits while one group is being written is the next group: no
 * timer fills a group, and exactly one is under way.
 */
import { Worker } from 'node:worker_threads'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Command, FromWriter, Result, Results, ToWriter, WriterSetup } from './commands.ts'

/** How long a change that nobody waits for may lie: milliseconds. */
const laterMs = 200

/** What the thread makes is garbage as soon as its group is answered: without a bound V8 would give it room for many. */
const youngMegabytesMax = 8

/** A change that has been asked for. */
type Waiting = {
  readonly command: Command
  /** Makes of the result what the asker was promised. */
  readonly understood: (result: Result, command: Command) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Hands changes to the writing thread. */
export class WriterThread {
  readonly #setup: WriterSetup
  #worker: Worker | undefined
  #waiting: Waiting[] = []
  #underWay: readonly Waiting[] = []
  /** When the first of those that wait, and of those under way, was asked for. */
  #waitingSinceMs = 0
  #underWaySinceMs = 0
  #later: NodeJS.Timeout | undefined
  #collecting = false
  #closing = false
  #whenIdle: (() => void) | undefined

  constructor(setup: WriterSetup) {
    this.#setup = setup
  }

  /** Starts the thread. Resolves when its connection is open; rejects if it can't be opened. */
  async open(): Promise<void> {
    const worker = this.#start()
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve())
      worker.once('error', reject)
    })
  }

  /**
   * Asks for a change. Promises of one thread settle in the order of their calls: `understood` is applied here, in
   * one go for the whole group, and not by a `then`.
   *
   * @param failed called before the promise rejects
   */
  ask<C extends Command, T>(
    command: C,
    understood: (result: Results[C['kind']], command: C) => T,
    failed?: () => void,
  ): Promise<T> {
    return new Promise((resolve, rejected) => {
      if (this.#closing) return rejected(new Error('The store is closed.'))
      const reject = (error: unknown) => {
        failed?.()
        rejected(error)
      }
      if (this.#waiting.length === 0) this.#waitingSinceMs = performance.now()
      this.#waiting.push({ command, understood, resolve, reject } as Waiting)
      this.#collect()
    })
  }

  /**
   * Asks for a change that nobody waits for: it goes with the next group, or by itself after a moment, so that it
   * costs no sync of its own. Its place among the changes is that of the call.
   */
  askLater<C extends Command, T>(command: C, understood: (result: Results[C['kind']], command: C) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(new Error('The store is closed.'))
      if (this.#waiting.length === 0) this.#waitingSinceMs = performance.now()
      this.#waiting.push({ command, understood, resolve, reject } as Waiting)
      this.#later ??= setTimeout(() => this.#collect(), laterMs)
    })
  }

  /** How long the change that has waited longest has been waiting: milliseconds. */
  get waitingMs(): number {
    if (this.#underWay.length > 0) return performance.now() - this.#underWaySinceMs
    return this.#waiting.length > 0 ? performance.now() - this.#waitingSinceMs : 0
  }

  /** Waits for what has been asked, then closes the connection and ends the thread. */
  async close(): Promise<void> {
    this.#closing = true
    this.#collect()
    if (this.#waiting.length > 0 || this.#underWay.length > 0)
      await new Promise<void>(resolve => (this.#whenIdle = resolve))
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return
    await new Promise<void>(resolve => {
      worker.once('exit', () => resolve())
      worker.postMessage('close' satisfies ToWriter)
    })
  }

  /**
   * Sends when every request that has arrived in this turn of the loop has asked for its change. A microtask would come
   * after the first of them, and each burst would begin with a group, and a sync, of one.
   */
  #collect(): void {
    if (this.#collecting || this.#underWay.length > 0) return
    this.#collecting = true
    setImmediate(() => {
      this.#collecting = false
      this.#send()
    })
  }

  #send(): void {
    if (this.#waiting.length === 0) return
    this.#underWay = this.#waiting
    this.#underWaySinceMs = this.#waitingSinceMs
    this.#waiting = []
    clearTimeout(this.#later)
    this.#later = undefined
    const worker = this.#worker ?? this.#start()
    worker.postMessage(this.#underWay.map(one => one.command) satisfies ToWriter)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./writer.ts', import.meta.url), {
      workerData: this.#setup,
      name: 'landline-writer',
      resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
    })
    this.#worker = worker
    worker.on('message', (message: FromWriter) => {
      if (typeof message !== 'string') this.#answered(message)
    })
    let cause: unknown
    worker.on('error', error => (cause = error))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#died(cause)
    })
    return worker
  }

  #answered(results: readonly (Result | Error)[]): void {
    const answered = this.#underWay
    this.#underWay = []
    // First the next group goes out, so that it is written while these are told.
    this.#send()
    for (const [at, one] of answered.entries()) {
      const result = results[at]
      if (result instanceof Error) one.reject(notKept(result))
      else one.resolve(one.understood(result, one.command))
    }
    this.#tellIdle()
  }

  /** What was under way may be in the log or not. What waits goes to a new thread. */
  #died(cause: unknown): void {
    this.#worker = undefined
    const lost = this.#underWay
    this.#underWay = []
    for (const one of lost) one.reject(notKept(cause))
    this.#send()
    this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#waiting.length === 0 && this.#underWay.length === 0) this.#whenIdle?.()
  }
}

const notKept = (cause: unknown): Error =>
  new ProtocolError('Unavailable', 'The service cannot store this now.', { cause })
