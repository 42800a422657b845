/**
 * `landline bot`: the bots of a service. Those of the settings file are shown and checked here, and changed there.
 */
import type { Command } from 'commander'
import type { BotBody, BotChange, ChangedBotBody } from '../protocol/admin.ts'
import { botChange, type ChangeOptions, withBotChanges } from './bot-options.ts'
import { checkBot, checkText } from './check.ts'
import { type Context, type Definition, type ServiceOptions, withService } from './context.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { Output, pairs, plain, table } from './output.ts'
import { agreed } from './question.ts'
import { findService } from './service.ts'
import { onlyBot } from './start-conversation.ts'

/** Adds the command. */
export const bot: Definition = (command, context) => {
  withBotChanges(command.command('add').description('add a bot'))
    .argument('<endpoint>', 'its messaging endpoint: an http or https URL')
    .option('--id <id>', 'its id (default: made of the endpoint)')
    .action(async (endpoint: string, options: ChangeOptions & { readonly id?: string }) => {
      const change = await botChange(options, context)
      await tell(options, context, 'POST', '/bots', { ...(options.id ? { id: options.id } : {}), ...change, endpoint })
    })
  withService(command.command('list').description('list the bots')).action(async (options: ServiceOptions) => {
    const bots = await (await findService(options, context)).list<BotBody>('/bots')
    const rows = bots.map(one => [one.id, healthText(one), one.schema, plain(one.endpoint), one.owner])
    new Output(options).result(bots, table(['BOT', 'STATE', 'SCHEMA', 'ENDPOINT', 'OWNER'], rows))
  })
  withService(named(command.command('show').description('show a bot'))).action(
    async (id: string, options: ServiceOptions) => {
      await tell(options, context, 'GET', pathOf(id))
    },
  )
  withBotChanges(named(command.command('edit').description('change a bot')))
    .option('--endpoint <url>', 'its messaging endpoint: an http or https URL')
    .action(async (id: string, options: ChangeOptions & { readonly endpoint?: string }) => {
      const { endpoint } = options
      const change = { ...(await botChange(options, context)), ...(endpoint === undefined ? {} : { endpoint }) }
      if (Object.keys(change).length === 0)
        throw usageFailure('Nothing was to be changed', '`landline bot edit --help` shows what can be.')
      await tell(options, context, 'PATCH', pathOf(id), change)
    })
  withService(named(command.command('remove').description('remove a bot and its sites')))
    .option('--conversations <what>', 'keep or delete its conversations', readFate, 'keep')
    .option('--yes', 'do it without being asked')
    .action(async (id: string, options: RemoveOptions) => {
      const fate = options.conversations === 'delete' ? 'with all its conversations' : 'and keep its conversations'
      await agreed(`Remove ${id} and its sites, ${fate}?`, options)
      const service = await findService(options, context)
      await service.send('DELETE', `${pathOf(id)}?conversations=${options.conversations}`)
      new Output(options).note(`${id} is removed.`)
    })
  withService(
    command
      .command('check')
      .description('find out what is wrong with a bot; ends with 6 if anything is')
      .argument('[bot]', 'its id (default: the only one)'),
  )
    .option('--no-send', 'stop before the bot is sent an event')
    .action((id: string | undefined, options: ServiceOptions & { readonly send: boolean }) =>
      check(id, options, context),
    )
}

type RemoveOptions = ServiceOptions & { readonly conversations: 'keep' | 'delete'; readonly yes?: boolean }

const named = (command: Command): Command => command.argument('<bot>', 'its id')

const pathOf = (id: string): string => `/bots/${encodeURIComponent(id)}`

function readFate(text: string): 'keep' | 'delete' {
  if (text !== 'keep' && text !== 'delete')
    throw usageFailure(`--conversations takes keep or delete, not "${text}"`, 'keep is what happens without it.')
  return text
}

async function tell(
  options: ServiceOptions,
  context: Context,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  change?: BotChange,
): Promise<void> {
  const found = await (await findService(options, context)).send<ChangedBotBody>(method, path, change)
  new Output(options).result(found, botText(found))
}

async function check(
  id: string | undefined,
  options: ServiceOptions & { readonly send: boolean },
  context: Context,
): Promise<void> {
  const service = await findService(options, context)
  const report = await checkBot(
    service,
    id ?? (await onlyBot(service, 'Name one: `landline bot check BOT`.')),
    options.send,
  )
  const out = new Output(options)
  out.result(report, checkText(report, out))
  if (report.ok) return
  const { code = 'Unknown', fix } = report.problem ?? {}
  throw new CommandFailure('wrong', code, `Something is wrong with ${report.bot}`, fix?.label ?? 'The steps say where.')
}

const healthText = ({ health }: BotBody): string =>
  health.problem === undefined ? health.state : `${health.state} (${health.problem})`

function passwordText({ appId, hasPassword, appPassword }: ChangedBotBody): string | undefined {
  if (appId === undefined) return undefined
  if (appPassword !== undefined) return `${appPassword}, shown this once`
  return hasPassword ? 'set' : 'not set'
}

const botText = (bot: ChangedBotBody): string =>
  pairs([
    ['Bot', bot.id],
    ['Name', plain(bot.name)],
    ['State', healthText(bot)],
    ['Endpoint', plain(bot.endpoint)],
    ['Schema', bot.schema],
    ['App id', bot.appId === undefined ? 'none: requests are not signed' : plain(bot.appId)],
    ['App password', passwordText(bot)],
    ['Authority', bot.appId === undefined ? undefined : bot.authority],
    ['Tenant', bot.tenantId === undefined ? undefined : plain(bot.tenantId)],
    ['Told to answer at', bot.serviceUrl === undefined ? 'the public address' : plain(bot.serviceUrl)],
    ['Time for a turn', `${bot.timeoutMs} ms`],
    ['Expects replies in the answer', bot.expectReplies ? 'yes' : 'no'],
    ['Self-signed certificate', bot.allowSelfSigned ? 'taken' : 'not taken'],
    ['Users see their message', `${bot.echo} the bot’s turn`],
    ['May update what it sent', bot.updates ? 'yes' : 'no'],
    ['Owner', bot.where === undefined ? bot.owner : `${bot.owner} (${bot.where})`],
  ])
