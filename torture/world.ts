/**
 * What a part of the torture has around it: its dice, a folder, the processes it starts, and a line that says how far
 * it is. Whatever is opened here is closed when the part ends, however it ends.
 */
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dice } from './random.ts'

/** What a part is given. */
export type World = {
  readonly dice: Dice
  /** How much of everything: 1 is the default run, less is a shorter one. */
  readonly scale: number
  /** Makes a folder that is removed at the end. */
  readonly folder: () => Promise<string>
  /** Says how far the part is. */
  readonly tell: (progress: string) => void
}

/** One line of what a part found out. */
export type Figure = {
  readonly name: string
  readonly value: number | string
  /** What it has to be, for a figure that is judged. */
  readonly bar?: string
  readonly isMet?: boolean
  /** It says how long something took: on a machine that has other things to do it says little. */
  readonly isWait?: boolean
}

/** What a part found out. It is clean if nothing failed and every bar is met. */
export type Report = {
  readonly figures: readonly Figure[]
  /** What went wrong, a sentence each. */
  readonly failures: readonly string[]
  /** Why the part, or some of it, could not be done here. */
  readonly skipped?: readonly string[]
}

/** A part of the torture. */
export type Part = (world: World) => Promise<Report>

const folders = new Set<string>()
const children = new Set<ChildProcess>()

/** Makes a folder that goes when the run ends, and answers what removes it sooner. */
export async function openFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'landline-torture-'))
  folders.add(path)
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true })
      folders.delete(path)
    },
  }
}

/** Sees to it that a process does not outlive this one. */
export function adopt(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}

/** Ends what is still running and removes what is left, at once: for the end of the process, whatever brings it. */
export function leaveNothing(): void {
  for (const child of children) child.kill('SIGKILL')
  for (const path of folders) rmSync(path, { recursive: true, force: true })
}

/** A number that is judged against a bar. */
export const atMost = (name: string, value: number, bar: number, unit = ''): Figure => ({
  name,
  value: `${rounded(value)}${unit}`,
  bar: `≤ ${rounded(bar)}${unit}`,
  isMet: value <= bar,
  isWait: unit === ' ms',
})

/** A number that is judged against a bar. */
export const atLeast = (name: string, value: number, bar: number, unit = ''): Figure => ({
  name,
  value: `${rounded(value)}${unit}`,
  bar: `≥ ${rounded(bar)}${unit}`,
  isMet: value >= bar,
  isWait: false,
})

const rounded = (value: number): number => Math.round(value * 10) / 10

/** The value below which a part of all values lies; 0 of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

/** Resolves after so many milliseconds: for clients that wait before they try again, never for the service. */
export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Whether the work ends within so many milliseconds. Nothing waits on once it has. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const isInTime = await Promise.race([work.then(() => true), time])
  clearTimeout(timer)
  return isInTime
}

/** Looks again and again until something is so. Answers whether it was in time. */
export async function became(isSo: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > untilMs) return false
    await pause(20)
  }
  return true
}
