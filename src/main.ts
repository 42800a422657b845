/**
 * Starts the service: settings in, app up, signals down.
 */
import { connect } from 'node:net'
import { StoreInUseError } from './adapters/sqlite/lock.ts'
import { type Landline, PortTakenError, startLandline } from './app.ts'
import { type CommandLine, readCommandLine, UsageError, usage } from './config.ts'
import { openLog } from './log.ts'
import { openOutside } from './outside.ts'
import { type SampleBot, startSampleBot } from './sample-bot/bot.ts'
import { type BotSettings, defaultBot, type Settings } from './settings.ts'

/** Exit codes are a promise to scripts. */
const exitCodes = { unexpected: 1, usage: 2, inUse: 7 } as const

try {
  const commandLine = readCommandLine(process.argv.slice(2))
  if (commandLine.help) process.stdout.write(usage)
  else await serve(commandLine)
} catch (error) {
  process.stderr.write(`landline: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write(usage)
  process.exitCode = exitCodeOf(error)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage
  return error instanceof PortTakenError || error instanceof StoreInUseError ? exitCodes.inUse : exitCodes.unexpected
}

async function serve({ settings, botGiven, warnings }: CommandLine): Promise<void> {
  for (const warning of warnings) process.stderr.write(`landline: ${warning}\n`)
  const events = openLog()
  const [bot = defaultBot] = settings.bots
  // The sample bot has no token to show: it can't stand in for a bot that must.
  const mustShowToken = bot.app !== undefined && bot.schema === 'v3' && bot.authority !== 'none'
  const sample =
    botGiven || mustShowToken
      ? undefined
      : await startSampleBot({ onFault: error => events({ event: 'fault', during: 'the sample bot', error }) })
  const outside = await openOutside(settings.store, {
    standInUrl: sample?.endpoint,
    events,
    limits: settings.limits,
  }).catch(async (error: unknown) => {
    await sample?.[Symbol.asyncDispose]()
    throw error
  })
  let landline: Landline
  try {
    landline = await startLandline(settings, outside, events)
  } catch (error) {
    await outside[Symbol.asyncDispose]()
    await sample?.[Symbol.asyncDispose]()
    throw error
  }
  stopOnSignals(async () => {
    await landline.stop()
    await outside[Symbol.asyncDispose]()
    await sample?.[Symbol.asyncDispose]()
  })
  const standsIn = sample !== undefined && !(await answers(bot.endpoint))
  process.stdout.write(greeting(landline, settings, bot, standsIn ? sample : undefined))
}

/** @param standIn the sample bot, if it answers for the bot now */
function greeting(
  landline: Landline,
  { development, adminKey }: Settings,
  { endpoint, app, authority, schema, sites }: BotSettings,
  standIn: SampleBot | undefined,
): string {
  const bot = standIn === undefined ? endpoint : `nothing answers at ${endpoint} yet, so the built-in sample bot does`
  // On a developer's machine always; elsewhere once, because what a service prints is kept by those who run it. What was
  // given is known to whoever gave it.
  const shown = (isGiven: boolean, secret: string | undefined) =>
    development || (landline.isNew && !isGiven) ? secret : 'as it was made or given'
  return [
    'Landline is up.',
    '',
    ...(development ? [`  Chat         ${landline.origin}/chat`] : []),
    `  Direct Line  ${landline.origin}/v3/directline`,
    `  Secret       ${shown(
      sites.some(site => site.secrets.length > 0),
      landline.secret,
    )}`,
    `  Admin key    ${shown(adminKey !== undefined, landline.adminKey)}`,
    `  Bot          ${bot}`,
    ...(app === undefined ? [] : [`  App id       ${app.id}`]),
    ...(app === undefined || app.password !== undefined || (schema === 'v3' && authority === 'none')
      ? []
      : [`  App password ${shown(false, landline.app?.password)}`]),
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n')
}

/** Whether somebody listens at an address. */
function answers(endpoint: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(endpoint)
  return new Promise(resolve => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
    })
    const say = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => say(false))
    socket.once('connect', () => say(true))
    socket.once('error', () => say(false))
  })
}

/** The first signal stops the service in order; a second one ends it at once, which loses nothing acknowledged. */
function stopOnSignals(stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = () => {
    if (stopping) process.exit(130)
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`landline: stopping failed: ${error instanceof Error ? error.message : String(error)}\n`)
        process.exit(exitCodes.unexpected)
      },
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}
