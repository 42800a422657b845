/**
 * The admin API: sites and their secrets, tokens, and what an operator does when one has leaked.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access } from '../../domain/access.ts'
import type { AuditedAction } from '../../domain/events.ts'
import type { Opening } from '../../domain/opening.ts'
import { ownSecret, type Site, type Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { type Handler, isAdminPath, mount } from '../paths.ts'
import { json, parameter, query } from '../requests.ts'
import { pageOf, parseHow, parseSwitches, parseToken, parseTokenRequest, type RotateHow } from './bodies.ts'
import { Guard, type GuardPorts } from './guard.ts'
import { botBody, fullName, readSecretNumber, siteBody, siteNamed } from './resources.ts'

/** What the routes need of the inside. */
export type AdminPorts = GuardPorts & {
  readonly sites: Sites
  readonly access: Access
  readonly opening: Opening
  /** Whether secrets that are in use are shown. */
  readonly revealSecrets: boolean
  /** Changes the keys that sign what bots are sent, where there are any. */
  readonly rotateKeys?: ((how: RotateHow) => Promise<void>) | undefined
}

const base = '/admin/v1'

/** Mounts the API. Everything below `/admin` needs the key, whether or not it is there. */
export function admin(ports: AdminPorts): (app: FastifyInstance) => void {
  const { sites, access, opening, addresses, events, rotateKeys } = ports
  const guard = new Guard(ports)
  const bodyOf = (request: FastifyRequest) => bodyText(request, 'MalformedBody')
  const siteOf = (request: FastifyRequest) => siteNamed(sites, parameter(request, 'site'))
  const audit = (request: FastifyRequest, action: AuditedAction, subject: string) =>
    events({ event: 'audit', action, subject, address: addresses.of(request.raw) })

  const bots: Handler = (request, reply) =>
    json(reply, pageOf(sites.bots.map(botBody), query(request, 'limit'), query(request, 'cursor')))
  const sitesOfBot: Handler = (request, reply) => {
    const bot = sites.bots.find(({ id }) => id === parameter(request, 'bot'))
    if (bot === undefined) throw new ProtocolError('UnknownBot', 'There is no such bot.')
    const own = sites.all.filter(site => site.bot.id === bot.id).map(site => siteBody(site, sites))
    return json(reply, pageOf(own, query(request, 'limit'), query(request, 'cursor')))
  }
  const switchSite: Handler = async (request, reply) => {
    const site = await access.switchSite(siteOf(request), parseSwitches(bodyOf(request)))
    const { enabled, v3, v1 } = site
    audit(request, 'siteSwitched', `${fullName(site)} ${JSON.stringify({ enabled, v3, v1 })}`)
    return json(reply, siteBody(site, sites))
  }
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
  const forget: Handler = async (request, reply) => {
    const name = parameter(request, 'conversation')
    await access.forget(name)
    audit(request, 'conversationDeleted', name)
    return reply.code(204).send()
  }

  return app => {
    app.addHook('onRequest', (request, _reply, done) => {
      done(isAdminPath(request.url) ? guard.refusal(request) : undefined)
    })
    const route = (path: string, handlers: Parameters<typeof mount>[2]) =>
      mount(app, base + path, handlers, jsonBytesMax)
    route('/bots', { GET: bots })
    route('/bots/:bot/sites', { GET: sitesOfBot })
    route('/sites/:site', { PATCH: switchSite })
    route('/sites/:site/secrets/:number/reveal', { POST: reveal })
    const regenerate = secret('secretRegenerated', (site, number) => access.regenerate(site, number))
    route('/sites/:site/secrets/:number/regenerate', { POST: regenerate })
    const revoke = secret('secretRevoked', (site, number) => access.revokeSecret(site, number))
    route('/sites/:site/secrets/:number/revoke', { POST: revoke })
    route('/sites/:site/tokens', { POST: issueToken })
    route('/sites/:site/revoke', { POST: revokeSite })
    route('/tokens/revoke', { POST: revokeToken })
    route('/conversations/:conversation/revoke', { POST: revokeConversation })
    route('/conversations/:conversation', { DELETE: forget })
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
}
