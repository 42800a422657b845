/**
 * A service that runs in this process: what `dev` and `serve` have in common, from opening the store to the last
 * signal.
 */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Landline, PortTakenError, startLandline } from '../app.ts'
import type { ReadSettings } from '../config.ts'
import type { Events } from '../domain/events.ts'
import { openLog } from '../log.ts'
import { openOutside } from '../outside.ts'
import { startSampleBot } from '../sample-bot/bot.ts'
import { type BotSettings, defaultBot, type Settings } from '../settings.ts'
import type { Context } from './context.ts'
import { CommandFailure } from './failure.ts'
import { storeInUse } from './in-use.ts'
import { publishState, stateFolder } from './state-file.ts'

/** A service that runs in this process. */
export type Running = {
  readonly landline: Landline
  readonly settings: Settings
  /** Whether the built-in sample bot answers for the bot now. */
  readonly sampleAnswers: boolean
  /** Whether the log is written. */
  readonly log: { isOn: boolean }
  /** Ends turns that are running, and then everything else. */
  stop(): Promise<void>
}

/** How long is waited to see whether somebody listens at the bot's address: milliseconds. */
const lookTimeoutMs = 1_000

/**
 * Opens the store and starts the service, and says in the state file that it runs.
 *
 * @throws CommandFailure if the port or the store is taken
 */
export async function startService(read: ReadSettings, context: Context): Promise<Running> {
  const { settings, lines } = read
  const log = { isOn: true }
  const write = openLog()
  const events: Events = event => {
    if (log.isOn) write(event)
  }
  await using opened = new AsyncDisposableStack()
  const isNewFolder = settings.store.kind === 'sqlite' && !existsSync(settings.store.dir)
  const sample = standsFor(read)
    ? opened.use(
        await startSampleBot({ onFault: error => events({ event: 'fault', during: 'the sample bot', error }) }),
      )
    : undefined
  const started = async () => {
    const outside = opened.use(
      await openOutside(settings.store, {
        standIn: sample && { url: sample.endpoint, for: (settings.bots[0] ?? defaultBot).endpoint },
        events,
        limits: settings.limits,
        bus: settings.bus,
        masterKey: settings.masterKey,
      }),
    )
    return startLandline(settings, outside, events, lines)
  }
  const landline = await started().catch((error: unknown) => {
    throw inUse(error) ?? error
  })
  opened.defer(() => landline.stop())
  if (settings.mode === 'dev' && isNewFolder) await ignoreStore(settings)
  if (settings.admin.enabled) await publish(opened, landline, context)
  const sampleAnswers = sample !== undefined && !(await isSomebodyAt(settings.bots[0]?.endpoint))
  const open = opened.move()
  return { landline, settings, sampleAnswers, log, stop: () => open.disposeAsync() }
}

/** The sample bot has no token to show: it can't stand in for a bot that must. */
function standsFor({ botGiven, settings }: ReadSettings): boolean {
  const [bot = defaultBot] = settings.bots
  const mustShowToken = bot.app !== undefined && bot.schema === 'v3' && bot.authority !== 'none'
  return settings.mode === 'dev' && !botGiven && !mustShowToken
}

/** Keeps a folder made for the store among somebody's sources out of their version control. One that was there is theirs. */
async function ignoreStore({ store }: Settings): Promise<void> {
  if (store.kind !== 'sqlite') return
  await writeFile(join(store.dir, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
}

/** A service that can't say where it is serves all the same: commands are told by --url then. */
async function publish(opened: AsyncDisposableStack, landline: Landline, { environment, cwd }: Context): Promise<void> {
  const { adminOrigin: url, adminKey: key, port } = landline
  try {
    opened.use(await publishState(stateFolder(environment), port, { url, key, pid: process.pid, cwd }))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    process.stderr.write(`landline: Commands will need --url and LANDLINE_ADMIN_KEY, because of this: ${why}\n`)
  }
}

function inUse(error: unknown): CommandFailure | undefined {
  if (error instanceof PortTakenError)
    return new CommandFailure('inUse', 'PortTaken', error.message, 'Stop who has it, or choose another with --port.', {
      cause: error,
    })
  return storeInUse(error)
}

/** Whether somebody listens at an address. */
function isSomebodyAt(endpoint: BotSettings['endpoint'] | undefined): Promise<boolean> {
  if (endpoint === undefined) return Promise.resolve(false)
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
    socket.setTimeout(lookTimeoutMs, () => say(false))
    socket.once('connect', () => say(true))
    socket.once('error', () => say(false))
  })
}
