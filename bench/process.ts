/**
 * Processes the bench starts, and what the system says of them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { inTime } from '../test/support/until.ts'

/** What is started. */
export type Program = {
  readonly script: string
  readonly args: readonly string[]
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** It is up when it has printed this. */
  readonly isUp: RegExp
}

/** A process that is up. */
export type Running = {
  readonly child: ChildProcess
  readonly pid: number
  /** What `isUp` has found. */
  readonly found: RegExpExecArray
  /** Ends it with SIGTERM, and without mercy if that takes too long. */
  stop(): Promise<void>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 45_000

/** Starts a program and waits until it is up. What it prints is shown only if it ends unasked. */
export async function startProgram(program: Program): Promise<Running> {
  const { script, args, nodeArgs = [], environment = {}, isUp } = program
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  const upWith = Promise.withResolvers<RegExpExecArray>()
  const hear = (chunk: string) => {
    // Enough to see why; a service that complains all day must not fill our memory.
    output = (output + chunk).slice(-20_000)
    const found = isUp.exec(output)
    if (found !== null) upWith.resolve(found)
  }
  child.stdout?.setEncoding('utf8').on('data', hear)
  child.stderr?.setEncoding('utf8').on('data', hear)
  // Whoever waits for the start, or asks for the stop, hears of it; in between it is said here.
  let isExpected = true
  // However the bench ends, what it has started does not outlive it.
  const killed = () => child.kill('SIGKILL')
  process.once('exit', killed)
  child.once('exit', (code, signal) => {
    process.off('exit', killed)
    upWith.reject(new Error(`${script} ended with ${code ?? signal}:\n${output}`))
    if (!isExpected) process.stderr.write(`${script} ended with ${code ?? signal}:\n${output}\n`)
  })
  const stop = async () => {
    isExpected = true
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await inTime('a process to stop', exited, stopTimeoutMs).catch(async () => {
      child.kill('SIGKILL')
      await exited
    })
  }
  try {
    const found = await inTime(`${script} to come up`, upWith.promise, startTimeoutMs)
    isExpected = false
    return { child, pid: child.pid ?? 0, found, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Linux counts CPU time in hundredths of a second, whatever its kernel does inside. */
const tickMs = 10

/** CPU time of all threads of a process, its own and the system's for it: milliseconds. NaN where there is no /proc. */
export function cpuMs(pid: number): number {
  const stat = fileOf(pid, 'stat')
  // Its second field is a name that may hold anything but ends with the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

/** Memory of a process that is in RAM: bytes. NaN where there is no /proc. */
export const rssBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(fileOf(pid, 'status'))?.[1] ?? Number.NaN) * 1024

/** Begins to watch how much of one core this process takes, which is the load's. Answers what tells it: 1 is all of it. */
export function watchLoad(): () => number {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / (performance.now() - startedMs)
  }
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    // Not Linux: the figures that need it are left out, and the table says so.
    return ''
  }
}
