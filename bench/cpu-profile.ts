/**
 * Reads a `.cpuprofile` as V8 writes it: a tree of calls, and for each sample the node it was in.
 */
import { fileURLToPath } from 'node:url'

/** What is used of the file. Times in microseconds. */
export type CpuProfile = {
  readonly startTime: number
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** Before each sample. */
  readonly timeDeltas: readonly number[]
}

/** A function, and how long it ran without what it called: microseconds. */
export type SelfTime = { readonly name: string; readonly place: string; readonly selfUs: number }

/** What a thread did in a while. */
export type SelfTimes = {
  readonly totalUs: number
  /** Without the time it had nothing to do. */
  readonly busyUs: number
  /** The most expensive first. */
  readonly functions: readonly SelfTime[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
/** What V8 calls the time in which a thread waits. */
const idle = '(idle)'

/** Reads the text of a profile. */
export const readProfile = (text: string): CpuProfile => JSON.parse(text) as CpuProfile

/** Adds up the samples of each function in a part of the profile; in all of it if the part holds none. */
export function selfTimes(profile: CpuProfile, fromUs: number, toUs: number): SelfTimes {
  const within = summed(profile, fromUs, toUs)
  const { totals, totalUs } = within.totalUs > 0 ? within : summed(profile, 0, Number.POSITIVE_INFINITY)
  const functions = [...totals.values()].filter(({ name }) => name !== idle).sort((a, b) => b.selfUs - a.selfUs)
  return { totalUs, busyUs: functions.reduce((sum, { selfUs }) => sum + selfUs, 0), functions }
}

function summed({ startTime, nodes, samples, timeDeltas }: CpuProfile, fromUs: number, toUs: number) {
  const byNode = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const totals = new Map<string, SelfTime>()
  let totalUs = 0
  let atUs = startTime
  for (const [at, node] of samples.entries()) {
    atUs += timeDeltas[at] ?? 0
    // A sample stands for the time until the next one.
    const tookUs = Math.max(0, timeDeltas[at + 1] ?? 0)
    const frame = byNode.get(node)
    if (frame === undefined || atUs < fromUs || atUs > toUs) continue
    const name = frame.functionName || '(anonymous)'
    const place = placeOf(frame.url, frame.lineNumber)
    const key = `${name} ${place}`
    totals.set(key, { name, place, selfUs: (totals.get(key)?.selfUs ?? 0) + tookUs })
    totalUs += tookUs
  }
  return { totals, totalUs }
}

/** `src/domain/hub.ts:91`: from the top of the house, lines counted from one. */
function placeOf(url: string, lineNumber: number): string {
  if (url === '') return ''
  const path = url.startsWith('file:') ? fileURLToPath(url) : url
  return `${path.startsWith(root) ? path.slice(root.length) : path}:${lineNumber + 1}`
}
