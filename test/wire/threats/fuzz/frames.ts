/**
 * What a client may send on a socket: frames good and bad, with activities good and bad in them.
 */
import { createConnection } from 'node:net'
import fc from 'fast-check'
import { doors } from '../doors.ts'
import type { Ground } from '../ground.ts'
import { changed, type JsonChange, jsonChanges, nodeOf, textOf } from './json.ts'

/** One frame, as it is to be written. */
export type FramePlan = {
  readonly opcode: number
  readonly isFinal: boolean
  /** The reserved bits. */
  readonly reserved: number
  readonly isMasked: boolean
  readonly length: 'true' | 'short' | 'long' | 'huge' | 'wide'
  readonly content: 'activity' | 'empty' | 'bytes' | 'close' | 'large'
  readonly changes: readonly JsonChange[]
  readonly byte: number
}

/** Frames sent one after the other on one socket. */
export type Volley = { readonly multimodal: boolean; readonly frames: readonly FramePlan[] }

const often = <Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

const frame: fc.Arbitrary<FramePlan> = fc.record({
  opcode: often(1, 0, 2, 3, 7, 8, 9, 10, 11, 15),
  isFinal: often(true, false),
  reserved: often(0, 1, 2, 4, 7),
  isMasked: often(true, false),
  length: often('true', 'short', 'long', 'huge', 'wide'),
  content: fc.oneof(
    { weight: 6, arbitrary: fc.constant('activity' as const) },
    { weight: 1, arbitrary: fc.constantFrom('empty' as const, 'bytes' as const, 'close' as const, 'large' as const) },
  ),
  changes: fc.array(jsonChanges, { maxLength: 3 }),
  byte: fc.nat(255),
})

/** Volleys. */
export const volleys: fc.Arbitrary<Volley> = fc.record({
  multimodal: fc.boolean(),
  frames: fc.array(frame, { minLength: 1, maxLength: 8 }),
})

const posted = doors.find(({ route }) => route === 'POST /v3/directline/conversations/:conversation/activities')

function payloadOf({ content, changes, byte }: FramePlan, ground: Ground): Buffer {
  switch (content) {
    case 'activity':
      return Buffer.from(textOf(changed(nodeOf(posted?.request(ground).json), changes)))
    case 'empty':
      return Buffer.alloc(0)
    case 'bytes':
      return Buffer.alloc(20, byte)
    case 'close':
      return Buffer.from([byte, byte, 0x78])
    case 'large':
      return Buffer.alloc(70_000, 0x20)
    default:
      return content satisfies never
  }
}

function frameOf(plan: FramePlan, ground: Ground): Buffer {
  const payload = payloadOf(plan, ground)
  const first = (plan.isFinal ? 0x80 : 0) | (plan.reserved << 4) | plan.opcode
  const mask = Buffer.from([plan.byte, 1, 2, 3])
  const told = {
    true: payload.length,
    wide: payload.length,
    short: Math.max(payload.length - 3, 0),
    long: payload.length + 3,
    huge: 2 ** 40,
  }[plan.length]
  const sent = plan.isMasked ? payload.map((value, at) => value ^ (mask[at % 4] ?? 0)) : payload
  return Buffer.concat([Buffer.from([first]), lengthOf(told, plan), ...(plan.isMasked ? [mask] : []), sent])
}

function lengthOf(length: number, { isMasked, length: how }: FramePlan): Buffer {
  const bit = isMasked ? 0x80 : 0
  if (length > 0xffff || how === 'wide') {
    const wide = Buffer.alloc(9)
    wide[0] = bit | 127
    wide.writeBigUInt64BE(BigInt(length), 1)
    return wide
  }
  if (length < 126) return Buffer.from([bit | length])
  return Buffer.from([bit | 126, length >> 8, length & 0xff])
}

/** How long a socket may take to end: milliseconds. */
const timeoutMs = 5_000

/**
 * Opens a socket, sends a volley and nothing more, and waits for the end.
 *
 * @returns what is wrong with how the service took it; undefined if nothing is
 */
export function fire(volley: Volley, ground: Ground, port: number): Promise<string | undefined> {
  const { talk, ticket } = ground.open
  const path = `/v3/directline/conversations/${talk.conversation}/stream${volley.multimodal ? '/multimodal' : ''}?watermark=999999&t=${ticket}`
  const handshake = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
  return new Promise(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    const received: Buffer[] = []
    const timer = setTimeout(() => {
      socket.destroy()
      resolve('a socket that does not end')
    }, timeoutMs)
    socket
      .on('data', chunk => received.push(chunk))
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer)
        resolve(complaint(Buffer.concat(received)))
      })
    socket.write(handshake)
    socket.end(Buffer.concat(volley.frames.map(plan => frameOf(plan, ground))))
  })
}

/** Codes with which a socket may be closed. 1011 says that the service has failed. */
const codes = [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009]

/** From here on codes are an application's, and the service has none: it repeats the client's own (RFC 6455, 5.5.1). */
const firstOfClients = 3000

function complaint(received: Buffer): string | undefined {
  const end = received.indexOf('\r\n\r\n')
  const head = received.toString('latin1', 0, Math.max(end, 0))
  if (!head.startsWith('HTTP/1.1 101 ')) return `no socket: ${head}`
  for (let at = end + 4; at + 2 <= received.length; ) {
    const opcode = (received[at] ?? 0) & 0x0f
    const short = (received[at + 1] ?? 0) & 0x7f
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2)
    const length =
      short === 126 ? received.readUInt16BE(at + 2) : short === 127 ? Number(received.readBigUInt64BE(at + 2)) : short
    const payload = received.subarray(start, start + length)
    // What was cut off by the end of the connection.
    if (payload.length < length) return undefined
    const code = opcode === 8 && length >= 2 ? payload.readUInt16BE(0) : undefined
    if (code !== undefined && code < firstOfClients && !codes.includes(code)) return `closed with ${code}`
    if (opcode === 1 && length > 0 && !/^\{"activities":\[/.test(payload.toString('utf8', 0, 20)))
      return `a frame that is no set: ${payload}`
    if (opcode !== 1 && opcode !== 8 && opcode !== 9 && opcode !== 10) return `a frame of kind ${opcode}`
    at = start + length
  }
  return undefined
}
