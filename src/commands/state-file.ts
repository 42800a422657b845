/**
 * The file by which a command finds the service that runs on this machine, and its key: one for each service, readable
 * by its owner alone, there while the service runs.
 */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Context } from './context.ts'

/** What is known of a service that runs. */
export type ServiceState = {
  /** Where its admin API is, without a slash at its end. */
  readonly url: string
  /** Opens the admin API. */
  readonly key: string
  readonly pid: number
  /** The folder it was started in. */
  readonly cwd: string
}

/** The folder of these files: that of the session where there is one, because it is emptied when the person leaves. */
export function stateFolder(environment: Context['environment'], platform: NodeJS.Platform = process.platform): string {
  const runtime = environment['XDG_RUNTIME_DIR']
  if (runtime) return join(runtime, 'landline')
  const local = environment['LOCALAPPDATA']
  if (platform === 'win32' && local) return join(local, 'landline')
  const home = environment['HOME'] || homedir()
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'landline')
  return join(environment['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'landline')
}

/**
 * Says that a service runs. Takes away what services left behind that were killed. Disposing it takes it back.
 *
 * @throws Error if the folder can't be written
 */
export async function publishState(folder: string, port: number, state: ServiceState): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  for (const { file, state } of await filesIn(folder)) if (!isRunning(state)) await rm(file, { force: true })
  const file = join(folder, `${port}.json`)
  const draft = `${file}.${state.pid}`
  // Whoever reads it finds all of it or none, and nobody else can read it at any moment.
  await writeFile(draft, `${JSON.stringify(state)}\n`, { mode: 0o600 })
  await rename(draft, file)
  return {
    async [Symbol.asyncDispose]() {
      const now = await readState(file)
      if (now?.pid === state.pid) await rm(file, { force: true })
    },
  }
}

/** The services that run, in no order. */
export async function runningStates(folder: string): Promise<readonly ServiceState[]> {
  return (await filesIn(folder)).flatMap(({ state }) => (state !== undefined && isRunning(state) ? [state] : []))
}

type Found = { readonly file: string; readonly state: ServiceState | undefined }

async function filesIn(folder: string): Promise<readonly Found[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch {
    // No folder: no service has run yet.
    return []
  }
  const files = names.filter(name => /^\d+\.json$/.test(name)).map(name => join(folder, name))
  return Promise.all(files.map(async file => ({ file, state: await readState(file) })))
}

async function readState(file: string): Promise<ServiceState | undefined> {
  try {
    const { url, key, pid, cwd } = JSON.parse(await readFile(file, 'utf8')) as Partial<ServiceState>
    const isWhole = typeof url === 'string' && typeof key === 'string' && typeof pid === 'number'
    return isWhole && typeof cwd === 'string' ? { url, key, pid, cwd } : undefined
  } catch {
    // Gone meanwhile, or nobody's that we know: whoever asks is told of those that are there.
    return undefined
  }
}

/** Whether its process is there. One that belongs to somebody else counts: it is there. */
function isRunning(state: ServiceState | undefined): boolean {
  if (state === undefined) return false
  try {
    return process.kill(state.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
