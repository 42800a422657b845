/**
 * Bodies on their way: how long they may be, and how long they may take. No body has a timer of its own: one look a
 * second passes over those that have not arrived, and most are never seen by it.
 */
import type { IncomingMessage } from 'node:http'
import { ProtocolError } from '../protocol/errors.ts'
import { activityBytesMax, type Limits } from '../protocol/limits.ts'

type Arrival = {
  readonly startedMs: number
  readonly isUpload: boolean
  received: number
  readonly end: (error: ProtocolError) => void
}

/** Hears of a body: an error, or all of it. */
export type Arrived = (error: Error | null, body?: Buffer) => void

/** How much of an upload that is refused is let pass: its limit, so many times. */
const passingTimes = 8

/** The longest between two looks: milliseconds. */
const lookMsMax = 1_000

/** Reads bodies. */
export class Arrivals {
  readonly #limits: Pick<Limits, 'bodyMs' | 'uploadMs' | 'uploadBytesPerSecond'>
  readonly #open = new Set<Arrival>()
  #timer: NodeJS.Timeout | undefined

  constructor(limits: Pick<Limits, 'bodyMs' | 'uploadMs' | 'uploadBytesPerSecond'>) {
    this.#limits = limits
  }

  /**
   * Reads a body whole, and no further than it may be long: whoever is refused is not listened to any more, so the
   * connection has to be closed then; but for an upload that is too large, the rest of which is let pass.
   *
   * @param bytesMax more than an activity may have makes it an upload, which has more time
   * @param done told once: ProtocolError `TooLarge`, `UploadTooLarge`, `TooSlow`, `MalformedBody` if it breaks off, or
   * the body
   */
  read(request: IncomingMessage, bytesMax: number, done: Arrived): void {
    const length = Number(request.headers['content-length'] ?? 0)
    const passesMax = bytesMax > activityBytesMax ? bytesMax * passingTimes : 0
    if (length > bytesMax) {
      if (length <= passesMax) letPass(request, passesMax)
      done(tooLarge(bytesMax, length <= passesMax))
      return
    }
    const chunks: Buffer[] = []
    const onData = (chunk: Buffer) => {
      arrival.received += chunk.length
      if (arrival.received > bytesMax) settle(tooLarge(bytesMax, arrival.isUpload))
      else chunks.push(chunk)
    }
    const onEnd = () => settle(null, Buffer.concat(chunks))
    const onBreak = () => settle(new ProtocolError('MalformedBody', 'The body has broken off.'))
    const settle: Arrived = (error, body) => {
      this.#open.delete(arrival)
      request.off('data', onData).off('end', onEnd).off('error', onBreak).off('close', onBreak)
      if (error instanceof ProtocolError && error.failure === 'UploadTooLarge') letPass(request, passesMax)
      else if (error !== null) request.on('error', ignore).pause()
      done(error, body)
    }
    const arrival: Arrival = {
      startedMs: performance.now(),
      isUpload: passesMax > 0,
      received: 0,
      end: settle,
    }
    this.#open.add(arrival)
    this.#timer ??= setTimeout(() => this.#look(), Math.min(lookMsMax, this.#limits.bodyMs / 4))
    request.on('data', onData).on('end', onEnd).on('error', onBreak).on('close', onBreak)
  }

  /** Refuses what has not arrived: the service is stopping. */
  stop(): void {
    clearTimeout(this.#timer)
    for (const { end } of [...this.#open]) end(new ProtocolError('Unavailable', 'The service is stopping.'))
  }

  #look(): void {
    const nowMs = performance.now()
    for (const arrival of [...this.#open]) {
      if (this.#isTooSlow(arrival, nowMs - arrival.startedMs))
        arrival.end(new ProtocolError('TooSlow', 'The body took too long to arrive.'))
    }
    this.#timer =
      this.#open.size === 0 ? undefined : setTimeout(() => this.#look(), Math.min(lookMsMax, this.#limits.bodyMs / 4))
  }

  #isTooSlow({ isUpload, received }: Arrival, ms: number): boolean {
    const { bodyMs, uploadMs, uploadBytesPerSecond } = this.#limits
    if (ms <= bodyMs) return false
    return !isUpload || ms > uploadMs || received < (ms / 1000) * uploadBytesPerSecond
  }
}

const tooLarge = (bytesMax: number, passes: boolean) =>
  new ProtocolError(passes ? 'UploadTooLarge' : 'TooLarge', `The body may have ${bytesMax} bytes.`)

/**
 * Lets the rest of a body pass unread. Whoever is cut off while still sending may never see the answer: DirectLineJS takes
 * that for a broken network, and sends the same file again.
 */
function letPass(request: IncomingMessage, bytesMax: number): void {
  let passed = 0
  request.on('error', ignore).on('data', (chunk: Buffer) => {
    passed += chunk.length
    if (passed > bytesMax) request.socket.destroy()
  })
}

/** Nobody waits for the rest of it any more. */
const ignore = () => undefined
