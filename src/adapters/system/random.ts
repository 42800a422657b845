/**
 * The machine's randomness, fit for secrets.
 */
import { randomBytes } from 'node:crypto'
import type { Random } from '../../domain/ports.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes from here on are thrown away: a remainder of theirs would favour the first digits. */
const unbiasedBelow = 256 - (256 % digits.length)

/** Random bytes are fetched this many at a time: a call for a few of them costs as much as for all of these. */
const poolBytes = 4_096
let pool = Buffer.alloc(0)
let used = 0

/** A byte nobody has been given. */
function nextByte(): number {
  if (used === pool.length) {
    pool = randomBytes(poolBytes)
    used = 0
  }
  const byte = pool[used] ?? 0
  pool[used] = 0
  used += 1
  return byte
}

/** Text of base-62 digits, each as likely as any other. */
export const systemRandom: Random = {
  text: characters => {
    let text = ''
    while (text.length < characters) {
      const byte = nextByte()
      if (byte < unbiasedBelow) text += digits[byte % digits.length]
    }
    return text
  },
}
