/**
 * What those who run the service ask it: is it alive, and may it be sent work.
 */
import type { FastifyInstance } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { mount } from '../paths.ts'
import { json } from '../requests.ts'

/** Mounts `/health`, which only says that the loop turns, and `/ready`, which says no while the service stops. */
export function operations(ports: { readonly isStopping: () => boolean }): (app: FastifyInstance) => void {
  return app => {
    mount(app, '/health', { GET: (_request, reply) => json(reply, { status: 'ok' }) }, jsonBytesMax)
    mount(
      app,
      '/ready',
      {
        GET: (_request, reply) => {
          const stopping = ports.isStopping()
          return json(reply.code(stopping ? 503 : 200), { status: stopping ? 'stopping' : 'ready' })
        },
      },
      jsonBytesMax,
    )
  }
}
