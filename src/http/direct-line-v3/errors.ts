/**
 * The shape of an error in Direct Line 3.0: `{"error":{"code","message"}}`, and on a bot's failure the status the bot
 * answered with beside it.
 */
import { failures, type ProtocolError } from '../../protocol/errors.ts'

/** The body of an error, as JSON text. */
export function errorBody(error: ProtocolError): string {
  const { code } = failures[error.failure]
  return JSON.stringify({ error: { code, message: error.message }, httpStatusCode: error.botStatus })
}
