/**
 * `landline dev`, which is also `landline` alone: the service on the machine of the person who writes the bot, without
 * anything to be set first.
 */
import type { Flags } from '../config.ts'
import { type CommonOptions, type Context, type Definition, withManners } from './context.ts'
import { isInteractive, Output } from './output.ts'
import type { Running } from './running.ts'
import { readOrFail, sourcesOf, withSettings } from './settings-flags.ts'

/** What the keys do, as the greeting says it: those that ask the admin API for it, and the others. */
const steeringMeanings = ['o console', 'r new conversation', 'b check the bot'] as const
const otherMeanings = ['l log on or off', 'q quit'] as const

/** Adds the command. */
export const dev: Definition = (command, context) => {
  withManners(withSettings(command))
    .option('--open', 'open the console in the browser')
    .action((flags: Flags & CommonOptions & { readonly open?: boolean }) => runDev(flags, context))
}

async function runDev(flags: Flags & CommonOptions & { readonly open?: boolean }, context: Context): Promise<void> {
  const { reloadOnSignal, stopOnSignals } = await import('./signals.ts')
  const out = new Output(flags)
  context.survivePipe()
  const sources = sourcesOf(flags, context, 'dev')
  const read = readOrFail(sources)
  const starting = import('./running.ts').then(({ startService }) => startService(read, context))
  const atTerminal = isInteractive()
  if (!atTerminal) reloadOnSignal(starting, read, sources)
  for (const warning of read.warnings) process.stderr.write(`landline: ${warning}\n`)
  const running = await starting
  const stop = stopOnSignals(running)
  // On a terminal a hangup means that its window was closed, and nobody is left to serve.
  if (atTerminal) process.on('SIGHUP', stop)
  const { enabled: hasConsole } = running.settings.admin
  if (hasConsole) await bringConsole(out, flags.verbose === true)
  const keys = atTerminal ? await takeKeys(running, out, stop) : []
  const { greeting } = await import('./greeting.ts')
  out.line(greeting(running, keys).trimEnd())
  if (flags.open !== true) return
  if (hasConsole) await openConsole(running, out)
  else out.note('landline: There is no console to open: admin.enabled of the settings is off.')
}

/** The page is made from its sources where they are newer. Without it everything but the page is there. */
async function bringConsole(out: Output, isVerbose: boolean): Promise<void> {
  const { buildConsole } = await import('../console-build.ts')
  await buildConsole(line => out.note(line)).catch((error: unknown) => {
    const [what, ...more] = String(error instanceof Error ? error.message : error).split('\n')
    out.note(`landline: ${what}${more.length > 0 && !isVerbose ? ' --verbose shows why.' : ''}`)
    if (isVerbose) out.note(more.join('\n'))
  })
}

async function openConsole(running: Running, out: Output): Promise<void> {
  const { openInBrowser } = await import('./browser.ts')
  const { consoleLink } = await import('./greeting.ts')
  await openInBrowser(consoleLink(running)).catch((error: unknown) => {
    out.note(`landline: ${error instanceof Error ? error.message : String(error)}`)
  })
}

/** Answers what the keys do. */
async function takeKeys(running: Running, out: Output, stop: () => void): Promise<readonly string[]> {
  const { listenToKeys } = await import('./keys.ts')
  const { settings, log } = running
  listenToKeys({
    ...(settings.admin.enabled ? await steeringKeys(running, out) : {}),
    l: () => {
      log.isOn = !log.isOn
      out.line(log.isOn ? 'The log is on.' : 'The log is off.')
    },
    q: stop,
    '\u0003': stop,
  })
  return settings.admin.enabled ? [...steeringMeanings, ...otherMeanings] : otherMeanings
}

async function steeringKeys(running: Running, out: Output): Promise<Readonly<Record<string, () => Promise<void>>>> {
  const { Service } = await import('./service.ts')
  const { landline } = running
  const service = new Service(landline.adminOrigin, landline.adminKey)
  return {
    o: () => openConsole(running, out),
    r: async () => {
      const { newConversation } = await import('./start-conversation.ts')
      const { conversationId } = await newConversation(
        service,
        { bot: running.settings.bots[0]?.id },
        'Name one in another terminal: `landline chat --bot BOT`.',
      )
      out.line(`New conversation: ${landline.adminOrigin}/console/conversations/${encodeURIComponent(conversationId)}`)
    },
    b: async () => {
      const { checkBot, checkText } = await import('./check.ts')
      const { onlyBot } = await import('./start-conversation.ts')
      const bot =
        running.settings.bots[0]?.id ??
        (await onlyBot(service, 'Name one in another terminal: `landline bot check BOT`.'))
      out.line(checkText(await checkBot(service, bot, true), out))
    },
  }
}
