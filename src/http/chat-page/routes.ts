/**
 * The chat page of development mode: the official Web Chat on a page of our own, and tokens for pages opened on this
 * machine.
 */
import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { type Handler, mount, type Origins } from '../paths.ts'
import { checkedCaller } from './callers.ts'

/** Web Chat's files. */
export type WebChat = {
  /** The release, as its address names it. */
  readonly version: string
  /** The bytes of a file. @throws Error that tells a person why it can't be had */
  read(file: 'webchat.js' | 'webchat.js.LICENSE.txt'): Promise<Uint8Array>
}

/** A token for a conversation that nobody has started. */
export type DevToken = { readonly token: string; readonly conversationId: string; readonly expiresInSeconds: number }

/** What the chat page asks of the house. */
export type ChatPagePorts = {
  readonly webChat: WebChat
  /** A token that names its user: without one, a page that is reloaded would speak as somebody else. */
  readonly issueToken: () => Promise<DevToken> | DevToken
  readonly origins: Origins
}

/** A year: an address that names a release never holds anything else. */
const immutable = 'public, max-age=31536000, immutable'

const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

/** Mounts `/`, `/chat`, `/webchat/{version}` and `/dev/token`. Only ever for development: whoever asks gets a token. */
export function chatPage({ webChat, issueToken, origins }: ChatPagePorts): (app: FastifyInstance) => void {
  const page = file('page.html').replaceAll('{version}', webChat.version)
  const parts = [
    { name: 'chat.js', type: 'text/javascript; charset=utf-8', text: file('chat.js') },
    { name: 'look.js', type: 'text/javascript; charset=utf-8', text: file('look.js') },
    { name: 'chat.css', type: 'text/css; charset=utf-8', text: file('chat.css') },
  ]
  const originOf = (request: FastifyRequest) => origins.of(request.raw, request.originalUrl)

  const bundleFile = async (name: Parameters<WebChat['read']>[0], type: string, reply: FastifyReply) => {
    reply.header('x-content-type-options', 'nosniff').header('access-control-allow-origin', '*').removeHeader('vary')
    let bytes: Uint8Array
    try {
      bytes = await webChat.read(name)
    } catch (error) {
      // For the person in front of the page, who alone can give this machine a registry.
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send(error instanceof Error ? error.message : String(error))
    }
    return reply.header('cache-control', immutable).type(type).send(bytes)
  }

  return app => {
    const get = (path: string, handler: Handler) => mount(app, path, { GET: handler }, jsonBytesMax)
    get('/', (_request, reply) => sameOriginOnly(reply).redirect('/chat'))
    get('/chat', (request, reply) => {
      sameOriginOnly(reply).header('content-security-policy', policyFor(originOf(request)))
      return reply.type('text/html; charset=utf-8').send(page)
    })
    for (const { name, type, text } of parts) {
      get(`/chat/${name}`, (_request, reply) => sameOriginOnly(reply).type(type).send(text))
    }
    get(`/webchat/${webChat.version}/webchat.js`, (_request, reply) =>
      bundleFile('webchat.js', 'text/javascript; charset=utf-8', reply),
    )
    get(`/webchat/${webChat.version}/webchat.js.LICENSE.txt`, (_request, reply) =>
      bundleFile('webchat.js.LICENSE.txt', 'text/plain; charset=utf-8', reply),
    )

    const giveToken: Handler = async (request, reply) => {
      sameOriginOnly(reply)
      const caller = checkedCaller(request)
      if (caller.refused !== undefined) {
        const { status, message } = caller.refused
        return reply.code(status).send({ error: { code: 'BadArgument', message } })
      }
      if (caller.origin !== undefined) reply.header('access-control-allow-origin', caller.origin)
      const { token, conversationId, expiresInSeconds } = await issueToken()
      return reply.send({
        token,
        conversationId,
        expires_in: expiresInSeconds,
        domain: `${originOf(request)}/v3/directline`,
      })
    }
    mount(app, '/dev/token', { GET: giveToken, POST: giveToken }, jsonBytesMax)
  }
}

/** The API answers pages of every origin; what is answered here is for this page. */
function sameOriginOnly(reply: FastifyReply): FastifyReply {
  reply.removeHeader('access-control-allow-origin')
  return reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer')
}

/**
 * What the page may load. Web Chat writes its styles into the page, reads files to be sent from `blob:` addresses,
 * and makes small pictures of them in a worker; bots show pictures and films from anywhere.
 */
function policyFor(origin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    'img-src http: https: data: blob:',
    'media-src http: https: data: blob:',
    `connect-src 'self' blob: ${new URL(origin).origin} ${new URL(origin).origin.replace(/^http/, 'ws')}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
