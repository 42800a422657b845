/**
 * The console: its page under every address below `/console/`, and the files that the page loads. There is nothing
 * secret in them; what they show comes from the admin API, which asks for the key.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ProtocolError } from '../../protocol/errors.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { steeringHeaders } from '../cors.ts'
import { Gzipped, takesGzip } from '../gzip.ts'
import { type Handler, mount } from '../paths.ts'
import { parameter } from '../requests.ts'
import { type ConsoleFile, ConsoleFiles } from './files.ts'

/** What the console asks of the house. */
export type ConsolePorts = {
  /** Where the build is, or will be. */
  readonly dir: string
  /** Whether `/` leads to the console: on a developer's machine. */
  readonly isHome: boolean
}

/** What the page may load and where it may ask: nothing but this service. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A year: a name made from what is in a file never names anything else. */
const immutable = 'public, max-age=31536000, immutable'

const notBuilt = 'The console has not been built here. Build it with: npm run build:console\n'

/** Files smaller than this are sent as they are: bytes. */
const gzipBytesMin = 1_000

/** Mounts `/console/`. Without a build it answers a line that says how to make one. */
export function consolePage({ dir, isHome }: ConsolePorts): (app: FastifyInstance) => void {
  const files = new ConsoleFiles(dir)
  let gzipped = new Gzipped()
  let newest: ConsoleFile | undefined

  const send = async (file: ConsoleFile, request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', file.isHashed ? immutable : 'no-store').type(file.type)
    reply.header('vary', 'Accept-Encoding')
    if (file.bytes.length < gzipBytesMin || !takesGzip(request)) return reply.send(file.bytes)
    return reply.header('content-encoding', 'gzip').send(await gzipped.of(file.path, file.bytes))
  }
  const page: Handler = async (request, reply) => {
    const file = await files.page()
    guarded(reply).header('content-security-policy', policy)
    if (file === undefined) return reply.code(503).type('text/plain; charset=utf-8').send(notBuilt)
    // Another build has other files by the same names.
    if (file !== newest) gzipped = new Gzipped()
    newest = file
    return send(file, request, reply)
  }
  const part: Handler = async (request, reply) => {
    const file = await files.part(`assets/${parameter(request, '*')}`)
    guarded(reply)
    if (file === undefined) throw new ProtocolError('UnknownPath', 'The console has no such file: reload the page.')
    return send(file, request, reply)
  }

  return app => {
    const get = (path: string, handler: Handler) => mount(app, path, { GET: handler, HEAD: handler }, jsonBytesMax)
    if (isHome) get('/', (_request, reply) => guarded(reply).redirect('/console/'))
    get('/console', page)
    get('/console/*', page)
    get('/console/assets/*', part)
  }
}

/** The API answers pages of every origin; the console is for itself alone. */
function guarded(reply: FastifyReply): FastifyReply {
  reply.removeHeader('access-control-allow-origin')
  return reply.headers(steeringHeaders)
}
