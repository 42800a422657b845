/**
 * Builds the console, where it has not been built from what is in its folder now. The service runs without it; only
 * the page is missing then.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../console/', import.meta.url))
const vite = fileURLToPath(new URL('../node_modules/vite/bin/vite.js', import.meta.url))

/** Where the built console is: what the service gives to browsers. */
export const consoleDir: string = join(folder, 'dist')

/** Kept with a build: what it was made from. */
const madeFromFile = '.made-from'

/** How long a build may take before it is given up: milliseconds. It takes less than one second. */
const buildMsMax = 60_000

/** Whether a build is that of the sources. A package that holds the build alone is always fresh. */
export function isConsoleFresh(dir = consoleDir): boolean {
  if (!existsSync(join(dir, 'index.html'))) return false
  if (!existsSync(join(folder, 'index.html'))) return true
  const madeFrom = join(dir, madeFromFile)
  return existsSync(madeFrom) && readFileSync(madeFrom, 'utf8') === consoleSources()
}

/** Names what is in the console's folder: another text as soon as any file of it is another. */
export function consoleSources(): string {
  const hash = createHash('sha256')
  // Nobody looks into the build: files come and go there while somebody else builds.
  const names = readdirSync(folder).filter(name => join(folder, name) !== consoleDir)
  for (const path of names.flatMap(name => filesIn(join(folder, name))).sort())
    hash.update(path.slice(folder.length)).update('\0').update(readFileSync(path)).update('\0')
  return hash.digest('hex')
}

/** The files below a path, or the path itself where it is a file. */
function filesIn(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

/**
 * Builds the console, or finds that it need not. Several may do so at once, and somebody may be reading: what is there is
 * whole at every moment, because the page is put in place after everything that it loads.
 *
 * @param progress is told what happens, a line each time
 * @param dir where to: what the service gives out, unless somebody wants one of their own
 * @throws Error that tells a person why it could not be built
 */
export async function buildConsole(progress: (line: string) => void, dir = consoleDir): Promise<void> {
  if (isConsoleFresh(dir)) return
  if (!existsSync(vite)) throw new Error('The console can not be built: run npm ci first.')
  progress('Building the console …')
  const startedMs = performance.now()
  await mkdir(dir, { recursive: true })
  const made = await mkdtemp(join(dir, '.building-'))
  try {
    await runVite(made)
    await cp(join(made, 'assets'), join(dir, 'assets'), { recursive: true })
    await rename(join(made, 'index.html'), join(dir, 'index.html'))
    await rename(join(made, madeFromFile), join(dir, madeFromFile))
    await removeOthers(join(dir, 'assets'), await readdir(join(made, 'assets')))
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  progress(`Built the console in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`)
}

/** Removes what an earlier build has left. */
async function removeOthers(dir: string, kept: readonly string[]): Promise<void> {
  const names = await readdir(dir)
  await Promise.all(names.filter(name => !kept.includes(name)).map(name => rm(join(dir, name), { force: true })))
}

/** In a process of its own: the bundler would stay in the memory of the service. */
function runVite(outDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const words = [vite, 'build', '--config', join(folder, 'vite.config.ts'), '--outDir', outDir, '--emptyOutDir']
    const child = spawn(process.execPath, words, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: buildMsMax,
    })
    let said = ''
    const listen = (text: unknown) => {
      said = `${said}${text}`.slice(-4_000)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    child.once('close', code => {
      if (code === 0) resolve()
      else reject(new Error(`The console could not be built:\n${said}`))
    })
  })
}
