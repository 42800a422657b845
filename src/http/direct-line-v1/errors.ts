/**
 * The shape of an error in Direct Line 1.1: a code of the closed list, and the status in the body too. A bot that
 * answered with an error is a 500 here; one that could not be reached, or was late, a 502.
 */
import { failures, type ProtocolError } from '../../protocol/errors.ts'

/** The status of an error. */
export const statusOf = (error: ProtocolError): number =>
  error.failure === 'BotFailed' && error.botAnswered ? 500 : failures[error.failure].status

/** The body of an error, as JSON text. */
export function errorBody(error: ProtocolError): string {
  const { oldCode } = failures[error.failure]
  return JSON.stringify({
    error: { code: oldCode, message: error.message, statusCode: statusOf(error) },
    httpStatusCode: error.botStatus,
  })
}
