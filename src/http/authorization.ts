/**
 * Who calls the client API: the Authorization header, and where a site asks for it the page's origin.
 */
import type { FastifyRequest } from 'fastify'
import type { Credentials } from '../domain/credentials.ts'
import type { Grant } from '../domain/grant.ts'
import type { Site } from '../domain/sites.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { WrongCredentials } from './wrong-credentials.ts'

/** A credential with a blank in it can't be read in 3.0, and is one that is wrong in 1.1. */
const patterns = { v3: /^(?:bearer|botconnector) +(\S+) *$/i, v1: /^(?:bearer|botconnector) +(\S.*)$/i }

/**
 * The secret or token in an Authorization header: scheme `Bearer`, or `BotConnector` as the oldest clients write.
 *
 * @throws ProtocolError `Unauthenticated` without one
 */
function readAuthorization(header: string | undefined, api: 'v3' | 'v1'): string {
  const credential = header === undefined ? undefined : patterns[api].exec(header)?.[1]
  if (credential === undefined) throw new ProtocolError('Unauthenticated', 'Missing token or secret.')
  return credential
}

/**
 * Gives what tells who sends a request.
 *
 * @throws ProtocolError `Unauthenticated`, `Forbidden`, `TokenExpired`, `Revoked`, `SwitchedOff`, `TooManyRequests`
 */
export function authenticator(
  credentials: Credentials,
  wrongCredentials: WrongCredentials,
  api: 'v3' | 'v1',
): (request: FastifyRequest) => Grant {
  return request => {
    const shown = readAuthorization(request.headers.authorization, api)
    const grant = wrongCredentials.check(request.raw, () => credentials.authenticate(shown))
    if (!grant.site[api]) throw new ProtocolError('SwitchedOff', 'This API is switched off for the site.')
    refuseForeignOrigin(grant.site, grant.by === 'token' ? grant.token.origins : [], request.headers.origin)
    return grant
  }
}

/**
 * Where a site enforces its origins, pages from elsewhere are refused; clients without an Origin pass.
 *
 * @param carried the origins of the token, which count where the site has no list of its own
 * @throws ProtocolError `Forbidden`
 */
export function refuseForeignOrigin(site: Site, carried: readonly string[], origin: string | undefined): void {
  if (!site.enforceOrigins || origin === undefined) return
  const trusted = site.trustedOrigins.length > 0 ? site.trustedOrigins : carried
  if (!trusted.includes(origin)) throw new ProtocolError('Forbidden', 'Requests from this origin are not allowed.')
}
