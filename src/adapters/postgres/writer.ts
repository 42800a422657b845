/**
 * Makes changes: what waits while some groups are being written is in the next one. No timer fills a group, and a change
 * is answered when its commit has been confirmed and not before.
 */
import type { LogLimits } from '../../domain/ports.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { makeGroup } from './appending.ts'
import type { AppendChange, Change, SettleChange, SingleChange } from './changes.ts'
import { type Connections, isOutage, pause } from './connections.ts'
import { Queue, type Waiting } from './queue.ts'

/** How long a change that nobody waits for may lie: milliseconds. */
const laterMs = 200

/** How long a change waits for a server that is away: milliseconds. A failover takes some seconds. */
const patienceMs = 10_000

/** Hands changes to the database. */
export class Writer {
  readonly #database: Connections
  readonly #limits: LogLimits
  readonly #groupsMax: number
  readonly #queue = new Queue()
  readonly #underWay = new Set<readonly Waiting[]>()
  #later: NodeJS.Timeout | undefined
  #collecting = false
  #closing = false
  #whenIdle: (() => void) | undefined

  /** @param groupsMax how many groups are written at once: as many connections as are used */
  constructor(database: Connections, limits: LogLimits, groupsMax: number) {
    this.#database = database
    this.#limits = limits
    this.#groupsMax = groupsMax
  }

  /**
   * Asks for a change. Promises of one subject settle in the order of their calls.
   *
   * @throws ProtocolError `Unavailable`: the change has been made or not, nobody knows
   */
  ask<Answer>(subject: string, change: Change | (SingleChange & { make(d: Connections): Promise<Answer> })) {
    const asked = this.#add<Answer>(subject, change)
    if (!this.#closing) this.#collect()
    return asked
  }

  /**
   * Asks for a change that nobody waits for: it goes with the next group, or by itself after a moment. Its place among
   * the changes of its subject is that of the call.
   */
  askLater<Answer>(subject: string, change: Change | (SingleChange & { make(d: Connections): Promise<Answer> })) {
    const asked = this.#add<Answer>(subject, change)
    if (!this.#closing) this.#later ??= setTimeout(() => this.#collect(), laterMs)
    return asked
  }

  /** How long the change that has waited longest has been waiting: milliseconds. */
  get waitingMs(): number {
    let oldest = this.#queue.oldestMs ?? Number.POSITIVE_INFINITY
    for (const group of this.#underWay) for (const { askedMs } of group) oldest = Math.min(oldest, askedMs)
    return Math.max(0, performance.now() - oldest)
  }

  /** Resolves when everything that was asked for has been answered. Nothing is taken from now on. */
  async close(): Promise<void> {
    this.#closing = true
    this.#collect()
    if (!this.#queue.isIdle) await new Promise<void>(resolve => (this.#whenIdle = resolve))
    clearTimeout(this.#later)
  }

  #add<Answer>(subject: string, change: Change): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(new ProtocolError('Unavailable', 'The store is closed.'))
      const settled = { resolve: resolve as Waiting['resolve'], reject }
      this.#queue.add({ subject, change, askedMs: performance.now(), ...settled })
    })
  }

  /**
   * Sends when every request that has arrived in this turn of the loop has asked for its change. A microtask would come
   * after the first of them, and each burst would begin with a group, and a commit, of one.
   */
  #collect(): void {
    if (this.#collecting) return
    this.#collecting = true
    setImmediate(() => {
      this.#collecting = false
      clearTimeout(this.#later)
      this.#later = undefined
      this.#send()
    })
  }

  #send(): void {
    while (this.#underWay.size < this.#groupsMax) {
      const group = this.#queue.take()
      if (group.length === 0) break
      this.#underWay.add(group)
      void this.#work(group)
    }
  }

  /** Never rejects: whoever asked is told. */
  async #work(group: readonly Waiting[]): Promise<void> {
    const answers = await this.#make(group)
    this.#underWay.delete(group)
    this.#queue.release(group)
    // First the next groups go out, so that they are written while these are told.
    this.#send()
    for (const [at, { resolve, reject }] of group.entries()) {
      const answer = answers[at]
      if (answer instanceof Error) reject(notKept(answer))
      else resolve(answer)
    }
    if (this.#queue.isIdle) this.#whenIdle?.()
  }

  /** Makes a group until it is known to have been made, or its time is over. Answers each, or why nobody knows. */
  async #make(group: readonly Waiting[]): Promise<readonly unknown[]> {
    for (let tried = 0; ; tried += 1) {
      try {
        return await this.#attempt(group.map(({ change }) => change))
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error))
        if (!isOutage(failure)) {
          // One of them is at fault; alone it can't fail its neighbours.
          if (group.length === 1) return [failure]
          const answers: unknown[] = []
          for (const one of group) answers.push((await this.#make([one]))[0])
          return answers
        }
        const longAgoMs = performance.now() - patienceMs
        for (const { reject } of this.#queue.takeBefore(longAgoMs)) reject(notKept(failure))
        if (group.some(({ askedMs }) => askedMs < longAgoMs)) return this.#giveUp(group, longAgoMs, failure)
        await pause(tried)
      }
    }
  }

  /** The time of some is over, and perhaps not of others. */
  async #giveUp(group: readonly Waiting[], longAgoMs: number, failure: Error): Promise<readonly unknown[]> {
    const others = group.filter(({ askedMs }) => askedMs >= longAgoMs)
    const made = others.length === 0 ? [] : await this.#make(others)
    const answers = new Map(others.map((one, at) => [one, made[at]]))
    return group.map(one => (answers.has(one) ? answers.get(one) : failure))
  }

  #attempt(changes: readonly Change[]): Promise<readonly unknown[]> {
    const [first] = changes
    if (first?.kind === 'single') return first.make(this.#database).then(answer => [answer])
    return makeGroup(this.#database, changes as readonly (AppendChange | SettleChange)[], this.#limits)
  }
}

const notKept = (cause: Error): Error =>
  new ProtocolError('Unavailable', 'The service cannot store this now.', { cause })
