/**
 * The Authorization header.
 */
import { ProtocolError } from '../protocol/errors.ts'

const pattern = /^(?:bearer|botconnector) +(\S+) *$/i

/**
 * The secret or token in an Authorization header: scheme `Bearer`, or `BotConnector` as the oldest clients write.
 *
 * @throws ProtocolError `Unauthenticated` without one
 */
export function readAuthorization(header: string | undefined): string {
  const credential = header === undefined ? undefined : pattern.exec(header)?.[1]
  if (credential === undefined) throw new ProtocolError('Unauthenticated', 'Missing token or secret.')
  return credential
}
