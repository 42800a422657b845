/**
 * Reads HTTP messages as the servers and clients of the bench write them: a head, and a body whose length it names.
 * It does nothing else, because the load must cost less than what it measures.
 */

const headEnd = Buffer.from('\r\n\r\n')
const lengthPattern = /\r\ncontent-length: *(\d+)/i

/** Cuts what arrives on one connection into messages. */
export class HttpReader {
  readonly #onMessage: (head: string, body: Buffer) => void
  #rest: Buffer | undefined

  /** @param onMessage is called with the head, without its empty line, and the body */
  constructor(onMessage: (head: string, body: Buffer) => void) {
    this.#onMessage = onMessage
  }

  /** Takes what has arrived. @throws Error for a body in chunks */
  push(chunk: Buffer): void {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    while (bytes.length > 0) {
      const at = bytes.indexOf(headEnd)
      const head = at === -1 ? '' : bytes.toString('latin1', 0, at)
      const end = at + headEnd.length + lengthOf(head)
      if (at === -1 || bytes.length < end) {
        this.#rest = bytes
        return
      }
      const body = bytes.subarray(at + headEnd.length, end)
      bytes = bytes.subarray(end)
      this.#onMessage(head, body)
    }
  }
}

function lengthOf(head: string): number {
  const length = lengthPattern.exec(head)?.[1]
  if (length === undefined && /\r\ntransfer-encoding:/i.test(head)) {
    throw new Error(`The load reads no bodies in chunks:\n${head}`)
  }
  return Number(length ?? 0)
}
