/**
 * Folders for stores, where the system keeps what is temporary: `TMPDIR` says on which disk.
 */
import { rmSync } from 'node:fs'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new folder. It is removed with all that is in it when it is disposed of, or when the bench ends before. */
export async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'landline-bench-'))
  const options = { recursive: true, force: true }
  const onExit = () => rmSync(path, options)
  process.once('exit', onExit)
  return {
    path,
    async [Symbol.asyncDispose]() {
      process.off('exit', onExit)
      await rm(path, options)
    },
  }
}

/** What is free where folders are made: bytes. */
export async function freeBytes(): Promise<number> {
  const { bavail, bsize } = await statfs(tmpdir())
  return bavail * bsize
}
