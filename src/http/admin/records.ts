/**
 * Logs and turns of conversations in the admin API.
 */
import type { Looking } from '../../domain/looking.ts'
import type { Handler } from '../paths.ts'
import { json, parameter } from '../requests.ts'
import type { Route } from './audit.ts'
import { readRecordsQuery } from './queries.ts'

/** What the routes need of the inside. */
export type RecordsPorts = { readonly looking: Looking }

/** Mounts the log and the turns of a conversation. */
export function recordRoutes(route: Route, { looking }: RecordsPorts): void {
  const records: Handler = async (request, reply) => {
    const { range, limit } = readRecordsQuery(request)
    return json(reply, await looking.records(parameter(request, 'conversation'), range, limit))
  }
  const turn: Handler = async (request, reply) =>
    json(reply, await looking.turn(parameter(request, 'conversation'), parameter(request, 'turn')))
  route('/conversations/:conversation/records', { GET: records })
  route('/conversations/:conversation/turns/:turn', { GET: turn })
}
