/**
 * Overload is refused early: when the process can't keep up, those who would bring more are turned away while there is
 * still time to answer everybody else. First new conversations, then sends; polls, sockets and bots go on.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { Limits } from '../protocol/limits.ts'
import type { Events } from './events.ts'
import type { Load, StoreHealth } from './health-port.ts'
import type { Clock } from './ports.ts'

/** How often it is looked: milliseconds. */
const lookMs = 500

/** Looks in a row that must find it: a single pause, as a collection of garbage makes, is in one of them only. */
const looksToBegin = 2

/** How long each step is kept before the next one, up or down: milliseconds. */
const stepMs = 1_000

/** Memory that has come so far from its threshold to its end leaves no time for steps: the rest can be gone in a second. */
const direShare = 1 / 3

/** Below this part of every threshold it is calm again. In between nothing changes. */
const calmShare = 0.9

/** When somebody who is turned away should come back: seconds. */
const retryAfterSeconds = { openings: 5, sends: 1 }

type OverloadPorts = {
  readonly load: Load
  readonly store: Pick<StoreHealth, 'waitingMs'>
  readonly clock: Clock
  readonly events: Events
}

/** How hard everything is pressed that is measured. */
type Pressure = { readonly [Threshold in keyof Limits['overload']]: number }

/** Turns callers away while there is too much to do. Asking costs the reading of a number. */
export class Overload {
  readonly #ports: OverloadPorts
  readonly #thresholds: Limits['overload']
  /** 0: nobody is turned away; 1: new conversations; 2: sends too. */
  #step: 0 | 1 | 2 = 0
  #lateLooks = 0
  #steppedMs = 0
  #calmSinceMs: number | undefined
  #turnedAway = 0
  #cancel: () => void

  constructor(ports: OverloadPorts, thresholds: Limits['overload']) {
    this.#ports = ports
    this.#thresholds = thresholds
    this.#cancel = ports.clock.after(lookMs, () => this.#look())
  }

  /** A new conversation is asked for. @throws ProtocolError `Unavailable` */
  admitOpening(): void {
    if (this.#step > 0) this.#turnAway(retryAfterSeconds.openings)
  }

  /** Something is sent, or what is refused no earlier. @throws ProtocolError `Unavailable` */
  admitSend(): void {
    if (this.#step > 1) this.#turnAway(retryAfterSeconds.sends)
  }

  /** Looks no more. */
  stop(): void {
    this.#cancel()
  }

  #turnAway(retryAfterSeconds: number): never {
    this.#turnedAway += 1
    throw new ProtocolError('Unavailable', 'The service has too much to do now.', { retryAfterSeconds })
  }

  #look(): void {
    const { load, store, clock } = this.#ports
    this.#cancel = clock.after(lookMs, () => this.#look())
    const { loopLateMs, memoryShare } = load.measure()
    const pressure = { loopLateMs, memoryShare, commitWaitMs: store.waitingMs }
    const nowMs = clock.monotonicMs()
    if (this.#exceeds(pressure, 1)) this.#pressed(pressure, nowMs)
    else this.#relieved(pressure, nowMs)
  }

  #pressed(pressure: Pressure, nowMs: number): void {
    this.#calmSinceMs = undefined
    this.#lateLooks += 1
    const { memoryShare } = this.#thresholds
    const isDire = pressure.memoryShare > memoryShare + (1 - memoryShare) * direShare
    if (this.#step === 0 && (isDire || this.#lateLooks >= looksToBegin)) {
      this.#step = 1
      this.#steppedMs = nowMs
      this.#turnedAway = 0
      this.#tell('began', pressure)
    }
    if (isDire || (this.#step === 1 && nowMs - this.#steppedMs >= stepMs)) this.#step = 2
  }

  #relieved(pressure: Pressure, nowMs: number): void {
    this.#lateLooks = 0
    if (this.#step === 0) return
    if (this.#exceeds(pressure, calmShare)) {
      this.#calmSinceMs = undefined
      return
    }
    this.#calmSinceMs ??= nowMs
    if (nowMs - this.#calmSinceMs < stepMs) return
    this.#calmSinceMs = nowMs
    this.#steppedMs = nowMs
    this.#step = this.#step === 2 ? 1 : 0
    if (this.#step === 0) this.#tell('ended', pressure)
  }

  #exceeds(pressure: Pressure, share: number): boolean {
    const { loopLateMs, memoryShare, commitWaitMs } = this.#thresholds
    return (
      pressure.loopLateMs > loopLateMs * share ||
      pressure.memoryShare > memoryShare * share ||
      pressure.commitWaitMs > commitWaitMs * share
    )
  }

  #tell(state: 'began' | 'ended', { loopLateMs, memoryShare, commitWaitMs }: Pressure): void {
    this.#ports.events({
      event: 'overload',
      state,
      loopLateMs: Math.round(loopLateMs),
      memoryShare: Math.round(memoryShare * 100) / 100,
      commitWaitMs: Math.round(commitWaitMs),
      turnedAway: this.#turnedAway,
    })
  }
}
