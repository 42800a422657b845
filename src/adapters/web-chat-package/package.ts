/**
 * Single files out of a package on an npm registry, through the person's own npm, so that their registry, proxy and
 * credentials apply.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'

/** How long npm may take: milliseconds. npm itself is told to give up on a silent registry sooner. */
const npmTimeoutMs = 120_000

/** What npm says when it fails: characters that are kept. */
const complaintCharactersMax = 2_000

/** A file that is taken out: bytes. */
const fileBytesMax = 16 * 1024 * 1024

/** Which files of which package. */
export type PackageFiles = {
  /** The package's name and exact version, as npm takes them. No characters a shell knows. */
  readonly spec: string
  /** Base64. A tarball of any other content is refused before anything is taken out of it. */
  readonly tarballSha512: string
  /** Paths inside the tarball. */
  readonly paths: readonly string[]
}

/**
 * Fetches a package and takes files out of it. Nothing else of it is kept, and nothing in it is run.
 *
 * @throws Error whose message tells a person what to do
 */
export async function fetchPackageFiles({
  spec,
  tarballSha512,
  paths,
}: PackageFiles): Promise<Map<string, Uint8Array>> {
  const dir = await mkdtemp(join(tmpdir(), 'landline-package-'))
  try {
    await npmPack(spec, dir)
    const name = (await readdir(dir)).find(entry => entry.endsWith('.tgz'))
    if (name === undefined) throw new Error(`npm said it has fetched ${spec}, but there is no tarball.`)
    const tarball = join(dir, name)
    if ((await sha512(tarball)) !== tarballSha512) {
      throw new Error(`The npm registry gave something else than the released ${spec}: its SHA-512 differs.`)
    }
    return await filesIn(tarball, paths)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Puts the package's tarball into the folder. Takes it from npm's own cache without asking the registry if it is there. */
async function npmPack(spec: string, dir: string): Promise<void> {
  const words = [
    'pack',
    spec,
    '--ignore-scripts',
    '--prefer-offline',
    '--pack-destination=.',
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
    '--fetch-timeout=30000',
    '--loglevel=error',
  ]
  // On Windows npm is a script that only a shell can run; every word here is our own.
  const [command, args] = process.platform === 'win32' ? [`npm ${words.join(' ')}`, []] : ['npm', words]
  const npm = spawn(command, args, {
    cwd: dir,
    shell: process.platform === 'win32',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: npmTimeoutMs,
    windowsHide: true,
  })
  let complaint = ''
  npm.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < complaintCharactersMax) complaint += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    npm.once('error', cause => reject(new Error(`npm can't be run to fetch ${spec}: ${cause.message}`, { cause })))
    npm.once('close', resolve)
  })
  if (code !== 0) {
    const why =
      complaint.trim() || (code === null ? `it took more than ${npmTimeoutMs / 1000} s` : `it ended with ${code}`)
    throw new Error(`npm could not fetch ${spec} from its registry: ${why.slice(0, complaintCharactersMax)}`)
  }
}

async function sha512(path: string): Promise<string> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(path), hash)
  return hash.digest('base64')
}

/** Reads the tarball through and keeps only what is asked for: the rest may be many times larger. */
async function filesIn(tarball: string, paths: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  const entries = extract()
  const reading = pipeline(createReadStream(tarball), createGunzip(), entries)
  const taking = (async () => {
    for await (const entry of entries) {
      if (!paths.includes(entry.header.name)) {
        entry.resume()
        continue
      }
      if ((entry.header.size ?? 0) > fileBytesMax) throw new Error(`${entry.header.name} is too large.`)
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      found.set(entry.header.name, Buffer.concat(chunks))
    }
  })()
  await Promise.all([reading, taking])
  const missing = paths.find(path => !found.has(path))
  if (missing !== undefined) throw new Error(`The package has no ${missing}.`)
  return found
}
