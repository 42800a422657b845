/**
 * What those who run the service ask it: is it alive, and may it be sent work.
 */
import type { FastifyInstance } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { mount } from '../paths.ts'

/** Mounts `/health`, which only says that the loop turns, and `/ready`, which says no while the service stops. */
export function operations(ports: { readonly isStopping: () => boolean }): (app: FastifyInstance) => void {
  return app => {
    mount(
      app,
      '/health',
      { GET: (_request, reply) => reply.type('application/json; charset=utf-8').send('{"status":"ok"}') },
      jsonBytesMax,
    )
    mount(
      app,
      '/ready',
      {
        GET: (_request, reply) => {
          const stopping = ports.isStopping()
          reply.code(stopping ? 503 : 200).type('application/json; charset=utf-8')
          return reply.send(JSON.stringify({ status: stopping ? 'stopping' : 'ready' }))
        },
      },
      jsonBytesMax,
    )
  }
}
