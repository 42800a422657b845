/**
 * The whole service for tests: in this process on a free port, or as the real process people start.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { type Landline, startLandline } from '../../src/app.ts'
import type { Event } from '../../src/domain/events.ts'
import type { Clock, ConversationStore } from '../../src/domain/ports.ts'
import { openOutside } from '../../src/outside.ts'
import { defaultLimits, type Limits } from '../../src/protocol/limits.ts'
import {
  type BotSettings,
  defaultBot,
  defaultSite,
  defaults,
  type Settings,
  type SiteSettings,
} from '../../src/settings.ts'
import { assertNothingTold, everythingIn } from './planted.ts'
import { freePort } from './ports.ts'

/**
 * What a test may say of the service it wants. Everything else is as `npm start` has it, but that nobody is held to
 * rates: tests are faster than people.
 */
export type TestAppOptions = {
  /** The bot's messaging endpoint. Without one the bot is at an address where nobody listens. */
  readonly bot?: string
  /** More of the bot's settings. */
  readonly botSettings?: Partial<BotSettings>
  readonly site?: Partial<SiteSettings>
  /** A folder for SQLite; without it the store is in memory. */
  readonly dir?: string
  /** The port; any free one if not given. */
  readonly port?: number
  readonly settings?: Partial<Settings>
  /** How far the wall clock is ahead from the start: milliseconds. */
  readonly aheadMs?: number
}

/** A running service. Disposing it stops it as SIGTERM does, and fails if its events have told what they must not. */
export type TestApp = AsyncDisposable & {
  /** `http://127.0.0.1:{port}` */
  readonly origin: string
  /** `{origin}/v3/directline` */
  readonly base: string
  readonly port: number
  /** The site's first secret. */
  readonly secret: string
  /** Opens the admin API. */
  readonly adminKey: string
  /** What has happened inside. */
  readonly events: readonly Event[]
  /** Where it keeps everything, for what nobody can ask for over HTTP. */
  readonly store: ConversationStore
  /** Where the admin API is, if not at `origin`. */
  readonly adminOrigin: string
  /** Takes bots and sites of settings that have been read again. */
  readonly reload: Landline['reload']
  /** Moves the wall clock, and it alone. */
  advanceClock(ms: number): void
  /** Begins to stop. Resolves when stopped; disposing then does nothing more. */
  stop(): Promise<void>
}

/** A test's own clients and bots share this process, and the machine with other tests: what is late here says nothing. */
export const neverOverloaded: Limits = {
  ...defaultLimits,
  overload: {
    loopLateMs: Number.POSITIVE_INFINITY,
    memoryShare: Number.POSITIVE_INFINITY,
    commitWaitMs: Number.POSITIVE_INFINITY,
  },
}

/** Port 9 is the discard service's: nobody listens there on a machine that runs tests. */
const nobody = 'http://127.0.0.1:9/api/messages'

/** Starts the service in this process. */
export async function startApp(options: TestAppOptions = {}): Promise<TestApp> {
  const site = { ...defaultSite, secrets: ['the-secret-of-the-tests-000000000001'], ...options.site }
  const bot = { ...defaultBot, endpoint: options.bot ?? nobody, sites: [site], ...options.botSettings }
  const settings: Settings = {
    ...defaults,
    listen: { host: '127.0.0.1', port: options.port ?? (await freePort()), further: 0 },
    store: options.dir === undefined ? { kind: 'memory' } : { kind: 'sqlite', dir: options.dir },
    bots: [bot],
    rateLimits: false,
    limits: neverOverloaded,
    ...options.settings,
  }
  let aheadMs = options.aheadMs ?? 0
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs }
  const events: Event[] = []
  const outside = await openOutside(settings.store, {
    clock,
    limits: settings.limits,
    bus: settings.bus,
    events: event => events.push(event),
  })
  let landline: Landline
  try {
    landline = await startLandline(settings, outside, event => events.push(event))
  } catch (error) {
    await outside[Symbol.asyncDispose]()
    throw error
  }
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= landline.stop().then(() => outside[Symbol.asyncDispose]())
    return stopped
  }
  return {
    origin: landline.origin,
    base: `${landline.origin}/v3/directline`,
    port: landline.port,
    secret: landline.secret,
    adminKey: landline.adminKey,
    events,
    store: outside.store,
    adminOrigin: landline.adminOrigin,
    reload: landline.reload,
    advanceClock: ms => {
      aheadMs += ms
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      assertNothingTold(everythingIn(events), 'an event', [landline.secret, landline.adminKey, ...secretsIn(settings)])
    },
  }
}

/** Every secret that the settings hold. */
const secretsIn = ({ bots, adminKey }: Settings): readonly (string | undefined)[] => [
  adminKey,
  ...bots.flatMap(({ app, sites }) => [app?.password, ...sites.flatMap(({ secrets }) => secrets)]),
]

/** The real process. Disposing it kills it if it still runs, and fails if its log has told what it must not. */
export type TestProcess = AsyncDisposable & {
  readonly origin: string
  readonly base: string
  readonly port: number
  readonly secret: string
  readonly pid: number
  /** Ends it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>
  /** Asks it to stop, as a terminal does with SIGINT and everybody else with SIGTERM; resolves with its exit code. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<number>
  /** What it has printed so far, on both outputs. */
  output(): string
  /** What it has written to its log so far. */
  log(): string
}

const main = fileURLToPath(new URL('../../bin/landline.js', import.meta.url))

/** How long a start may take before it is given up: milliseconds. */
const startTimeoutMs = 60_000

/**
 * Starts `bin/landline.js`, as `npm start` does, and waits until it says that it is up.
 *
 * @param options.args the command line
 * @param options.cwd the folder to start in
 * @param options.env variables beside those of the test itself
 */
export async function startProcess(options: {
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}): Promise<TestProcess> {
  const child = spawn(process.execPath, [main, ...options.args], {
    cwd: options.cwd,
    // Its state file is not to be found by commands that somebody runs meanwhile.
    env: { ...process.env, XDG_RUNTIME_DIR: join(tmpdir(), 'landline-tests'), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let log = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    output += text
    log += text
  })
  // With its end it has not said everything yet: that is when its outputs are closed.
  const closed = new Promise<void>(resolve => {
    child.once('close', () => resolve())
  })
  await untilUp(child, () => output)
  const origin = /Direct Line +(http\S+)\/v3\/directline/.exec(output)?.[1] ?? ''
  const end = async (signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await closed
    return child.exitCode ?? -1
  }
  const secret = /Secret +(\S+)/.exec(output)?.[1] ?? ''
  return {
    origin,
    base: `${origin}/v3/directline`,
    port: Number(new URL(origin).port),
    secret,
    pid: child.pid ?? 0,
    kill: async () => {
      await end('SIGKILL')
    },
    stop: (signal = 'SIGTERM') => end(signal),
    output: () => output,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL')
      assertNothingTold(log, 'the log', [secret, ...Object.values(options.env ?? {})])
    },
  }
}

async function untilUp(child: ChildProcess, output: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => fail('did not come up in time'), startTimeoutMs)
    const look = () => {
      if (!output().includes('Ctrl-C stops it.')) return
      done()
      resolve()
    }
    const fail = (why: string) => {
      done()
      child.kill('SIGKILL')
      reject(new Error(`The service ${why}:\n${output()}`))
    }
    const onClose = (code: number | null) => fail(`exited with ${code}`)
    const done = () => {
      clearTimeout(timer)
      child.stdout?.off('data', look)
      child.off('close', onClose)
    }
    child.stdout?.on('data', look)
    child.once('close', onClose)
  })
}
