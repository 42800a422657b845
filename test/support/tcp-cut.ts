/**
 * A way to a server that can be cut at the worst moment: when the server has done what it was asked and its answer is on
 * the way.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A port that leads to another, as long as it is let. */
export class TcpCut implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #answersLeft = Number.POSITIVE_INFINITY
  #cut: (() => void) | undefined

  /** Opens a way to a port of 127.0.0.1. */
  static async open(port: number): Promise<TcpCut> {
    const cut = new TcpCut(port)
    await new Promise<void>(resolve => cut.#server.listen(0, '127.0.0.1', resolve))
    return cut
  }

  private constructor(port: number) {
    this.#server = createServer(near => {
      const far = connect(port, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => other.destroy()) // Being cut is what these are for.
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
      near.on('data', bytes => far.write(bytes))
      far.on('data', bytes => {
        this.#answersLeft -= 1
        if (this.#answersLeft >= 0) return near.write(bytes)
        this.#answersLeft = Number.POSITIVE_INFINITY
        near.destroy()
        this.#cut?.()
        return
      })
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address === null || typeof address === 'string' ? 0 : address.port
  }

  /** The next answer of the server does not arrive, and its connection breaks. Resolves when that has happened. */
  loseNextAnswer(): Promise<void> {
    this.#answersLeft = 0
    return new Promise(resolve => (this.#cut = resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
