/**
 * Landline as bots' authority: what it publishes about itself, its keys, and the tokens it issues. The addresses and
 * answers are those the SDKs know from Microsoft.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authority } from '../../domain/authority.ts'
import {
  type BotCredentials,
  botTokenSeconds,
  connectorAudience,
  defaultTenant,
  type IssuedBotToken,
  issuerAt,
} from '../../domain/bot-credentials.ts'
import type { AuthenticatedBot } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { type Handler, mount } from '../paths.ts'
import { json, parameter, query } from '../requests.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { type Client, readClient, TokenRefusal } from './client.ts'

/** What the routes need of the inside. */
export type IdentityPorts = {
  readonly authority: Authority
  readonly credentials: BotCredentials
  readonly wrongCredentials: WrongCredentials
}

/** Keys and metadata may be kept for a little while: seconds. A change of keys is announced a day ahead. */
const publishedSeconds = 300

/** The version of the managed identity endpoint that SDKs speak. */
const managedIdentityVersion = '2019-08-01'

/** What a token is asked for: characters. */
const resourceCharactersMax = 1024

const tenantPattern = /^[a-z0-9.-]{1,100}$/

/** Mounts metadata, keys and the two ways to a token. */
export function identity(ports: IdentityPorts): (app: FastifyInstance) => void {
  const { authority, credentials } = ports

  const metadata: Handler = (request, reply) => {
    const tenant = tenantOf(request)
    const address = credentials.addressAt(request.headers.host, tenant)
    const base = `${address}/${tenant}`
    return published(reply, {
      issuer: issuerAt(address, tenant),
      jwks_uri: `${base}/discovery/v2.0/keys`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
    })
  }

  const keys: Handler = async (request, reply) => {
    tenantOf(request)
    return published(reply, { keys: await authority.published() })
  }

  const byForm = answering(async (request, reply) => {
    tenantOf(request)
    const form = new URLSearchParams(bodyText(request, 'MalformedBody'))
    const grantType = form.get('grant_type')
    if (!grantType) throw new TokenRefusal('invalid_request', 'The grant_type is missing.')
    if (grantType !== 'client_credentials')
      throw new TokenRefusal('unsupported_grant_type', 'The grant_type here is client_credentials.')
    const bot = authenticated(ports, request, readClient(request, form))
    if (!isForConnector(bot, readScope(form.get('scope')))) {
      throw new TokenRefusal('invalid_scope', `The scope here is ${connectorAudience}/.default.`)
    }
    const { token } = await credentials.issue(bot)
    return json(reply, {
      token_type: 'Bearer',
      expires_in: botTokenSeconds,
      ext_expires_in: botTokenSeconds,
      access_token: token,
    })
  })

  const asManagedIdentity = answering(async (request, reply) => {
    const header = request.headers['x-identity-header']
    const id = query(request, 'client_id') ?? ''
    const resource = query(request, 'resource') ?? ''
    if (query(request, 'api-version') !== managedIdentityVersion)
      throw new TokenRefusal('invalid_request', `The api-version here is ${managedIdentityVersion}.`)
    const bot = authenticated(ports, request, { id, secret: String(header ?? ''), isBasic: false })
    if (!isForConnector(bot, resource)) {
      throw new TokenRefusal('invalid_resource', `The resource here is ${connectorAudience}.`)
    }
    const issued: IssuedBotToken = await credentials.issue(bot)
    return json(reply, {
      access_token: issued.token,
      expires_on: String(issued.expiresAt),
      resource,
      token_type: 'Bearer',
      client_id: bot.app.id,
    })
  })

  return app => {
    const get = (path: string, handler: Handler) => mount(app, path, { GET: handler }, jsonBytesMax)
    get('/:tenant/v2.0/.well-known/openid-configuration', metadata)
    get('/:tenant/.well-known/openid-configuration', metadata)
    get('/v1/.well-known/openidconfiguration', metadata)
    get('/:tenant/discovery/v2.0/keys', keys)
    get('/:tenant/discovery/keys', keys)
    get('/v1/.well-known/keys', keys)
    get('/msi/token', asManagedIdentity)
    mount(app, '/:tenant/oauth2/v2.0/token', { POST: byForm }, jsonBytesMax)
  }
}

/** The tenant in the path, whatever its case; ours where the path has none. @throws ProtocolError `UnknownPath` */
function tenantOf(request: FastifyRequest): string {
  const tenant = (parameter(request, 'tenant') || defaultTenant).toLowerCase()
  if (!tenantPattern.test(tenant)) throw new ProtocolError('UnknownPath', 'There is nothing at this path.')
  return tenant
}

const published = (reply: FastifyReply, document: unknown) =>
  json(reply.header('cache-control', `public, max-age=${publishedSeconds}`), document)

/** Gives a refusal the shape that OAuth's clients read. */
function answering(handler: Handler): Handler {
  return async (request, reply) => {
    try {
      return await handler(request, reply)
    } catch (error) {
      if (!(error instanceof TokenRefusal)) throw error
      if (error.isBasic) reply.header('www-authenticate', 'Basic realm="landline"')
      return json(reply.code(error.code === 'invalid_client' ? 401 : 400), {
        error: error.code,
        error_description: error.message,
      })
    }
  }
}

/** @throws TokenRefusal which does not tell a wrong secret from an unknown id; ProtocolError `TooManyRequests` */
function authenticated(
  { credentials, wrongCredentials }: IdentityPorts,
  request: FastifyRequest,
  { id, secret, isBasic }: Client,
): AuthenticatedBot {
  const bot = credentials.authenticate(id, secret)
  if (bot !== undefined) return bot
  const why = "The client id and secret are no bot's here."
  const refused = wrongCredentials.counted(request.raw, new ProtocolError('Forbidden', why))
  if (refused instanceof ProtocolError && refused.failure === 'TooManyRequests') throw refused
  throw new TokenRefusal('invalid_client', why, isBasic)
}

/** One scope beside those that every OpenID client adds; empty if there are none or more. */
function readScope(text: string | null): string {
  const scopes = (text ?? '').split(' ').filter(scope => !/^(?:openid|profile|offline_access)?$/.test(scope))
  return scopes.length === 1 && scopes[0] !== undefined ? scopes[0] : ''
}

/** Whether this is the Connector, or the bot itself: with or without what scopes end with. */
function isForConnector(bot: AuthenticatedBot, resource: string): boolean {
  // Looked at from every slash on, a text of slashes alone takes a time that grows with its square.
  if (resource.length > resourceCharactersMax) return false
  const audience = resource.replace(/\/+(?:\.default)?$/, '').toLowerCase()
  return audience === connectorAudience || audience === bot.app.id.toLowerCase()
}
