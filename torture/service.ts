/**
 * The real process, as people start it, on one port and one folder through all its lives.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { landlineNodeArgs } from '../test/support/node-args.ts'
import { freePort } from '../test/support/ports.ts'
import { adopt } from './world.ts'

const main = fileURLToPath(new URL('../bin/landline.js', import.meta.url))

/** How long a start may take before it is given up: milliseconds. */
const startTimeoutMs = 30_000

/** How the service is started. */
type ServiceOptions = {
  readonly bot: string
  readonly dir: string
  readonly port: number
  readonly secret: string
  readonly environment?: Readonly<Record<string, string>>
}

/** A secret for a service that only this machine reaches. */
const tortureSecret = 'torture-torture-torture-torture-000001'

/**
 * A service for a bot that begins to listen, on a free port. Its lives are begun by the caller.
 *
 * @param dir the folder of its store
 */
export async function serviceFor(
  bot: { listen(): Promise<string> },
  dir: string,
  more: Pick<ServiceOptions, 'environment'> = {},
): Promise<Service> {
  return new Service({ bot: await bot.listen(), dir, port: await freePort(), secret: tortureSecret, ...more })
}

/**
 * Nodes of one service for a bot that begins to listen, each on a free port of its own and told of one another by
 * nobody. Their lives are begun by the caller.
 *
 * @param dir the folder they share
 * @param environments what each is told beside it
 */
export async function nodesFor(
  bot: { listen(): Promise<string>; nodes: readonly string[] },
  dir: string,
  environments: readonly Readonly<Record<string, string>>[],
): Promise<readonly Service[]> {
  const url = await bot.listen()
  const nodes: Service[] = []
  for (const environment of environments)
    nodes.push(new Service({ bot: url, dir, port: await freePort(), secret: tortureSecret, environment }))
  bot.nodes = nodes.map(({ origin }) => origin)
  return nodes
}

/** One life of the service after another. */
export class Service {
  readonly origin: string
  readonly base: string
  readonly secret: string
  readonly #options: ServiceOptions
  #child: ChildProcess | undefined
  #output = ''
  #up: Promise<boolean> = Promise.resolve(false)

  constructor(options: ServiceOptions) {
    this.#options = options
    this.secret = options.secret
    this.origin = `http://127.0.0.1:${options.port}`
    this.base = `${this.origin}/v3/directline`
  }

  /** Begins a life without waiting until it is up. */
  begin(): void {
    const { bot, dir, port, secret, environment } = this.#options
    const child = spawn(
      process.execPath,
      [...landlineNodeArgs, main, '--port', String(port), '--bot', bot, '--dir', dir],
      {
        env: { ...process.env, LANDLINE_RATE_LIMITS: 'off', LANDLINE_SECRET: secret, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    adopt(child)
    this.#child = child
    this.#output = ''
    this.#up = new Promise(resolve => {
      const timer = setTimeout(() => resolve(false), startTimeoutMs)
      const hear = (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-20_000)
        if (this.#output.includes('Ctrl-C stops it.')) resolve(true)
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      child.once('exit', () => resolve(false))
      this.#up.finally(() => clearTimeout(timer))
    })
  }

  /** Begins a life and waits until it is up. @throws Error if it does not come up */
  async start(): Promise<void> {
    this.begin()
    if (!(await this.#up)) throw new Error(`The service did not come up:\n${this.#output}`)
  }

  /** Ends this life as a power cut ends a process, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to stop. Answers its exit code and how long it took: milliseconds. */
  async stop(): Promise<{ readonly code: number; readonly ms: number }> {
    const beganMs = performance.now()
    const code = await this.#end('SIGTERM')
    return { code, ms: performance.now() - beganMs }
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** What it has printed in this life, the end of it. */
  get output(): string {
    return this.#output
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number> {
    const child = this.#child
    if (child === undefined) return -1
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    }
    return child.exitCode ?? -1
  }
}

/** Memory that is the process's own and in use: MiB. Undefined where the system does not tell. */
export async function residentMebibytes(pid: number): Promise<number | undefined> {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kibibytes === undefined ? undefined : Number(kibibytes) / 1024
  } catch {
    // Only Linux tells it here; the report says that it was not measured.
    return undefined
  }
}

/** How many files and sockets a process has open. Undefined where the system does not tell. */
export async function openHandles(pid: number): Promise<number | undefined> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length
  } catch {
    // As above.
    return undefined
  }
}
