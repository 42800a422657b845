/**
 * The frame in which the console shows the official Web Chat: a page without an origin of its own, so that nothing a
 * bot sends can reach the console around it.
 */
import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { steeringHeaders } from '../cors.ts'
import { type Handler, mount, type Origins } from '../paths.ts'
import type { WebChatFiles } from './files.ts'

/** What the frame asks of the house. */
export type FramePorts = {
  readonly files: WebChatFiles
  readonly origins: Origins
}

const file = (name: string): string => readFileSync(new URL(`../../../console/frame/${name}`, import.meta.url), 'utf8')

/** The frame's own files beside its page. */
const parts = [
  { name: 'frame.js', type: 'text/javascript; charset=utf-8' },
  { name: 'look.js', type: 'text/javascript; charset=utf-8' },
  { name: 'frame.css', type: 'text/css; charset=utf-8' },
] as const

/**
 * Mounts `/console/frame.html`, its parts, and Web Chat's files below `/console/webchat`: the console shows chats
 * whether or not people's own pages may have Web Chat from here.
 */
export function chatFrame({ files, origins }: FramePorts): (app: FastifyInstance) => void {
  const page = file('frame.html').replaceAll('{version}', files.version)
  return app => {
    const get = (path: string, handler: Handler) => mount(app, path, { GET: handler, HEAD: handler }, jsonBytesMax)
    get('/console/frame.html', (request, reply) => {
      const line = new URL(origins.of(request.raw, request.originalUrl)).origin
      sameOriginOnly(reply).header('content-security-policy', policyFor(line))
      return reply.type('text/html; charset=utf-8').send(page)
    })
    for (const { name, type } of parts) {
      const text = file(name)
      get(`/console/frame/${name}`, (_request, reply) => sameOriginOnly(reply).type(type).send(text))
    }
    files.mount(app, '/console/webchat')
  }
}

/** The API answers pages of every origin; what is answered here is for the console. */
function sameOriginOnly(reply: FastifyReply): FastifyReply {
  reply.removeHeader('access-control-allow-origin')
  return reply.headers(steeringHeaders)
}

/**
 * What the frame may do. Web Chat writes its styles into the page, reads files to be sent from `blob:` addresses, and
 * makes small pictures of them in a worker; bots show pictures and films from anywhere, and the service's own files
 * are where the line is, which may be plain http on one's own machine.
 *
 * @param line the origin that Direct Line clients are told; the console may have an address of its own
 */
function policyFor(line: string): string {
  return [
    'sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads',
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    `img-src https: data: blob: ${line}`,
    `media-src https: data: blob: ${line}`,
    `connect-src 'self' ${line} ${line.replace(/^http/, 'ws')} blob:`,
    'worker-src blob:',
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
}
