/**
 * The session that binds a sign-in card to a browser: an opaque id, for pages of trusted origins only.
 */
import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Grant } from '../../domain/grant.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { json } from '../requests.ts'

/**
 * Answers `getsessionid`. The request travels with cookies, so this is the one answer that allows credentials, and
 * only to an origin of the site's list, or of the token's where the site has none.
 *
 * @throws ProtocolError `Forbidden` for a secret, `NoTrustedOrigins`, `Unacceptable` for an origin that is not trusted
 */
export function answerSession(grant: Grant, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (grant.by === 'secret') throw new ProtocolError('Forbidden', 'A session is bound to a token.')
  const { site, token } = grant
  const trusted = site.trustedOrigins.length > 0 ? site.trustedOrigins : token.origins
  if (trusted.length === 0) throw new ProtocolError('NoTrustedOrigins', 'Trusted Origin list is empty.')
  const { origin } = request.headers
  if (origin === undefined || !trusted.includes(origin)) {
    throw new ProtocolError('Unacceptable', 'The Origin of the request is missing or not trusted.')
  }
  const sessionId = randomBytes(24).toString('base64url')
  reply.headers({
    'access-control-allow-credentials': 'true',
    'set-cookie': `landline_session=${sessionId}; HttpOnly; Secure; SameSite=None; Path=/`,
  })
  return json(reply, { sessionId })
}
