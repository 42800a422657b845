/**
 * What the service is, and what it was told: for people who look in. No secret is in either.
 */
import type { AboutBody, SettingBody } from '../../protocol/admin.ts'
import type { Handler, Origins } from '../paths.ts'
import { json } from '../requests.ts'
import type { Route } from './audit.ts'

/** What these routes need of the inside. */
export type AboutPorts = {
  readonly about: () => Promise<Omit<AboutBody, 'domain'>>
  /** How whoever asks reaches us: a client beside them does, too. */
  readonly seenFrom: Origins
  /** Every setting with its origin; secrets are hidden already. */
  readonly settingLines: readonly SettingBody[]
}

/** Mounts the routes. Whoever calls this guards the paths. */
export function aboutRoutes(route: Route, { about, seenFrom, settingLines }: AboutPorts): void {
  const show: Handler = async (request, reply) => {
    const domain = `${seenFrom.of(request.raw, request.originalUrl)}/v3/directline`
    return json(reply, { ...(await about()), domain } satisfies AboutBody)
  }
  route('/about', { GET: show })
  route('/settings', { GET: (_request, reply) => json(reply, settingLines) })
}
