/**
 * The two sides of the bench, each a process of its own: Landline as people start it, and the floor.
 */
import { fileURLToPath } from 'node:url'
import { landlineNodeArgs } from '../test/support/node-args.ts'
import { inTime } from '../test/support/until.ts'
import { makeFolder } from './folder.ts'
import { type Bot, startBot } from './load/bot.ts'
import type { Address } from './load/http-line.ts'
import { type Running, startProgram } from './process.ts'

/** A service under load. */
export type Side = Address & {
  readonly name: 'floor' | 'Landline'
  readonly pid: number
  readonly secret: string
  /** Collects garbage and answers the memory in use. Only where it was started with `collects`. */
  collect(): Promise<NodeJS.MemoryUsage>
  stop(): Promise<void>
}

/** How a side may be started otherwise than people do. */
export type SideOptions = {
  /** Lets the bench collect its garbage. */
  readonly collects?: boolean
  /** More options of Node itself. */
  readonly nodeArgs?: readonly string[]
  /** Settings of Landline beside those of every run. */
  readonly environment?: Readonly<Record<string, string>>
}

/** The site's secret in every run. */
export const secret = 'the-secret-of-the-bench-000000000001'

/** The service's own script. */
export const landlineScript = fileURLToPath(new URL('../bin/landline.js', import.meta.url))

/** Everything on but the rates, which would measure themselves. The bench says so aloud. */
export const landlineEnvironment = { LANDLINE_RATE_LIMITS: 'off' } as const

const floorScript = fileURLToPath(new URL('./floor.ts', import.meta.url))
const watchedScript = fileURLToPath(new URL('./watched.ts', import.meta.url))
const collectScript = new URL('./collect.ts', import.meta.url).href

const collectTimeoutMs = 30_000

/** Starts Landline on a folder. */
export async function startLandline(bot: string, dir: string, options: SideOptions = {}): Promise<Side> {
  const running = await startProgram({
    script: landlineScript,
    args: ['--port', '0', '--bot', bot, '--dir', dir, '--secret', secret],
    nodeArgs: [...landlineNodeArgs, ...nodeArgs(options)],
    environment: { ...landlineEnvironment, ...options.environment },
    isUp: /Direct Line +http:\/\/[\d.]+:(\d+)[\s\S]*Ctrl-C stops it/,
  })
  return sideOf('Landline', running)
}

/** Starts the floor. */
export async function startFloor(bot: string, options: SideOptions = {}): Promise<Side> {
  const running = await startProgram({
    script: floorScript,
    args: [bot],
    nodeArgs: nodeArgs(options),
    isUp: /The floor is up on [\d.]+:(\d+)/,
  })
  return sideOf('floor', running)
}

/** Starts the service with nothing of turns watched, with turns watched but for their bodies, or with everything. */
export async function startWatched(bot: string, dir: string, watched: 'off' | 'none' | 'full'): Promise<Side> {
  const isUp = /The service is up on [\d.]+:(\d+)/
  const args = [bot, dir, secret, watched]
  return sideOf('Landline', await startProgram({ script: watchedScript, args, nodeArgs: landlineNodeArgs, isUp }))
}

const nodeArgs = ({ collects = false, nodeArgs = [] }: SideOptions): readonly string[] =>
  collects ? ['--expose-gc', '--import', collectScript, ...nodeArgs] : nodeArgs

function sideOf(name: Side['name'], running: Running): Side {
  return {
    name,
    host: '127.0.0.1',
    port: Number(running.found[1]),
    pid: running.pid,
    secret,
    collect: () =>
      inTime(
        `${name} to collect its garbage`,
        new Promise<NodeJS.MemoryUsage>(resolve => {
          running.child.once('message', usage => resolve(usage as NodeJS.MemoryUsage))
          running.child.send('collect')
        }),
        collectTimeoutMs,
      ),
    stop: running.stop,
  }
}

/** Both sides with one bot. Disposing it ends all three and removes the folder. */
export type Rig = AsyncDisposable & { readonly floor: Side; readonly Landline: Side; readonly bot: Bot }

/**
 * Starts both sides.
 *
 * @param prepare writes into the folder of Landline's store before it starts
 */
export async function openRig(
  options: SideOptions & { readonly prepare?: (dir: string) => Promise<void> } = {},
): Promise<Rig> {
  const { prepare, ...sideOptions } = options
  await using opened = new AsyncDisposableStack()
  const dir = opened.use(await makeFolder()).path
  const bot = opened.use(await startBot())
  await prepare?.(dir)
  const floor = await startFloor(bot.url, sideOptions)
  opened.defer(() => floor.stop())
  const landline = await startLandline(bot.url, dir, sideOptions)
  opened.defer(() => landline.stop())
  const kept = opened.move()
  return { floor, Landline: landline, bot, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
