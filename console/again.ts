/**
 * Doing things once more: what came to nothing because nobody answered, and what was asked for again while it was done.
 */
import { isReached } from './api.ts'

const retryMsMin = 500
const retryMsMax = 10_000

/** How long to wait before trying again: from 0.5 s to 10 s, in milliseconds. @param tries how many came to nothing before */
export const retryMs = (tries: number): number => Math.min(retryMsMin * 2 ** tries, retryMsMax)

/** Resolves after that time, or as soon as the service answers something again. */
export const untilReached = (tries: number): Promise<void> =>
  new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(end, retryMs(tries))
    const stop = isReached.watch(() => {
      if (isReached.value) end()
    })
  })

/**
 * Does something once at a time: what is asked for while it is done is done after it, once. So the last doing always
 * begins after the last asking, however fast the askings come.
 *
 * @param work does it, and tells of its own failure: it never rejects
 */
export function onceMore(work: () => Promise<void>): () => void {
  let isRunning = false
  let isWanted = false
  return async () => {
    isWanted = true
    if (isRunning) return
    isRunning = true
    while (isWanted) {
      isWanted = false
      await work()
    }
    isRunning = false
  }
}
