/**
 * One call to a bot on its way: written once, read within bounds, and settled exactly once, whatever the other side
 * does.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { BotAnswer, BotCall } from '../../domain/bot-port.ts'
import { reasonOf } from './reason.ts'

/** Where a call is sent. */
export type Destination = {
  /** The path of the endpoint, with its query. */
  readonly path: string
  /** How the newest connection was made; taken by the call it was made for. */
  made?: string | undefined
  readonly dispatcher: Pick<Dispatcher, 'dispatch'>
}

/** Who hears of a call. Each is called once. */
export type Hearers = {
  readonly settle: (answer: BotAnswer) => void
  /** The call has been written to a connection, or never will be. Called after `send`. */
  readonly written: () => void
}

/** No `Authorization` unless a call brings one: bots without an app id answer 401 to it. Nothing is decompressed, so nothing may be compressed. */
const headers = {
  'content-type': 'application/json; charset=utf-8',
  'accept-encoding': 'identity',
  'user-agent': 'Landline',
} as const

/** What a connection is broken off with. Nobody is told: by then the call has been settled. */
const settledAlready = new Error('The call has been settled.')

/** Sends one call and reads its answer. Its deadline runs from the moment it is made. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #call: BotCall
  readonly #destination: Destination
  readonly #hearers: Hearers
  readonly #deadline: NodeJS.Timeout
  /** There from the moment the call is written to a connection. */
  #controller: Dispatcher.DispatchController | undefined
  #place: 'waiting' | 'sending' | 'written' = 'waiting'
  #isSentAgain = false
  #isDispatching = false
  #isSettled = false
  /** Whether somebody who watches wants the answer's text. */
  #isWatched = false
  #status = 0
  #bytes = 0
  #kept: Buffer[] = []

  constructor(call: BotCall, destination: Destination, hearers: Hearers) {
    this.#call = call
    this.#destination = destination
    this.#hearers = hearers
    this.#deadline = setTimeout(() => this.#breakOff({ outcome: 'timedOut' }), call.timeoutMs)
  }

  /** Sends it, unless its time is over. */
  send(): void {
    this.#place = 'sending'
    if (this.#isSettled) this.#noteWritten()
    else setImmediate(() => this.#dispatch())
  }

  /** A connection has been found and the call is about to be written: not if its time is over. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A call that did not have to wait has found a connection, and what was noted of another one is not its own.
    const made = this.#isDispatching ? undefined : this.#destination.made
    if (made !== undefined) this.#destination.made = undefined
    if (this.#isSettled) {
      controller.abort(settledAlready)
    } else {
      this.#controller = controller
      this.#call.watch?.connected(made)
    }
  }

  /** All of the call has been written. */
  onRequestSent(): void {
    this.#call.watch?.sent()
    this.#noteWritten()
  }

  /** The answer's headers are there, or those of an interim answer, which says nothing. */
  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#isWatched = this.#call.watch?.answering(status, headers) ?? false
  }

  /** Some of the answer's body is there. Past the limit nothing more is read. */
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#call.answerBytesMax) {
      // An error's status says all there is to say. Anything else that does not end is half an answer.
      this.#breakOff(this.#status < 300 ? { outcome: 'unreachable', reason: 'EMSGSIZE' } : this.#answered(''))
    } else if (this.#call.needsBody || this.#isWatched) {
      this.#kept.push(chunk)
    }
  }

  /** The answer is whole. */
  onResponseEnd(): void {
    const { needsBody, watch } = this.#call
    const text = needsBody || this.#isWatched ? new TextDecoder().decode(Buffer.concat(this.#kept)) : ''
    if (!this.#isSettled) watch?.answerRead(this.#bytes, this.#isWatched ? text : '')
    this.#settle(this.#answered(needsBody ? text : ''))
  }

  /** There was no connection, or it broke. */
  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isSettled) return
    const reason = reasonOf(error)
    // A kept connection turned out to be reset when it was about to be written to. The bot has seen nothing of this call.
    if (this.#controller === undefined && !this.#isSentAgain && reason === 'ECONNRESET') {
      this.#isSentAgain = true
      // Not at once: the connection is just being taken down, and can't take another call while it is.
      setImmediate(() => this.#dispatch())
    } else {
      this.#settle({ outcome: 'unreachable', reason })
    }
  }

  /**
   * Always called by the loop itself, never from within the event that brought the call about: the connection taken is
   * then looked at once more before it is written to, and if its closing had arrived when the call was made, it is seen.
   */
  #dispatch(): void {
    if (this.#isSettled) return
    const { path, dispatcher } = this.#destination
    const { activity, authorization, watch } = this.#call
    watch?.calling(headers, authorization !== undefined, activity)
    const sent = authorization === undefined ? headers : { ...headers, authorization }
    this.#isDispatching = true
    dispatcher.dispatch({ method: 'POST', path, headers: sent, body: activity }, this)
    this.#isDispatching = false
  }

  #answered(body: string): BotAnswer {
    return { outcome: 'answered', status: this.#status, body }
  }

  #breakOff(answer: BotAnswer): void {
    this.#settle(answer)
    this.#controller?.abort(settledAlready)
  }

  #settle(answer: BotAnswer): void {
    this.#isSettled = true
    clearTimeout(this.#deadline)
    this.#kept = []
    this.#hearers.settle(answer)
    this.#noteWritten()
  }

  #noteWritten(): void {
    if (this.#place !== 'sending') return
    this.#place = 'written'
    this.#hearers.written()
  }
}
