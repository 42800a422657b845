/**
 * `landline site`: the sites of a bot, each with switches and two secrets of its own.
 */
import type { Command } from 'commander'
import type { SiteBody, SiteChange } from '../protocol/admin.ts'
import { collected, type Definition, type ServiceOptions, withService } from './context.ts'
import { Output, pairs, plain, table } from './output.ts'
import { agreed } from './question.ts'
import { findService } from './service.ts'
import { allSites, siteName } from './sites.ts'
import { onlyBot } from './start-conversation.ts'

/** Options that change a site: `--no-…` switches off. */
type ChangeOptions = ServiceOptions & {
  readonly name?: string
  readonly origin?: readonly string[]
} & Pick<SiteChange, 'enabled' | 'v3' | 'v1' | 'enhancedAuth' | 'enforceOrigins' | 'uploads'>

const withChanges = (command: Command): Command => {
  command
    .option('--name <name>', 'what people call it')
    .option('--origin <origin>', 'a trusted origin; may be given several times, `none` takes all away', collected)
  for (const [flag, what] of switches)
    command.option(`--${flag}`, what).option(`--no-${flag}`, `the opposite of --${flag}`)
  return withService(command)
}

const switches = [
  ['enabled', 'take its secrets and tokens'],
  ['v3', 'serve clients of Direct Line 3.0'],
  ['v1', 'serve clients of Direct Line 1.1'],
  ['enhanced-auth', 'ask for user ids that begin with dl_'],
  ['enforce-origins', 'refuse pages of origins that are not trusted'],
  ['uploads', 'take files'],
] as const

/** Adds the command. */
export const site: Definition = (command, context) => {
  withChanges(command.command('add').description('add a site'))
    .option('--bot <bot>', 'the bot it is for (default: the only one)')
    .option('--id <id>', 'its id (default: made of the name)')
    .action(async (options: ChangeOptions & { readonly bot?: string; readonly id?: string }) => {
      const service = await findService(options, context)
      const bot = options.bot ?? (await onlyBot(service))
      const change = { ...(options.id === undefined ? {} : { id: options.id }), ...changeOf(options) }
      const made = await service.send<SiteBody>('POST', `/bots/${encodeURIComponent(bot)}/sites`, change)
      const out = new Output(options)
      out.result(made, siteText(made))
      out.note(`landline secret show ${siteName(made)} 1    prints its secret`)
    })
  withService(command.command('list').description('list the sites'))
    .option('--bot <bot>', 'only those of this bot')
    .action(async (options: ServiceOptions & { readonly bot?: string }) => {
      const sites = await allSites(await findService(options, context), options.bot)
      const rows = sites.map(one => [siteName(one), plain(one.name), onText(one), one.owner])
      new Output(options).result(sites, table(['SITE', 'NAME', 'ON', 'OWNER'], rows))
    })
  withChanges(
    command.command('edit').description('change a site').argument('<site>', 'its id, or {bot}.{site}'),
  ).action(async (name: string, options: ChangeOptions) => {
    const service = await findService(options, context)
    const changed = await service.send<SiteBody>('PATCH', `/sites/${encodeURIComponent(name)}`, changeOf(options))
    new Output(options).result(changed, siteText(changed))
  })
  withService(command.command('remove').description('remove a site').argument('<site>', 'its id, or {bot}.{site}'))
    .option('--yes', 'do it without being asked')
    .action(async (name: string, options: ServiceOptions & { readonly yes?: boolean }) => {
      await agreed(`Nobody gets in by the secrets and tokens of ${name} then. Remove it?`, options)
      await (await findService(options, context)).send('DELETE', `/sites/${encodeURIComponent(name)}`)
      new Output(options).note(`${name} is removed.`)
    })
}

function changeOf(options: ChangeOptions): SiteChange {
  const { name, origin, enabled, v3, v1, enhancedAuth, enforceOrigins, uploads } = options
  const trustedOrigins = origin?.filter(one => one !== 'none')
  const given = Object.entries({ name, enabled, v3, v1, enhancedAuth, enforceOrigins, uploads, trustedOrigins })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** The switches that are on, in a word each. */
const onText = (site: SiteBody): string =>
  [
    site.enabled ? 'enabled' : 'disabled',
    ...(['v3', 'v1', 'uploads'] as const).filter(name => site[name]),
    ...(site.enhancedAuth ? ['enhanced auth'] : []),
    ...(site.enforceOrigins ? ['origins enforced'] : []),
  ].join(', ')

const siteText = (site: SiteBody): string =>
  pairs([
    ['Site', siteName(site)],
    ['Name', plain(site.name)],
    ['On', onText(site)],
    ['Trusted origins', site.trustedOrigins.map(plain).join(', ') || 'any'],
    ...site.secrets.map(
      ({ created, lastUsed }, at) =>
        [
          `Secret ${at + 1}`,
          `made ${created}, ${lastUsed === undefined ? 'not used since the start' : `used ${lastUsed}`}`,
        ] as const,
    ),
  ])
