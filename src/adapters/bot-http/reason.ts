/**
 * Why a bot could not be reached, as one short code that can be shown to a client: the system's own names, whatever
 * the HTTP library calls the same thing.
 */
import { errors } from 'undici'

const namesOfLibraryCodes: ReadonlyMap<string, string> = new Map([
  // The bot closed the connection before its answer was whole.
  ['UND_ERR_SOCKET', 'ECONNRESET'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ECONNRESET'],
  ['EPIPE', 'ECONNRESET'],
  // No connection within the time for it.
  ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
  ['UND_ERR_HEADERS_OVERFLOW', 'EMSGSIZE'],
  // We are stopping.
  ['UND_ERR_DESTROYED', 'ECANCELED'],
  ['UND_ERR_CLOSED', 'ECANCELED'],
])

/** What a code of ours, of the system or of TLS looks like. */
const codePattern = /^[A-Z][A-Z0-9_]{1,60}$/

/** The code of an error; `EPROTO` for an answer that is not HTTP or ends too early, `EIO` for what has no code. */
export function reasonOf(error: Error): string {
  if (error instanceof errors.HTTPParserError) return 'EPROTO'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return namesOfLibraryCodes.get(code) ?? (codePattern.test(code) ? code : 'EIO')
}
