/**
 * The HTTP server: limits, bodies, cross-origin answers, errors; and the surfaces mounted on it.
 */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Events } from '../domain/events.ts'
import { failures, ProtocolError } from '../protocol/errors.ts'
import { defaultLimits, jsonBytesMax, type Limits } from '../protocol/limits.ts'
import { readBodies } from './bodies.ts'
import { errorBody as connectorError } from './connector/errors.ts'
import { allowCrossOrigin, corsHeaders, steeringHeaders } from './cors.ts'
import { errorBody as oldError, statusOf as oldStatusOf } from './direct-line-v1/errors.ts'
import { errorBody as directLineError } from './direct-line-v3/errors.ts'
import { failedAnswer, rawAnswer } from './errors.ts'
import { told } from './marks.ts'
import { isAdminPath, notFound, splitPrefix, targetFault } from './paths.ts'
import { jsonType } from './requests.ts'
import { isTaken, takeUpgrades } from './upgrades.ts'

/** A way in: mounts its routes, and may watch the server for upgrades. */
export type Surface = (app: FastifyInstance) => void

/** Header block and header fields: beyond them Node answers 431 and closes. */
const headerBytesMax = 16 * 1024
const headerFieldsMax = 100

/** How often Node looks for requests that take too long, at least: milliseconds. */
const lookMsMax = 1_000

/** A connection on which nothing has moved for this long, in either direction, is closed: whoever reads nothing holds an answer in memory. */
const stillMsMax = 180_000

/** How long a connection is kept open after an answer to what was no request, for the answer to be read: milliseconds. */
const lingerMs = 1_000

/** A path segment: an activity id is 31 characters, a file's name up to 255 bytes, thrice that when escaped. */
const pathParameterMax = 1024

/** Whose errors have a shape of their own. Everything else answers as Direct Line 3.0 does. */
const connectorPath =
  /^\/(?:connector|v3\/(?:conversations|attachments|botstate)|api\/+(?:usertoken|botsignin))(?:[/?]|$)/i
const oldPath = /^\/(?:api(?!\/+(?:usertoken|botsignin)(?:[/?]|$))|bot\/v1\.0)(?:[/?]|$)/i
/** The SDK of v1 bots expects no body with a 401. */
const oldBotPath = /^\/bot\/v1\.0(?:[/?]|$)/i

/** No route has a schema. Unless told so, Fastify loads two compilers of schemas: 8 MB for nothing. */
const noSchemas = () => () => {
  throw new Error('No route has a schema.')
}

/** Makes the server. `listen` starts it. */
export function openServer(
  surfaces: readonly Surface[],
  events: Events,
  isStopping: () => boolean,
  limits: Limits = defaultLimits,
): FastifyInstance {
  const app: FastifyInstance = Fastify({
    logger: false,
    bodyLimit: jsonBytesMax,
    requestTimeout: limits.uploadMs,
    connectionTimeout: stillMsMax,
    keepAliveTimeout: limits.idleMs,
    exposeHeadRoutes: false,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    genReqId: requestIds(),
    // What arrives while we stop is answered by the surfaces: a bot's replies are still taken.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: headerBytesMax,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(lookMsMax, limits.headersMs / 4),
      shouldUpgradeCallback: request => isTaken(app, request),
      // Refused below, with a body.
      requireHostHeader: false,
    },
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      // Bots join a serviceUrl that ends with a slash and a path that begins with one.
      ignoreDuplicateSlashes: true,
      maxParamLength: pathParameterMax,
    },
    rewriteUrl: request => splitPrefix(request.url ?? '/').own,
    // No hook has run for these: the path can't be decoded, or is too long for a router.
    frameworkErrors: (error, request, reply) => {
      const answer = reply as unknown as FastifyReply
      answer.headers({
        ...(isAdminPath(request.url) ? steeringHeaders : corsHeaders(request.headers.origin)),
        'cache-control': 'no-store',
        'x-ms-request-id': request.id,
      })
      answerError(answer, error, events, request.url)
    },
    clientErrorHandler: answerUnreadable,
  })
  const server = app.server as Server
  server.maxHeadersCount = headerFieldsMax
  app.decorate('knownPaths', [])
  takeUpgrades(app, events, directLineError)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-ms-request-id', request.id).header('cache-control', 'no-store')
    // Behind an offer that is passed over Node reads no request that comes with it.
    if (isStopping() || request.headers.upgrade !== undefined) reply.header('connection', 'close')
    done()
  })
  allowCrossOrigin(app)
  app.addHook('onRequest', (request, _reply, done) => {
    done(targetFault(request.raw))
  })
  readBodies(app, limits)
  app.setErrorHandler((error, request, reply) => told(request, answerError(reply, error, events, request.url)))
  app.setNotFoundHandler((request, reply) => answerError(reply, notFound(app, request, reply), events, request.url))
  for (const surface of surfaces) surface(app)
  return app
}

/** Ids of requests, for people who compare an answer with a log: told apart over restarts by their first part. */
function requestIds(): () => string {
  const process = randomBytes(6).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${process}.${count.toString(36)}`
  }
}

function answerError(reply: FastifyReply, thrown: unknown, events: Events, url: string): FastifyReply {
  const { status, headers, error } = failedAnswer(thrown, events)
  // Fastify closes after every body that it was given no whole of.
  if (error.failure === 'UploadTooLarge') reply.removeHeader('connection')
  if (error.failure === 'Unauthenticated' && oldBotPath.test(url)) {
    return reply.code(status).header('www-authenticate', 'Basic realm="landline"').send()
  }
  if (oldPath.test(url)) return reply.code(oldStatusOf(error)).headers(headers).type(jsonType).send(oldError(error))
  const body = connectorPath.test(url) ? connectorError : directLineError
  return reply.code(status).headers(headers).type(jsonType).send(body(error))
}

/** What Node's reader of HTTP calls the reasons that are not simply bad HTTP. */
const unreadable: Readonly<Record<string, ProtocolError>> = {
  HPE_HEADER_OVERFLOW: new ProtocolError('HeadersTooLarge', 'The headers are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new ProtocolError('TooSlow', 'The request took too long to arrive.'),
}
const notHttp = new ProtocolError('MalformedBody', 'The request is not HTTP.')

/** Answers what could not be read as a request, by hand, and closes: there is no request that anything could be hung on. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refused = unreadable[error.code ?? ''] ?? notHttp
  socket.setTimeout(lingerMs, () => socket.destroy())
  socket.end(rawAnswer({ status: failures[refused.failure].status, headers: {} }, directLineError(refused), undefined))
}
