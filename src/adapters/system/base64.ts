/**
 * Base64, by Node.
 */
import type { ReadBase64 } from '../../domain/ports.ts'

/** Buffer reads base64 and passes over whatever is none, so what is none is refused first. */
export const readBase64: ReadBase64 = text =>
  /^[A-Za-z0-9+/_\-\r\n]*={0,2}[\r\n]*$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : undefined
