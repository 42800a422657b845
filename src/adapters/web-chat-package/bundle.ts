/**
 * The official Web Chat, for the console's frame and for people's own pages: its bundle is taken once out of the package
 * on the person's npm registry, and from then on out of a cache.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchPackageFiles } from './package.ts'

/** The version of Web Chat that is served. */
const webChatVersion = '4.18.1'

/** SHA-512 of the package's tarball, as the registry states it. */
const tarballSha512 = '7jpEUJ7olT62Xm+8eh7BhhIcXVfU2xD4pZDaeBt8K4XcNy6K/83UGIxE9BFkXmHMZ4hDEVOzs5cre07GWuaXzg=='

/** What is taken out of the package, and the SHA-256 of each: what the cache holds is trusted only if it matches. */
const files = {
  'webchat.js': '0a68ad0a64fc04d621197da10c3eec0f843e16f7d03f6bcbed29b47517cf9bff',
  'webchat.js.LICENSE.txt': '0e5d49c2257986a71e6394be4e9a8257afdd212b204de2d6d8ed1cbe890badcc',
} as const

/** A file of Web Chat: the bundle, or the licences of what is bundled. */
export type WebChatFile = keyof typeof files

/**
 * Where the bundle is kept unless told otherwise: with this project's packages, else with temporary files. The published
 * package brings it along.
 */
const defaultCacheDirs: readonly string[] = [
  fileURLToPath(new URL('../../../node_modules/.cache/landline', import.meta.url)),
  join(tmpdir(), 'landline'),
  fileURLToPath(new URL('../../../dist', import.meta.url)),
]

/**
 * How long after a failure everybody is told of it, before the registry is asked again: milliseconds. Anybody may ask
 * for Web Chat, and asking the registry runs npm.
 */
const defaultPauseMs = 5_000

/** Gives Web Chat's files. */
export class WebChatBundle {
  readonly version = webChatVersion
  readonly #cacheDirs: readonly string[]
  readonly #pauseMs: number
  readonly #read = new Map<WebChatFile, Uint8Array>()
  #opening: Promise<void> | undefined

  /**
   * @param options.cacheDirs where files are looked for, in this order; the first that can be written keeps them
   * @param options.pauseMs how long a failure is the answer: milliseconds
   */
  constructor(options: { readonly cacheDirs?: readonly string[]; readonly pauseMs?: number } = {}) {
    this.#cacheDirs = options.cacheDirs ?? defaultCacheDirs
    this.#pauseMs = options.pauseMs ?? defaultPauseMs
  }

  /**
   * The bytes of a file, always those of the release. The first call may take seconds, because it fetches the
   * package; however many ask meanwhile, it is fetched once. A call that fails leaves the next one, after a pause, to try again.
   *
   * @throws Error whose message tells a person why the package can't be had
   */
  async read(file: WebChatFile): Promise<Uint8Array> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      setTimeout(() => {
        this.#opening = undefined
      }, this.#pauseMs).unref()
      throw error
    })
    await this.#opening
    return this.#read.get(file) as Uint8Array
  }

  async #open(): Promise<void> {
    const held = (await this.#fromCache()) ?? (await this.#fromRegistry())
    for (const [file, bytes] of held) this.#read.set(file, bytes)
  }

  async #fromCache(): Promise<Map<WebChatFile, Uint8Array> | undefined> {
    for (const dir of this.#cacheDirs) {
      const held = new Map<WebChatFile, Uint8Array>()
      for (const file of names) {
        // What can't be read there is looked for elsewhere, and fetched in the end.
        const bytes = await readFile(join(dir, folder, file)).catch(() => undefined)
        if (bytes !== undefined && sha256(bytes) === files[file]) held.set(file, bytes)
      }
      if (held.size === names.length) return held
    }
    return undefined
  }

  async #fromRegistry(): Promise<Map<WebChatFile, Uint8Array>> {
    const fetched = await fetchPackageFiles({
      spec: `botframework-webchat@${webChatVersion}`,
      tarballSha512,
      paths: names.map(file => `package/dist/${file}`),
    })
    const held = new Map(names.map(file => [file, fetched.get(`package/dist/${file}`) as Uint8Array]))
    for (const dir of this.#cacheDirs) {
      if (await isKept(join(dir, folder), held)) break
    }
    return held
  }
}

const names = Object.keys(files) as WebChatFile[]
const folder = `web-chat-${webChatVersion}`

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Writes the files so that whoever looks sees each whole or not at all. False where that can't be done. */
async function isKept(dir: string, held: ReadonlyMap<WebChatFile, Uint8Array>): Promise<boolean> {
  try {
    await mkdir(dir, { recursive: true })
    for (const [file, bytes] of held) await writeWhole(join(dir, file), bytes)
    return true
  } catch {
    // Nobody needs to hear: the next folder is tried, and without any the package is fetched again at the next start.
    return false
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    await writeFile(draft, bytes, { flag: 'wx' })
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}
