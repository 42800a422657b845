/**
 * How much room is left on the disk of the files, beyond what others need of it.
 */
import { statfs } from 'node:fs/promises'

/** What is left free: so many bytes, or so much of the whole disk (1 is all of it), whichever is less. */
export type Reserve = { readonly bytes: number; readonly share: number }

/** How long what the disk has said is believed: milliseconds. */
const believedMs = 1_000

/** Knows the room on one disk. The disk is asked once a second at most. */
export class DiskSpace {
  readonly #folder: string
  readonly #reserve: Reserve
  #room: Promise<number> | undefined
  #askedMs = Number.NEGATIVE_INFINITY
  /** Bytes that have been let in since the disk was asked. */
  #letIn = 0

  constructor(folder: string, reserve: Reserve) {
    this.#folder = folder
    this.#reserve = reserve
  }

  /** Whether so many bytes fit, beside those that were let in just before. Rejects if the disk can't be asked. */
  async hasRoomFor(bytes: number): Promise<boolean> {
    const nowMs = performance.now()
    if (this.#room === undefined || nowMs - this.#askedMs > believedMs) {
      this.#askedMs = nowMs
      this.#letIn = 0
      this.#room = this.#ask()
    }
    const room = await this.#room
    if (this.#letIn + bytes > room) return false
    this.#letIn += bytes
    return true
  }

  async #ask(): Promise<number> {
    const { bavail, blocks, bsize } = await statfs(this.#folder)
    const reserve = Math.min(this.#reserve.bytes, blocks * bsize * this.#reserve.share)
    return bavail * bsize - reserve
  }
}
