/**
 * How many sockets are open, in all and from each caller.
 */
import { ProtocolError } from '../../protocol/errors.ts'
import type { Limits } from '../../protocol/limits.ts'

/** Somebody with sockets: shared by all of them. */
export type SocketCaller = { readonly name: string; sockets: number }

/** When a client that found no room is asked to come back: seconds. */
const retryAfterSeconds = 5

/** Counts sockets, those that are just being opened among them. */
export class SocketCount {
  readonly #limits: Pick<Limits, 'socketsPerNode' | 'socketsPerAddress'>
  readonly #callers = new Map<string, SocketCaller>()
  #all = 0

  constructor(limits: Pick<Limits, 'socketsPerNode' | 'socketsPerAddress'>) {
    this.#limits = limits
  }

  /** One more, until `leave`. @throws ProtocolError `Unavailable`, `TooManyRequests` if there is no room for it */
  enter(name: string): SocketCaller {
    if (this.#all >= this.#limits.socketsPerNode)
      throw new ProtocolError('Unavailable', 'There is no room for another socket.', { retryAfterSeconds })
    let caller = this.#callers.get(name)
    if (caller !== undefined && caller.sockets >= this.#limits.socketsPerAddress)
      throw new ProtocolError('TooManyRequests', 'Too many sockets are open from this address.', { retryAfterSeconds })
    if (caller === undefined) {
      caller = { name, sockets: 0 }
      this.#callers.set(name, caller)
    }
    caller.sockets += 1
    this.#all += 1
    return caller
  }

  /** One less. */
  leave(caller: SocketCaller): void {
    caller.sockets -= 1
    this.#all -= 1
    if (caller.sockets === 0) this.#callers.delete(caller.name)
  }
}
