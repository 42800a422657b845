/**
 * What the service is, and what it was told: for people who look in. No secret is in either.
 */
import type { AboutBody, SettingBody } from '../../protocol/admin.ts'
import { json } from '../requests.ts'
import type { Route } from './audit.ts'

/** What these routes need of the inside. */
export type AboutPorts = {
  readonly about: () => Promise<AboutBody>
  /** Every setting with its origin; secrets are hidden already. */
  readonly settingLines: readonly SettingBody[]
}

/** Mounts the routes. Whoever calls this guards the paths. */
export function aboutRoutes(route: Route, { about, settingLines }: AboutPorts): void {
  route('/about', { GET: async (_request, reply) => json(reply, await about()) })
  route('/settings', { GET: (_request, reply) => json(reply, settingLines) })
}
