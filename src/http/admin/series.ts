/**
 * What happens now, as figures: a point for each second, and what is wrong with bots.
 */
import type { Inspection } from '../../domain/inspection.ts'
import type { Handler } from '../paths.ts'
import { json } from '../requests.ts'
import type { Route } from './audit.ts'
import { readSeconds } from './queries.ts'

/** What the routes need of the inside. */
export type SeriesPorts = { readonly inspection: Pick<Inspection, 'series' | 'problems' | 'turn'> }

/** Mounts the series and the problems. */
export function seriesRoutes(route: Route, { inspection }: SeriesPorts): void {
  const series: Handler = (request, reply) => json(reply, inspection.series(readSeconds(request)))
  const problems: Handler = (_request, reply) => json(reply, inspection.problems())
  route('/series', { GET: series })
  route('/problems', { GET: problems })
}
