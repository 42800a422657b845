/**
 * The machine's randomness, fit for secrets.
 */
import { randomBytes } from 'node:crypto'
import type { Random } from '../../domain/ports.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes from here on are thrown away: a remainder of theirs would favour the first digits. */
const unbiasedBelow = 256 - (256 % digits.length)

/** Text of base-62 digits, each as likely as any other. */
export const systemRandom: Random = {
  text: characters => {
    let text = ''
    while (text.length < characters) {
      for (const byte of randomBytes(characters - text.length)) {
        if (byte < unbiasedBelow) text += digits[byte % digits.length]
      }
    }
    return text
  },
}
