/**
 * The shape of an error in the Bot Connector API: ErrorResponse, with codes of its own for some failures.
 */
import { failures, type ProtocolError } from '../../protocol/errors.ts'

/** The body of an error, as JSON text. */
export function errorBody(error: ProtocolError): string {
  const row = failures[error.failure]
  return JSON.stringify({
    error: { code: 'connectorCode' in row ? row.connectorCode : row.code, message: error.message },
  })
}
