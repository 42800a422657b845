/**
 * Base64, by Node.
 */
import type { ReadBase64 } from '../../domain/ports.ts'

/** Line ends stand in the second part only behind padding: were they in both, a long text of them could be parted in too many ways. */
const base64 = /^[A-Za-z0-9+/_\-\r\n]*(?:={1,2}[\r\n]*)?$/

/** Buffer reads base64 and passes over whatever is none, so what is none is refused first. */
export const readBase64: ReadBase64 = text =>
  base64.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
