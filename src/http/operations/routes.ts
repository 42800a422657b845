/**
 * What those who run the service ask it: is it alive, and may it be sent work.
 */
import type { FastifyInstance } from 'fastify'
import type { Readiness } from '../../domain/readiness.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { type Handler, mount } from '../paths.ts'
import { json } from '../requests.ts'

/** What the routes need of the inside. */
export type OperationsPorts = { readonly isStopping: () => boolean; readonly readiness: Readiness }

/** When whoever is told no should ask again: seconds. */
const retryAfterSeconds = '1'

/**
 * Mounts `/health`, which only says that the loop turns, and `/ready`, which says no while the service stops or does
 * not get anything stored.
 */
export function operations({ isStopping, readiness }: OperationsPorts): (app: FastifyInstance) => void {
  const ready: Handler = async (_request, reply) => {
    const isStoring = !isStopping() && (await readiness.isStoring())
    // A stop may have begun meanwhile.
    if (isStoring && !isStopping()) return json(reply, { status: 'ready' })
    const status = isStopping() ? 'stopping' : 'storeUnavailable'
    return json(reply.code(503).header('retry-after', retryAfterSeconds), { status })
  }
  return app => {
    mount(app, '/health', { GET: (_request, reply) => json(reply, { status: 'ok' }) }, jsonBytesMax)
    mount(app, '/ready', { GET: ready }, jsonBytesMax)
  }
}
