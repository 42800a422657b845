/**
 * A token for the asking, for pages opened on this machine: only ever for development.
 */
import type { FastifyInstance } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { type Handler, mount, type Origins } from '../paths.ts'
import { checkedCaller } from './callers.ts'

/** A token for a conversation that nobody has started. */
export type DevToken = { readonly token: string; readonly conversationId: string; readonly expiresInSeconds: number }

/** What is asked of the house. */
export type DevTokenPorts = {
  /** A token that names its user: without one, a page that is reloaded would speak as somebody else. */
  readonly issueToken: () => Promise<DevToken> | DevToken
  readonly origins: Origins
}

/** Mounts `/dev/token`. Whoever asks from this machine gets a token. */
export function devToken({ issueToken, origins }: DevTokenPorts): (app: FastifyInstance) => void {
  const giveToken: Handler = async (request, reply) => {
    reply.removeHeader('access-control-allow-origin')
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
      domain: `${origins.of(request.raw, request.originalUrl)}/v3/directline`,
    })
  }
  return app => mount(app, '/dev/token', { GET: giveToken, POST: giveToken }, jsonBytesMax)
}
