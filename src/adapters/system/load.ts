/**
 * How hard this process is pressed: how late its loop is, and how much of its memory is in use.
 */
import { totalmem } from 'node:os'
import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { Load, Strain } from '../../domain/health-port.ts'

/** How often a loop that is busy is looked at: milliseconds. A turn seems longer by no more than this. */
const tickMs = 20

/** A loop that has worked for less between two measurements can't have been late, and is not looked at: milliseconds. */
const busyMs = 100

/** Measures this process, from now on. */
export function openLoad(): Load {
  return new SystemLoad()
}

/**
 * A timer that is due in every turn of a busy loop sees how long the turns are. It runs only while the loop is busy: on
 * an idle machine it would be most of the work there is. There are so few ticks between two measurements that the 99th
 * percentile of them is the longest.
 */
class SystemLoad implements Load {
  #utilization: EventLoopUtilization = performance.eventLoopUtilization()
  #timer: NodeJS.Timeout | undefined
  #tickedMs = 0
  #longestMs = 0

  measure(): Strain {
    const utilization = performance.eventLoopUtilization()
    const isBusy = utilization.active - this.#utilization.active > busyMs
    this.#utilization = utilization
    // The turn that this is asked in belongs to what has been: the next tick would find it too late.
    if (this.#timer !== undefined) this.#tick()
    const loopLateMs = this.#longestMs
    this.#longestMs = 0
    if (isBusy) this.#begin()
    else this.#end()
    return { loopLateMs, memoryShare: memoryShare() }
  }

  [Symbol.dispose](): void {
    this.#end()
  }

  #begin(): void {
    if (this.#timer !== undefined) return
    this.#tickedMs = performance.now()
    this.#timer = setTimeout(() => {
      this.#tick()
      this.#timer?.refresh()
    }, tickMs)
    this.#timer.unref()
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    const nowMs = performance.now()
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#tickedMs)
    this.#tickedMs = nowMs
  }
}

/** What the process may have by its container, where that is less than the machine has: bytes. */
const constrainedBytes = process.constrainedMemory()
const isConstrained = constrainedBytes > 0 && constrainedBytes < totalmem()

/**
 * What V8 lets the old generation have: it ends the process when that is full, however much of the heap's limit is left
 * to the young one. V8 does not tell the two apart. By its defaults the young one may take three times a 64th of what
 * the old one may, which is half of the memory there is and no more than 4 GiB, whatever a flag then makes of the latter.
 */
const limitBytes = getHeapStatistics().heap_size_limit
const youngBytesMax = (3 / 64) * Math.min(4 * 1024 ** 3, (isConstrained ? constrainedBytes : totalmem()) / 2)
const oldBytesMax = Math.max(limitBytes - youngBytesMax, limitBytes / 3)

function memoryShare(): number {
  let oldBytes = 0
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics())
    if (!name.startsWith('new_')) oldBytes += used
  return Math.max(oldBytes / oldBytesMax, isConstrained ? process.memoryUsage.rss() / constrainedBytes : 0)
}
