/**
 * Bodies of requests: bytes into text, whatever the Content-Type says. Clients send JSON under any name.
 */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type FailureName, ProtocolError } from '../protocol/errors.ts'
import { jsonBytesMax, type Limits } from '../protocol/limits.ts'
import { Arrivals } from './arrivals.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The Content-Type as it was sent. */
    sentContentType: string | undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Takes the reading of bodies over from Fastify: bytes within the route's limit, and nothing is refused for its
 * Content-Type, which Fastify would do for malformed ones.
 */
export function readBodies(app: FastifyInstance, limits: Limits): void {
  const arrivals = new Arrivals(limits)
  app.decorateRequest('sentContentType', undefined)
  app.decorateRequest('arrivedMs', 0)
  app.decorateRequest('marks', undefined)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => {
    request.arrivedMs = performance.now()
    arrivals.read(payload, request.routeOptions.bodyLimit ?? jsonBytesMax, done)
  })
  app.addHook('preClose', async () => arrivals.stop())
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      done(new ProtocolError('Compressed', 'Compressed bodies are not accepted.'))
      return
    }
    request.sentContentType = headers['content-type']
    delete headers['content-type']
    done()
  })
}

/** The body's bytes; none if there is no body. */
export function bodyBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/**
 * The body as text; empty if there is none.
 *
 * @param otherwise how a body that is not UTF-8 is refused
 */
export function bodyText(request: FastifyRequest, otherwise: FailureName): string {
  return decoded(bodyBytes(request), otherwise)
}

/** The body as text where it may say nothing; empty too for what is not UTF-8. */
export function looseText(request: FastifyRequest): string {
  const bytes = bodyBytes(request)
  return isUtf8(bytes) ? utf8.decode(bytes) : ''
}

/** Bytes as UTF-8 text. @throws ProtocolError as `otherwise` names it */
export function decoded(bytes: Uint8Array, otherwise: FailureName): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new ProtocolError(otherwise, 'The body is not UTF-8 text.', { cause })
  }
}
