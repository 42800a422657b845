/**
 * Whatever was thrown becomes a row of the table of failures. What is not ours to blame on the caller is told to the
 * events and answered without a word about it.
 */
import type { Events } from '../domain/events.ts'
import { failures, ProtocolError } from '../protocol/errors.ts'
import { corsHeaders, steeringHeaders } from './cors.ts'
import { jsonType } from './requests.ts'

/** Not imported: Node would load its own HTTP client too, which an ES module's namespace asks for and we never use. */
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** The longest a client is asked to wait: seconds. */
const retryAfterSecondsMax = 30

/** A failure as it goes out, whatever the shape of its body. */
export type FailedAnswer = {
  readonly status: number
  readonly headers: Record<string, string>
  readonly error: ProtocolError
}

/** Reads what was thrown while a request was served. */
export function failedAnswer(thrown: unknown, events: Events): FailedAnswer {
  const error = thrown instanceof ProtocolError ? thrown : understood(thrown)
  if (error.failure === 'Internal' || (error.failure === 'Unavailable' && error.cause !== undefined)) {
    events({ event: 'fault', during: 'serving a request', error: error.cause })
  }
  const { status } = failures[error.failure]
  return { status, headers: headersOf(status, error), error }
}

function headersOf(status: number, error: ProtocolError): Record<string, string> {
  switch (status) {
    case 429:
    case 503:
      return { 'retry-after': String(Math.min(Math.max(Math.ceil(error.retryAfterSeconds), 1), retryAfterSecondsMax)) }
    case 408:
    case 413:
      // The rest of the body is not read, so no other request can follow it.
      return error.failure === 'UploadTooLarge' ? {} : { connection: 'close' }
    default:
      return {}
  }
}

/** What Fastify throws carries a status; all of it is about the request. Everything else is our fault. */
function understood(thrown: unknown): ProtocolError {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined
  if (status === 413) return new ProtocolError('TooLarge', 'The body is too large.', { cause: thrown })
  if (status === 404) return new ProtocolError('UnknownPath', 'There is nothing at this path.', { cause: thrown })
  if (status === 408) return new ProtocolError('TooSlow', 'The body took too long to arrive.', { cause: thrown })
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ProtocolError('MalformedBody', 'The request cannot be read.', { cause: thrown })
  }
  return new ProtocolError('Internal', 'The service has failed.', { cause: thrown })
}

/**
 * An error as the text of a whole answer, for connections on which no framework answers.
 *
 * @param body the JSON text of the error
 * @param isOpenToAll whether pages of any origin may read it
 */
export function rawAnswer(
  { status, headers }: Omit<FailedAnswer, 'error'>,
  body: string,
  origin: string | undefined,
  isOpenToAll = true,
): string {
  const all = {
    ...(isOpenToAll ? corsHeaders(origin) : steeringHeaders),
    ...headers,
    'content-type': jsonType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    connection: 'close',
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}
