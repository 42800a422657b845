/**
 * What every part of the admin API is given to mount its routes and to leave its traces.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditedAction, Events } from '../../domain/events.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import type { Addresses } from '../addresses.ts'
import { mount } from '../paths.ts'

/** Where all of the admin API is. */
export const base = '/admin/v1'

/** Notes who has done what. Called when it is done. */
export type Audit = (request: FastifyRequest, action: AuditedAction, subject: string) => void

/** Mounts the methods of a path below `base`. */
export type Route = (path: string, handlers: Parameters<typeof mount>[2]) => void

/** Notes in the events. */
export const auditor =
  ({ events, addresses }: { readonly events: Events; readonly addresses: Addresses }): Audit =>
  (request, action, subject) =>
    events({ event: 'audit', action, subject, address: addresses.of(request.raw) })

/** Mounts on a server. Whoever may GET may ask for the head of the answer alone. */
export const router =
  (app: FastifyInstance): Route =>
  (path, handlers) => {
    const { GET } = handlers
    mount(app, base + path, GET === undefined ? handlers : { ...handlers, HEAD: GET }, jsonBytesMax)
  }
