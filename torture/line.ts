/**
 * A network between two programs that can be cut: what it carries is TCP, and what it does when it is cut is what
 * networks do. Connections break, or nothing comes through any more and nobody is told.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What becomes of a cut line's connections: they break, or fall silent and go on where they were once it is mended. */
export type Cut = 'broken' | 'silent'

/** A line from a port of its own to another one of 127.0.0.1. */
export class Line implements AsyncDisposable {
  readonly #to: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #server = createServer(near => this.#carry(near))
  #cut: Cut | undefined
  /** Connections it has carried. */
  carried = 0

  constructor(to: number) {
    this.#to = to
  }

  /** Answers the port whose connections it carries. */
  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts it, until it is mended. */
  cut(how: Cut): void {
    this.#cut = how
    for (const pair of [...this.#pairs]) {
      if (how === 'broken') this.#breakOff(pair)
      else silence(pair)
    }
  }

  /** What was silent is heard again, late and in its order. */
  mend(): void {
    this.#cut = undefined
    for (const pair of [...this.#pairs]) {
      // Who has given up meanwhile is gone for the other end too.
      if (pair.some(({ destroyed }) => destroyed)) this.#breakOff(pair)
      else join(pair)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const pair of [...this.#pairs]) this.#breakOff(pair)
    await closed
  }

  #carry(near: Socket): void {
    if (this.#cut === 'broken') {
      near.resetAndDestroy()
      return
    }
    this.carried += 1
    const far = connect(this.#to, '127.0.0.1')
    const pair = [near, far] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay(true)
      // 'close' follows.
      socket.on('error', () => undefined)
      socket.once('close', () => {
        if (this.#cut !== 'silent') this.#breakOff(pair)
      })
    }
    if (this.#cut === undefined) join(pair)
    else silence(pair)
  }

  #breakOff(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair)
    for (const socket of pair) socket.resetAndDestroy()
  }
}

function join([near, far]: readonly [Socket, Socket]): void {
  near.pipe(far)
  far.pipe(near)
}

function silence([near, far]: readonly [Socket, Socket]): void {
  near.unpipe(far).pause()
  far.unpipe(near).pause()
}
