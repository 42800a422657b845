/**
 * A Redis server of a test's own, on a free port of 127.0.0.1, that keeps nothing on disk.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { inTime } from './until.ts'

/** How long a server may take to start or to stop: milliseconds. */
const serverPatienceMs = 60_000

/** How often a first start is tried: somebody else may take a port in the moment after it was found free. */
const startsMax = 10

const program = 'redis-server'

/** Why there can be no server here; undefined where there can. For the `skip` of a test. */
export const withoutRedis: string | undefined =
  spawnSync(program, ['--version']).error === undefined
    ? undefined
    : 'Redis is not installed here (Debian and Ubuntu: apt-get install redis-server)'

/** A server at work. Disposing of it ends it. */
export type TestRedis = AsyncDisposable & {
  readonly url: string
  readonly port: number
  /** Runs one command and answers what `redis-cli` prints. */
  command(...words: readonly string[]): Promise<string>
  /** Ends it as an operator would, with `redis-cli shutdown`: connections are cut. */
  stop(): Promise<void>
  /** Starts it again, on the same port. */
  start(): Promise<void>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Has it do nothing, with its connections open, until `thaw`. */
  freeze(): void
  thaw(): void
}

/** Starts a server. @param options further ones of the command line, such as `--requirepass`, `x` */
export function startRedis(options: readonly string[] = []): Promise<TestRedis> {
  return startServer(async () => options)
}

/** Two servers that are a cluster, each with half of the slots. The first stands for both. */
export async function startRedisCluster(): Promise<TestRedis> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await makeFolder())
  let bus = 0
  const member = async () => {
    const server = await startServer(async () => {
      bus = await freePort()
      const file = join(folder.path, `${bus}.conf`)
      return ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-config-file', file]
    })
    return opened.use(server)
  }
  const [first, second] = [await member(), await member()]
  await first.command('cluster', 'addslotsrange', '0', '8191')
  await second.command('cluster', 'addslotsrange', '8192', '16383')
  await second.command('cluster', 'set-config-epoch', '2')
  await first.command('cluster', 'meet', '127.0.0.1', String(second.port), String(bus))
  const isReady = async () =>
    (await Promise.all([first, second].map(one => one.command('cluster', 'info')))).every(
      info => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2'),
    )
  const untilReady = async () => {
    for (const untilMs = performance.now() + serverPatienceMs; !(await isReady()); ) {
      if (performance.now() > untilMs) throw new Error(`Waited ${serverPatienceMs} ms in vain for the cluster.`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  await untilReady()
  const kept = opened.move()
  return Object.assign(first, {
    async start() {
      await Server.prototype.start.call(first)
      await untilReady()
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  })
}

/** Starts a server on a port that is free, or on the next if somebody else was quicker. */
async function startServer(options: () => Promise<readonly string[]>): Promise<Server> {
  if (withoutRedis !== undefined) throw new Error(withoutRedis)
  for (let tried = 1; ; tried += 1) {
    const server = new Server(await freePort(), await options())
    try {
      await server.start()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      if (tried >= startsMax) throw error
    }
  }
}

class Server implements TestRedis {
  readonly port: number
  readonly #options: readonly string[]
  #process: ChildProcess | undefined
  readonly #atExit = () => this.#process?.kill('SIGKILL')

  constructor(port: number, options: readonly string[]) {
    this.port = port
    this.#options = options
    process.once('exit', this.#atExit)
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async command(...words: readonly string[]): Promise<string> {
    const given = ['-h', '127.0.0.1', '-p', String(this.port), ...words]
    return (await promisify(execFile)('redis-cli', given)).stdout.trim()
  }

  async start(): Promise<void> {
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const server = spawn(program, [...fixed, ...this.#options], { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = server
    let said = ''
    const started = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('exit', () => reject(new Error(`Redis does not start: ${said}`)))
      server.stdout?.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-10_000)
        if (said.includes('Ready to accept connections')) resolve()
      })
    })
    await inTime('Redis to start', started, serverPatienceMs)
  }

  async stop(): Promise<void> {
    const ended = this.#ended()
    // It ends without an answer, and that is what the program complains of.
    await this.command('shutdown', 'nosave').catch(() => undefined)
    await ended
  }

  async kill(): Promise<void> {
    const ended = this.#ended()
    this.#process?.kill('SIGKILL')
    await ended
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#atExit)
    await this.kill()
  }

  #ended(): Promise<void> {
    const server = this.#process
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return Promise.resolve()
    return inTime('Redis to end', new Promise<void>(resolve => server.once('exit', () => resolve())), serverPatienceMs)
  }
}
