/**
 * A client of the stream that costs as little as a client can: a WebSocket that hands over each frame's bytes, and
 * answers pings so that it is not taken for dead.
 */
import { connect, type Socket } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const opcodes = { close: 8, ping: 9 } as const

/** Sockets that come from one address, before the next is taken. */
const socketsPerAddress = 250
let opened = 0

/**
 * The address the next socket comes from. An address has some 28,000 ports, those just closed rest for a minute, and
 * the more are taken the longer the system looks for one; on Linux every address that begins with 127 is this machine.
 */
function nextAddress(): { readonly localAddress?: string } {
  if (process.platform !== 'linux') return {}
  opened += 1
  const address = Math.floor(opened / socketsPerAddress)
  return { localAddress: `127.1.${Math.floor(address / 250) % 250}.${1 + (address % 250)}` }
}

/** One socket. */
export class StreamLine {
  /** Resolves when it is open; rejects if the handshake is refused or breaks. */
  readonly opened: Promise<void>
  readonly #socket: Socket
  readonly #onFrame: (frame: Buffer) => void
  #rest: Buffer | undefined
  #isOpen = false

  /** @param onFrame is called with the bytes of each text, in order */
  constructor(url: string, onFrame: (frame: Buffer) => void) {
    const { hostname, port, pathname, search } = new URL(url)
    this.#onFrame = onFrame
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, ...nextAddress() })
    this.#socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    this.opened = new Promise((resolve, reject) => {
      this.#socket.on('data', chunk => {
        const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
        this.#rest = undefined
        const at = this.#isOpen ? 0 : bytes.indexOf(headEnd)
        if (this.#isOpen) {
          this.#read(bytes)
        } else if (at === -1) {
          this.#rest = bytes
        } else if (bytes.toString('latin1', 9, 12) === '101') {
          this.#isOpen = true
          resolve()
          this.#read(bytes.subarray(at + headEnd.length))
        } else {
          reject(new Error(`A socket was refused: ${bytes.toString().slice(0, 500)}`))
          this.close()
        }
      })
      this.#socket.on('error', reject)
      this.#socket.on('close', () => reject(new Error('A socket was closed before it was open.')))
    })
  }

  /** Breaks the connection off. */
  close(): void {
    this.#socket.destroy()
  }

  /** Frames of servers: unmasked, and whole, because nobody here sends in fragments. */
  #read(arrived: Buffer): void {
    let bytes = arrived
    while (bytes.length >= 2) {
      const opcode = (bytes[0] ?? 0) & 0x0f
      const short = (bytes[1] ?? 0) & 0x7f
      const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2
      if (bytes.length < headBytes) break
      const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
      const end = headBytes + length
      if (bytes.length < end) break
      const payload = bytes.subarray(headBytes, end)
      bytes = bytes.subarray(end)
      if (opcode === opcodes.ping) this.#pong(payload)
      else if (opcode === opcodes.close) this.close()
      else this.#onFrame(payload)
    }
    if (bytes.length > 0) this.#rest = bytes
  }

  /** A client's frame is masked; a mask of zeros leaves the bytes as they are. */
  #pong(payload: Buffer): void {
    this.#socket.write(Buffer.concat([Buffer.of(0x8a, 0x80 | payload.length, 0, 0, 0, 0), payload]))
  }
}

/**
 * The watermark at the end of an activity set, in a frame or a page.
 *
 * @throws Error if the text does not end with one
 */
export function watermarkOf(set: Buffer): number {
  let value = 0
  let unit = 1
  for (let at = set.length - 3; at >= 0; at -= 1) {
    const digit = (set[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) break
    value += digit * unit
    unit *= 10
  }
  if (unit === 1) throw new Error(`There is no watermark at the end of: ${set.toString().slice(-200)}`)
  return value
}
