/**
 * The token service that bots sign users in with (OAuthPrompt): there is none here. A bot that asks must be told so by
 * a status that its SDK takes for nothing else: botbuilder takes the body of a 404 for a token, and asks again after
 * 500, 502 and 503.
 */
import type { FastifyInstance } from 'fastify'
import { ProtocolError } from '../../protocol/errors.ts'
import { activityBytesMax } from '../../protocol/limits.ts'
import { type Handler, mount } from '../paths.ts'

/** Mounts the paths of the token service below a base path. Nothing is there to protect, so no credential is asked for. */
export function noUserTokens(app: FastifyInstance, base: string): void {
  const refused: Handler = () => {
    throw new ProtocolError(
      'NoTokenService',
      'Landline has no token service: it keeps no tokens of users and makes no sign-in links. A bot that signs users in must be set to a token service that does.',
    )
  }
  const handlers = { GET: refused, HEAD: refused, POST: refused, PUT: refused, PATCH: refused, DELETE: refused }
  for (const service of ['usertoken', 'botsignin']) {
    mount(app, `${base}/api/${service}/:call`, handlers, activityBytesMax)
  }
}
