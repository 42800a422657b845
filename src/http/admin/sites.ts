/**
 * Secrets and tokens in the admin API: what opens a site, and what an operator does when it has leaked.
 */
import type { FastifyRequest } from 'fastify'
import type { Access } from '../../domain/access.ts'
import type { AuditedAction } from '../../domain/events.ts'
import type { Opening } from '../../domain/opening.ts'
import { ownSecret, type Site, type Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { bodyText } from '../bodies.ts'
import type { Handler } from '../paths.ts'
import { json, parameter } from '../requests.ts'
import type { Audit, Route } from './audit.ts'
import { parseHow, parseToken, parseTokenRequest, type RotateHow } from './bodies.ts'
import { fullName, readSecretNumber, siteNamed } from './resources.ts'

/** What these routes need of the inside. */
export type SecretPorts = {
  readonly sites: Sites
  readonly access: Access
  readonly opening: Opening
  /** Whether secrets that are in use are shown. */
  readonly revealSecrets: boolean
  /** Changes the keys that sign what bots are sent, where there are any. */
  readonly rotateKeys?: ((how: RotateHow) => Promise<void>) | undefined
}

/** Mounts the routes. Whoever calls this guards the paths. */
export function secretRoutes(route: Route, ports: SecretPorts, audit: Audit): void {
  const { sites, access, opening, rotateKeys } = ports
  const bodyOf = (request: FastifyRequest) => bodyText(request, 'MalformedBody')
  const siteOf = (request: FastifyRequest) => siteNamed(sites, parameter(request, 'site'))

  const secret =
    (action: AuditedAction, act: (site: Site, number: 1 | 2) => Promise<string>): Handler =>
    async (request, reply) => {
      const site = siteOf(request)
      const number = readSecretNumber(parameter(request, 'number'))
      const shown = await act(site, number)
      audit(request, action, `${fullName(site)} secret ${number}`)
      return json(reply, { secret: shown })
    }
  const reveal = secret('secretRevealed', (site, number) => {
    if (!ports.revealSecrets)
      throw new ProtocolError('SecretNotRevealable', 'Secrets in use are not shown here. A new one is shown once.')
    return access.reveal(site, number)
  })
  const issueToken: Handler = async (request, reply) => {
    const site = siteOf(request)
    const issued = await opening.generate({ by: 'secret', site, secret: ownSecret }, parseTokenRequest(bodyOf(request)))
    audit(request, 'tokenIssued', `${fullName(site)} conversation ${issued.conversation}`)
    return json(reply, {
      token: issued.token,
      conversationId: issued.conversation,
      expires_in: issued.expiresInSeconds,
    })
  }
  const revokeSite: Handler = async (request, reply) => {
    const site = siteOf(request)
    const closedSockets = await access.revokeSite(site)
    audit(request, 'siteRevoked', fullName(site))
    return json(reply, { closedSockets })
  }
  const revokeToken: Handler = async (request, reply) => {
    const { token, closed } = await access.revokeToken(parseToken(bodyOf(request)))
    audit(request, 'tokenRevoked', `family ${token.family} of conversation ${token.conversation}`)
    return json(reply, { conversationId: token.conversation, closedSockets: closed })
  }
  const revokeConversation: Handler = async (request, reply) => {
    const name = parameter(request, 'conversation')
    const closedSockets = await access.revokeConversation(name)
    audit(request, 'conversationRevoked', name)
    return json(reply, { closedSockets })
  }

  route('/sites/:site/secrets/:number/reveal', { POST: reveal })
  const regenerate = secret('secretRegenerated', (site, number) => access.regenerate(site, number))
  route('/sites/:site/secrets/:number/regenerate', { POST: regenerate })
  const revoke = secret('secretRevoked', (site, number) => access.revokeSecret(site, number))
  route('/sites/:site/secrets/:number/revoke', { POST: revoke })
  route('/sites/:site/tokens', { POST: issueToken })
  route('/sites/:site/revoke', { POST: revokeSite })
  route('/tokens/revoke', { POST: revokeToken })
  route('/conversations/:conversation/revoke', { POST: revokeConversation })
  if (rotateKeys !== undefined) {
    const rotate: Handler = async (request, reply) => {
      const how = parseHow(bodyOf(request))
      await rotateKeys(how)
      audit(request, 'keysRotated', how)
      return reply.code(204).send()
    }
    route('/keys/rotate', { POST: rotate })
  }
}
