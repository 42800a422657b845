/**
 * The files of the built console, in memory from the first time somebody asks for one.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** A file as it is sent. */
export type ConsoleFile = {
  /** Its path below the folder, with `/`. */
  readonly path: string
  readonly type: string
  readonly bytes: Uint8Array
  /** Whether its name changes with what is in it. */
  readonly isHashed: boolean
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Where the build puts what it names by content. */
const hashedFolder = 'assets/'

/** The folder of a build. A later build takes the place of an earlier one with the next page that is asked for. */
export class ConsoleFiles {
  readonly #dir: string
  #made = Number.NaN
  #files: Promise<ReadonlyMap<string, ConsoleFile>> = Promise.resolve(new Map())

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The page; undefined if there is no build. */
  async page(): Promise<ConsoleFile | undefined> {
    const made = await stat(join(this.#dir, 'index.html')).then(
      ({ mtimeMs }) => mtimeMs,
      // Not built: who asks is told so.
      () => undefined,
    )
    if (made === undefined) return undefined
    if (made !== this.#made) {
      this.#made = made
      this.#files = readFiles(this.#dir)
    }
    return (await this.#files).get('index.html')
  }

  /** What the page loads. */
  async part(path: string): Promise<ConsoleFile | undefined> {
    // A browser may come back for a part alone, after a restart of ours.
    if (Number.isNaN(this.#made)) await this.page()
    return (await this.#files).get(path)
  }
}

async function readFiles(dir: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const names = await readdir(join(dir, hashedFolder))
  const paths = ['index.html', ...names.map(name => hashedFolder + name)]
  const files = paths.flatMap(path => {
    const type = types[extname(path)]
    return type === undefined ? [] : [{ path, type, isHashed: path.startsWith(hashedFolder) }]
  })
  const read = files.map(async file => [file.path, { ...file, bytes: await readFile(join(dir, file.path)) }] as const)
  return new Map(await Promise.all(read))
}
