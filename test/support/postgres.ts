/**
 * A PostgreSQL server of a test's own, on a free port of 127.0.0.1, with its files in a temporary folder.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from './ports.ts'
import { inTime } from './until.ts'

/** How long a server may take to start or to stop: milliseconds. After a kill it first recovers. */
const serverPatienceMs = 60_000

/** How often a start is tried: the port may be taken meanwhile, and the processes of a killed server take a moment to end. */
const startsMax = 50

/** Where the programs are: on the path, or where Debian's packages put them. */
const programs = findPrograms()

/** Why there can be no server here; undefined where there can. For the `skip` of a test. */
export const withoutPostgres: string | undefined =
  programs === undefined
    ? 'PostgreSQL is not installed here (Debian and Ubuntu: apt-get install postgresql)'
    : undefined

/** A server at work. Disposing of it ends it and removes its files. */
export type TestPostgres = AsyncDisposable & {
  /** An empty database that is there from the start. The user may do everything; there is no password. */
  readonly url: string
  readonly port: number
  /** Makes another empty database and answers its URL. */
  makeDatabase(): Promise<string>
  /** Runs one statement as an administrator and answers its rows, for what a test does behind the service's back. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** Ends the server as an operator would: connections are cut, what was committed is kept. */
  stop(): Promise<void>
  /** Starts it again, on the same port and files. */
  start(): Promise<void>
  /** Stops and starts it. */
  restart(): Promise<void>
  /** Ends it with SIGKILL. `start` lets it recover. */
  kill(): Promise<void>
  /** Stops all of its processes where they are: it is there, and says no word, until `thaw`. Linux only. */
  freeze(): void
  thaw(): void
  /** Has somebody take its log, as a standby does. Resolves when the server knows. Disposing ends that. */
  attachStandby(): Promise<Disposable>
}

/** How a server is started. */
export type PostgresOptions = {
  /** Whether commits are synced to the disk, as in service. Without it everything is quicker, and a power cut would lose data. */
  readonly durable?: boolean
  /** Further settings of the server, by name. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Starts a server. */
export async function startPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  if (programs === undefined) throw new Error(withoutPostgres)
  const server = new Server(programs, options)
  await server.prepare()
  return server
}

class Server implements TestPostgres {
  readonly #programs: string
  readonly #options: PostgresOptions
  /** PostgreSQL refuses to run as root. */
  readonly #owner = process.getuid?.() === 0 ? unprivileged() : undefined
  #dir = ''
  #port = 0
  #process: ChildProcess | undefined
  #databases = 0
  /** Whether anybody may know of the port: from then on no other will do. */
  #isKnown = false
  #guard: ChildProcess | undefined
  #frozen: number[] = []

  constructor(found: string, options: PostgresOptions) {
    this.#programs = found
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return this.#urlOf('landline')
  }

  async prepare(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'landline-postgres-'))
    try {
      if (this.#owner !== undefined) await chown(this.#dir, this.#owner.uid, this.#owner.gid)
      const given = ['-D', this.#data, '-U', 'landline', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
      await promisify(execFile)(join(this.#programs, 'initdb'), given, { cwd: this.#dir, ...this.#owner })
      await this.start()
      this.#isKnown = true
      await this.#administer('CREATE DATABASE landline', [], 'postgres')
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  async makeDatabase(): Promise<string> {
    this.#databases += 1
    const name = `landline_${this.#databases}`
    await this.#administer(`CREATE DATABASE ${name}`, [], 'postgres')
    return this.#urlOf(name)
  }

  query(sql: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
    return this.#administer(sql, values, 'landline')
  }

  async start(): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      if (this.#port === 0) this.#port = await freePort()
      const failure = await this.#tryStart()
      if (failure === undefined) return
      this.#guard?.kill()
      if (tried >= startsMax) throw new Error(`PostgreSQL does not start: ${failure}`)
      if (/could not bind|could not create any TCP/.test(failure) && !this.#isKnown) this.#port = 0
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGINT')
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  freeze(): void {
    const pid = this.#process?.pid
    if (pid === undefined) return
    // First the one that makes the others.
    process.kill(pid, 'SIGSTOP')
    this.#frozen = [...childrenOf(pid), pid]
    for (const child of this.#frozen) signal(child, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of this.#frozen.splice(0)) signal(pid, 'SIGCONT')
  }

  async attachStandby(): Promise<Disposable> {
    const taken = join(this.#dir, 'taken')
    const folder = { cwd: this.#dir, stdio: 'ignore', ...this.#owner } as const
    await promisify(execFile)('mkdir', [taken], { cwd: this.#dir, ...this.#owner })
    const given = ['-h', '127.0.0.1', '-p', String(this.#port), '-U', 'landline', '-D', taken, '--no-loop']
    // A link to the server may stand where its other programs do not.
    const programs = dirname(realpathSync(join(this.#programs, 'postgres')))
    const standby = spawn(join(programs, 'pg_receivewal'), given, folder)
    const isKnown = async () => (await this.query('SELECT 1 FROM pg_stat_replication')).length > 0
    const known = async () => {
      while (!(await isKnown())) await new Promise(resolve => setTimeout(resolve, 50))
    }
    await inTime('the standby to be known', known(), serverPatienceMs)
    return { [Symbol.dispose]: () => void standby.kill('SIGKILL') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw()
    // At once, without a last checkpoint: the files go.
    await this.#end('SIGQUIT')
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  get #data(): string {
    return join(this.#dir, 'data')
  }

  readonly #urlOf = (database: string) => `postgres://landline@127.0.0.1:${this.#port}/${database}`

  /** Resolves with why it did not start, or with nothing when it serves. */
  async #tryStart(): Promise<string | undefined> {
    const sync = this.#options.durable === true ? 'on' : 'off'
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.#port),
      unix_socket_directories: '',
      max_connections: '200',
      fsync: sync,
      full_page_writes: sync,
      lc_messages: 'C',
      logging_collector: 'off',
      ...this.#options.settings,
    }
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const server = spawn(join(this.#programs, 'postgres'), ['-D', this.#data, ...given], {
      cwd: this.#dir,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...this.#owner,
    })
    this.#process = server
    this.#guard = guard(server.pid ?? 0, this.#dir)
    let said = ''
    const started = new Promise<string | undefined>(resolve => {
      server.once('error', error => resolve(error.message))
      server.once('exit', () => resolve(said))
      server.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said = `${said}${text}`.slice(-10_000)
        if (said.includes('database system is ready to accept connections')) resolve(undefined)
      })
    })
    return await inTime('PostgreSQL to start', started, serverPatienceMs)
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise<void>(resolve => server.once('exit', () => resolve()))
    server.kill(signal)
    await inTime('PostgreSQL to end', ended, serverPatienceMs)
    this.#guard?.kill()
  }

  async #administer(sql: string, values: readonly unknown[], database: string) {
    const client = new Client({ connectionString: this.#urlOf(database) })
    client.on('error', () => undefined) // Whoever awaits the query hears of it.
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }
}

/** Ends the server when this process is gone without having done so, however it went: its end of the pipe is closed then. */
function guard(pid: number, dir: string): ChildProcess {
  const given = ['-c', 'read _; kill -QUIT "$0"; while kill -0 "$0"; do sleep 0.1; done; rm -rf "$1"', String(pid), dir]
  const guarding = spawn('/bin/sh', given, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guarding.unref()
  if (guarding.stdin instanceof Socket) guarding.stdin.unref()
  return guarding
}

function findPrograms(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter)
  const packaged = '/usr/lib/postgresql'
  const versions = existsSync(packaged) ? readdirSync(packaged).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...onPath, ...versions.map(version => join(packaged, version, 'bin'))]
  return folders.find(folder => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** The user that the packages make for the server, or else nobody. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  const line = lines.find(one => one.startsWith('postgres:')) ?? lines.find(one => one.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined) throw new Error('There is no user whom PostgreSQL could run as.')
  return { uid: Number(uid), gid: Number(gid) }
}

/** The processes a process has made, which are still its own. */
const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** One that has just ended hears nothing. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
