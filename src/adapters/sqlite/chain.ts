/**
 * The hash each entry of the log carries, chained to the one before it, so that damage and tampering show.
 */
import { hash } from 'node:crypto'

/** Bytes of a hash. */
const hashBytes = 32

/** Digits of a position, at most. */
const positionBytesMax = 16

/** Kept between entries, because making a buffer costs more than filling one. Longer texts get one of their own. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024)

/** SHA-256(previous hash ‖ position in decimal ‖ text in UTF-8). Before the first entry stand 32 zero bytes. */
export function chained(previous: Uint8Array, position: number, text: string): Uint8Array {
  const bytesMax = hashBytes + positionBytesMax + text.length * 3
  const buffer = bytesMax <= scratch.length ? scratch : Buffer.allocUnsafeSlow(bytesMax)
  buffer.set(previous)
  const textAt = hashBytes + buffer.write(String(position), hashBytes, 'latin1')
  const end = textAt + buffer.write(text, textAt, 'utf8')
  return hash('sha256', buffer.subarray(0, end), 'buffer')
}
