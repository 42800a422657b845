/**
 * `landline token`: a new token, for whoever tries a client.
 */
import type { SiteBody, TokenBody } from '../protocol/admin.ts'
import { collected, type Definition, type ServiceOptions, withService } from './context.ts'
import { usageFailure } from './failure.ts'
import { Output } from './output.ts'
import { findService } from './service.ts'
import { allSites, siteName } from './sites.ts'

type TokenOptions = ServiceOptions & {
  readonly site?: string
  readonly user?: string
  readonly origin?: readonly string[]
  readonly conversation?: string
}

/** Adds the command. */
export const token: Definition = (command, context) => {
  withService(
    command
      .option('--site <site>', 'the site it is for (default: the only one)')
      .option('--user <id>', 'who speaks with it; it must begin with dl_')
      .option('--origin <origin>', 'an origin whose pages may use it; may be given several times', collected)
      .option('--conversation <id>', 'the conversation it is for (default: a new one)'),
  ).action(async (options: TokenOptions) => {
    const out = new Output(options)
    const service = await findService(options, context)
    const site = options.site ?? siteName(onlySite(await allSites(service)))
    const issued = await service.send<TokenBody>('POST', `/sites/${encodeURIComponent(site)}/tokens`, {
      user: options.user,
      origins: options.origin,
      conversationId: options.conversation,
    })
    out.result(issued, issued.token)
  })
}

function onlySite(sites: readonly SiteBody[]): SiteBody {
  const [site, ...others] = sites
  if (site === undefined) throw usageFailure('The service has no site', 'Add one with `landline site add`.')
  if (others.length > 0)
    throw usageFailure(`There are several sites: ${sites.map(siteName).join(', ')}`, 'Say which with --site.')
  return site
}
