/**
 * A server that speaks S3 and checks every signature, of a test's own: OpenStack Swift on a free port of 127.0.0.1, with
 * its files in a temporary folder.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { S3Settings } from '../../src/settings.ts'
import { makeFolder } from './folder.ts'
import { freePort } from './ports.ts'
import { inTime, patienceMs } from './until.ts'

/** Debian's packages are seen by Debian's Python; another may come first on the path. */
const python = '/usr/bin/python3'

const program = fileURLToPath(new URL('s3-server.py', import.meta.url))

/** What opens it. */
const keys = { accessKeyId: 'tests:landline', secretAccessKey: 'the-secret-key-of-the-storage-00001' }

/** Why there can be no server here; undefined where there can. For the `skip` of a test. */
export const withoutS3: string | undefined =
  spawnSync(python, ['-c', 'import swift.common']).status === 0
    ? undefined
    : 'There is no server that speaks S3 here (Debian and Ubuntu: apt-get install python3-swift)'

/** A server at work. Disposing of it ends it and removes its files. */
export type TestS3 = AsyncDisposable & {
  readonly origin: string
  readonly port: number
  /** Makes another empty bucket, and says where it is. */
  makeBucket(): Promise<S3Settings>
  /** The keys of all objects in a bucket. */
  keysIn(settings: S3Settings): Promise<readonly string[]>
  /** Ends it with SIGKILL: connections are cut. What it has answered is on disk. */
  kill(): Promise<void>
  /** Starts it again, on the same port and files. */
  start(): Promise<void>
  /** Has it do nothing, with its connections open, until `thaw`. */
  freeze(): void
  thaw(): void
}

/** Starts a server. */
export async function startS3(): Promise<TestS3> {
  if (withoutS3 !== undefined) throw new Error(withoutS3)
  const folder = await makeFolder()
  const server = new Server(folder, await freePort())
  try {
    await server.start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

class Server implements TestS3 {
  readonly port: number
  readonly #folder: AsyncDisposable & { readonly path: string }
  #process: ChildProcess | undefined
  #buckets = 0
  /** One that is frozen does not notice that its pipe has ended. */
  readonly #atExit = () => this.#process?.kill('SIGKILL')

  constructor(folder: AsyncDisposable & { readonly path: string }, port: number) {
    this.#folder = folder
    this.port = port
    process.once('exit', this.#atExit)
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async makeBucket(): Promise<S3Settings> {
    this.#buckets += 1
    const bucket = `files-${this.#buckets}`
    await this.#ask(client => client.send(new CreateBucketCommand({ Bucket: bucket })))
    return {
      bucket,
      prefix: '',
      region: 'us-east-1',
      endpoint: this.origin,
      pathStyle: true,
      ...keys,
      timeoutMs: patienceMs,
    }
  }

  async keysIn({ bucket }: S3Settings): Promise<readonly string[]> {
    const { Contents } = await this.#ask(client => client.send(new ListObjectsV2Command({ Bucket: bucket })))
    return (Contents ?? []).map(({ Key }) => Key ?? '')
  }

  async start(): Promise<void> {
    const given = [program, this.#folder.path, String(this.port), keys.accessKeyId, keys.secretAccessKey]
    // It ends when the pipe does: with this process, however that ends.
    const server = spawn(python, given, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process = server
    let said = ''
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-10_000)
    })
    const ready = new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.once('exit', () => reject(new Error(`The server for S3 does not start: ${said}`)))
      let out = ''
      server.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        if (/^ready$/m.test(out)) resolve()
      })
    })
    await inTime('the server for S3 to start', ready)
  }

  async kill(): Promise<void> {
    const server = this.#process
    this.#process = undefined
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const ended = new Promise<void>(resolve => server.once('exit', () => resolve()))
    server.kill('SIGKILL')
    await inTime('the server for S3 to end', ended)
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
    await this.#folder[Symbol.asyncDispose]()
  }

  async #ask<Answer>(ask: (client: S3Client) => Promise<Answer>): Promise<Answer> {
    const client = new S3Client({
      region: 'us-east-1',
      endpoint: this.origin,
      forcePathStyle: true,
      credentials: keys,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    try {
      return await ask(client)
    } finally {
      client.destroy()
    }
  }
}
