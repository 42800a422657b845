/**
 * A person's desk: a folder to work in, and commands typed there, as processes of their own. Nothing that is set on the
 * machine of whoever runs the tests is known there.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess, type TestProcess } from '../support/app.ts'
import { makeFolder } from '../support/folder.ts'
import { Changes, inTime, patienceMs } from '../support/until.ts'

/** What a command has left behind. */
export type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

/** How a command is typed. */
export type Typed = {
  /** What is on its standard input, which then ends. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Another folder than that of the desk. */
  readonly cwd?: string
}

/** A command that runs. Disposing it ends it. */
export type Command = AsyncDisposable & {
  readonly child: ChildProcess
  out(): string
  err(): string
  /** Resolves when `look` finds something in what was printed; it is asked again with every piece. */
  until<Found>(what: string, look: (out: string, err: string) => Found | undefined | false): Promise<Found>
  /** Resolves when it has ended. */
  ended(): Promise<Ended>
}

/** A folder with commands. Disposing it removes the folder. */
export type Desk = AsyncDisposable & {
  readonly path: string
  /** Where running services are published. */
  readonly states: string
  readonly env: Readonly<Record<string, string>>
  /** Starts a service, as `startProcess` does. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<TestProcess>
  /** Starts a command. */
  begin(args: readonly string[], typed?: Typed): Command
  /** Runs a command to its end. */
  run(args: readonly string[], typed?: Typed): Promise<Ended>
}

/** The program, for those who start it in their own way. */
export const program = fileURLToPath(new URL('../../bin/landline.js', import.meta.url))

/** How long a command may take: milliseconds. */
const commandTimeoutMs = 4 * patienceMs

/** Makes a desk. */
export async function openDesk(): Promise<Desk> {
  const folder = await makeFolder()
  const path = join(folder.path, 'work')
  const runtime = join(folder.path, 'runtime')
  await mkdir(path)
  await mkdir(runtime)
  const env = { ...outsideWorld(), XDG_RUNTIME_DIR: runtime }
  const begin = (args: readonly string[], { input, env: more, cwd }: Typed = {}) =>
    beginCommand(process.execPath, [program, ...args], { input, cwd: cwd ?? path, env: { ...env, ...more } })
  return {
    path,
    states: join(runtime, 'landline'),
    env,
    start: (args, more) => startProcess({ args, cwd: path, env: { XDG_RUNTIME_DIR: runtime, ...more } }),
    begin,
    run: async (args, typed) => {
      await using command = begin(args, typed)
      return await command.ended()
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** What a program needs of its world, and none of its settings. */
const outsideWorld = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(?:LANDLINE_|NO_COLOR|FORCE_COLOR|NODE_TEST_CONTEXT|CI$)/.test(name)
        ? []
        : [[name, value]],
    ),
  )

/**
 * Starts any program.
 *
 * @param options.holdInput whether its standard input stays open, for the caller to write to
 */
export function beginCommand(
  file: string,
  args: readonly string[],
  {
    input,
    cwd,
    env,
    holdInput = false,
  }: {
    readonly input?: string | undefined
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly holdInput?: boolean
  },
): Command {
  const hasInput = holdInput || input !== undefined
  const child = spawn(file, args, { cwd, env, stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  const changes = new Changes(() => JSON.stringify({ out, err }))
  child.stdout?.setEncoding('utf8').on('data', text => {
    out += text
    changes.tell()
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    err += text
    changes.tell()
  })
  // Who ends before it has read all of it is told by its exit code.
  child.stdin?.on('error', () => undefined)
  if (!holdInput) child.stdin?.end(input)
  const closed = once(child, 'close')
  return {
    child,
    out: () => out,
    err: () => err,
    until: (what, look) => changes.until(what, () => look(out, err), commandTimeoutMs),
    ended: async () => {
      const [code] = (await inTime(`the end of ${args.join(' ')}`, closed, commandTimeoutMs)) as [number | null]
      return { code, out, err }
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await closed
    },
  }
}
