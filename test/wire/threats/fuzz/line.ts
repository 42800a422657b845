/**
 * A connection that is kept, and the little of HTTP that it takes to tell one answer from the next.
 */
import { connect, type Socket } from 'node:net'

/** An answer. */
export type Reply = {
  readonly status: number
  /** Status line and headers. */
  readonly head: string
  readonly body: Buffer
}

/** What came of a request: an answer, the end of the connection, or nothing in time. */
export type Outcome = { readonly replies: readonly Reply[]; readonly tookMs: number; readonly isLate: boolean }

/** How long an answer may take: milliseconds. Far more than it does, because other work may have the machine. */
const timeoutMs = 5_000

const headEnd = Buffer.from('\r\n\r\n')

/** The first answer in what has come; undefined while it is not whole. */
function readReply(received: Buffer, isHead: boolean): { readonly reply: Reply; readonly rest: Buffer } | undefined {
  const end = received.indexOf(headEnd)
  if (end === -1) return undefined
  const head = received.toString('latin1', 0, end)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
  const hasNone = isHead || status < 200 || status === 204 || status === 304
  const length = hasNone ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
  const isChunked = !hasNone && /\r\ntransfer-encoding: chunked/i.test(head)
  const lastChunk = isChunked ? received.indexOf('0\r\n\r\n', end) : -1
  const bodyEnd = isChunked ? lastChunk + 5 : end + headEnd.length + length
  if (received.length < bodyEnd || (isChunked && lastChunk === -1)) return undefined
  return {
    reply: { status, head, body: received.subarray(end + headEnd.length, bodyEnd) },
    rest: received.subarray(bodyEnd),
  }
}

/** A connection. One request after the other; it is made anew when the other side has closed it. */
export class Line implements Disposable {
  readonly #port: number
  #socket: Socket | undefined
  #received: Buffer = Buffer.alloc(0)
  #look: () => void = () => undefined
  #isOver = false

  constructor(port: number) {
    this.#port = port
  }

  /** Sends a request whose length is told truly, and waits for its answer. */
  ask(bytes: Buffer, isHead: boolean): Promise<Outcome> {
    const socket = this.#open()
    socket.write(bytes)
    return this.#until(() => {
      const found = this.#next(isHead)
      return found === undefined ? undefined : [found]
    })
  }

  /** Sends bytes that may be anything and nothing after them, and waits for the end of the connection. */
  async tell(bytes: Buffer, isHead: boolean): Promise<Outcome> {
    this.#close()
    const socket = this.#open()
    socket.end(bytes)
    const outcome = await this.#until(() => undefined)
    const replies: Reply[] = []
    for (let found = this.#next(isHead); found !== undefined; found = this.#next(isHead)) replies.push(found)
    this.#close()
    return { ...outcome, replies }
  }

  [Symbol.dispose](): void {
    this.#close()
  }

  /** The next whole answer but for interim ones. An answer that ends the connection ends it here too. */
  #next(isHead: boolean): Reply | undefined {
    const found = readReply(this.#received, isHead)
    if (found === undefined) return undefined
    this.#received = Buffer.from(found.rest)
    const { status, head } = found.reply
    if (status === 100) return this.#next(isHead)
    if (status === 101 || /\r\nconnection: close/i.test(head)) this.#close()
    return found.reply
  }

  #until(look: () => readonly Reply[] | undefined): Promise<Outcome> {
    const startedMs = performance.now()
    return new Promise(resolve => {
      const settle = (replies: readonly Reply[], isLate: boolean) => {
        clearTimeout(timer)
        this.#look = () => undefined
        resolve({ replies, tookMs: performance.now() - startedMs, isLate })
      }
      const timer = setTimeout(() => {
        this.#close()
        settle([], true)
      }, timeoutMs)
      this.#look = () => {
        const found = look()
        if (found !== undefined) settle(found, false)
        else if (this.#isOver) settle([], false)
      }
      this.#look()
    })
  }

  #open(): Socket {
    if (this.#socket !== undefined && !this.#isOver) return this.#socket
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    this.#isOver = false
    this.#received = Buffer.alloc(0)
    socket
      .on('data', chunk => {
        if (this.#socket !== socket) return
        this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
        this.#look()
      })
      .on('error', () => undefined)
      .on('close', () => {
        if (this.#socket !== socket) return
        this.#isOver = true
        this.#look()
      })
    return socket
  }

  #close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }
}
