/**
 * Installs the real clients and bots of this folder before a test run, if what is there was not made from today's
 * package-lock.json. Run by `npm test`; does nothing, quickly, when there is nothing to do.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname
/** Inside node_modules, so that it goes when the folder goes: `npm ci` removes it before it begins. */
const madeFromFile = join(folder, 'node_modules', '.made-from')

const wanted = createHash('sha256')
  .update(readFileSync(join(folder, 'package-lock.json')))
  .digest('hex')

if (madeFrom() !== wanted) {
  console.log('Installing the real clients and bots for test/clients …')
  const problem = install()
  if (problem === undefined) {
    writeFileSync(madeFromFile, wanted)
  } else {
    console.error(
      `test/clients: ${problem}\nThe tests with real clients need their packages: run "npm ci" in ${folder} to see why.`,
    )
    process.exitCode = 1
  }
}

function madeFrom(): string | undefined {
  try {
    return readFileSync(madeFromFile, 'utf8')
  } catch {
    // Not installed yet, or not to the end: the caller installs.
    return undefined
  }
}

/** Runs `npm ci`. Answers what went wrong, or undefined. */
function install(): string | undefined {
  // The npm that runs us, as it is: the one on the path may be another, or a shell script that can't be spawned.
  const npm = process.env['npm_execpath']
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm]
  const { error, status, signal, stderr } = spawnSync(
    command,
    [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      env: withoutRootSettings(process.env),
    },
  )
  if (error !== undefined) return `npm could not be started: ${error.message}`
  if (status !== 0) return `npm ci failed (${signal ?? `exit code ${status}`}).\n${firstLines(stderr)}`
  return undefined
}

/** npm tells its scripts which folder it works in; another npm would take that for its own. */
function withoutRootSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(config_local_prefix|package_|lifecycle_)/.test(name)),
  )
}

/** What npm says first is what matters; to some errors it adds its whole manual. */
function firstLines(text: string): string {
  return text.trim().split('\n').slice(0, 8).join('\n')
}
