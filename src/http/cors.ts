/**
 * Cross-origin answers: browser clients of any origin call the API directly. The headers are on every answer, errors
 * too: without them a browser hides the status, and clients take a refusal for a broken network.
 */
import type { FastifyInstance } from 'fastify'
import { isAdminPath, isSteeringPath } from './paths.ts'

const sessionPath = /\/session\/getsessionid\/?(?:\?|$)/i

/** The headers of an answer to a request from this origin. */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  return {
    'access-control-allow-origin': origin ?? '*',
    vary: 'Origin',
    'access-control-expose-headers': 'Retry-After, x-ms-request-id',
  }
}

/** What browsers are told of everything by which people steer the service: to guess no types, and to tell nobody of it. */
export const steeringHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

/** Answers preflights on every path, and puts the headers on every answer, but for the admin API's. */
export function allowCrossOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isSteeringPath(request.url)) reply.headers(steeringHeaders)
    if (isAdminPath(request.url)) {
      done()
      return
    }
    const { origin } = request.headers
    reply.headers(corsHeaders(origin))
    // Only the session's cookie travels with credentials, and only to origins a handler has checked.
    if (request.method !== 'OPTIONS') {
      done()
      return
    }
    if (origin !== undefined && sessionPath.test(request.url)) reply.header('access-control-allow-credentials', 'true')
    reply
      .headers({
        'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
        'access-control-allow-headers':
          request.headers['access-control-request-headers'] ?? 'authorization, content-type, x-ms-bot-agent',
        'access-control-max-age': '86400',
      })
      .code(204)
      .send()
  })
}
