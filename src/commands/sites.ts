/**
 * The sites of a service, as several commands need them.
 */
import type { BotBody, SiteBody } from '../protocol/admin.ts'
import type { Service } from './service.ts'

/** The sites of all bots, or of one. @throws CommandFailure */
export async function allSites(service: Service, bot?: string): Promise<readonly SiteBody[]> {
  const bots = bot === undefined ? (await service.list<BotBody>('/bots')).map(({ id }) => id) : [bot]
  const sites = await Promise.all(bots.map(id => service.list<SiteBody>(`/bots/${encodeURIComponent(id)}/sites`)))
  return sites.flat()
}

/** How a site is named so that it is no other: with its bot. */
export const siteName = ({ bot, id }: SiteBody): string => `${bot}.${id}`
