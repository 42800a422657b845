/**
 * Files on disk: a folder for each conversation, in it the bytes of each file under its id and what else is known of
 * it in JSON beside them. Nothing people wrote becomes part of a path.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Files, StoredFile } from '../../domain/ports.ts'
import { type ConversationId, type FileId, readConversationId } from '../../protocol/ids.ts'
import { DiskSpace, type Reserve } from './disk-space.ts'

/** Conversations whose bytes are remembered. */
const countedMax = 10_000

/** How long a count is believed where others put files into the same folder: milliseconds. */
const believedMs = 1_000

/** Bytes of a conversation, and when they were counted: milliseconds of the process. */
type Counted = { readonly sum: Promise<number>; readonly atMs: number }

type Known = { readonly name: string; readonly mediaType: string; readonly putMs: number }

/**
 * Opens the files in a folder, which is made if it is not there.
 *
 * @param options.reserve what is left free on the disk, for others; nothing if not given
 * @param options.isShared whether other nodes work in the same folder at the same time: what they have put counts after
 *   a second
 */
export async function openDiskFiles(options: {
  readonly dir: string
  readonly reserve?: Reserve
  readonly isShared?: boolean
}): Promise<Files> {
  const root = resolve(options.dir)
  await mkdir(root, { recursive: true, mode: 0o700 })
  await syncFolder(join(root, '..'))
  const space = new DiskSpace(root, options.reserve ?? { bytes: 0, share: 0 })
  return new DiskFiles(root, space, options.isShared ? believedMs : Number.POSITIVE_INFINITY)
}

/** A file is there once its JSON is: bytes without it are what a crash has left. */
class DiskFiles implements Files {
  readonly #root: string
  readonly #space: DiskSpace
  /** Bytes of conversations, counted when first asked for and kept up from then on; of those asked for last. */
  readonly #bytes = new Map<ConversationId, Counted>()
  /** How long a count is believed: milliseconds. */
  readonly #believedMs: number
  #written = 0

  constructor(root: string, space: DiskSpace, countBelievedMs: number) {
    this.#root = root
    this.#space = space
    this.#believedMs = countBelievedMs
  }

  async put(conversation: ConversationId, id: FileId, file: StoredFile, atMs: number): Promise<void> {
    const folder = join(this.#root, conversation)
    const known: Known = { name: file.name, mediaType: file.mediaType, putMs: atMs }
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(this.#root)
    await this.#write(folder, id, file.bytes)
    await this.#write(folder, `${id}.json`, Buffer.from(JSON.stringify(known)))
    await syncFolder(folder)
    const counted = this.#bytes.get(conversation)
    if (counted === undefined) return
    const sum = plus(counted.sum, file.bytes.length)
    // Whoever asks next hears of a count that has failed.
    sum.catch(() => undefined)
    this.#bytes.set(conversation, { ...counted, sum })
  }

  async bytesOf(conversation: ConversationId): Promise<number> {
    const known = this.#bytes.get(conversation)
    const nowMs = performance.now()
    const counted =
      known !== undefined && nowMs - known.atMs <= this.#believedMs
        ? known
        : { sum: countBytes(join(this.#root, conversation)), atMs: nowMs }
    this.#bytes.delete(conversation)
    this.#bytes.set(conversation, counted)
    const [oldest] = this.#bytes.keys()
    if (this.#bytes.size > countedMax && oldest !== undefined) this.#bytes.delete(oldest)
    try {
      return await counted.sum
    } catch (error) {
      this.#bytes.delete(conversation)
      throw error
    }
  }

  hasRoomFor(bytes: number): Promise<boolean> {
    return this.#space.hasRoomFor(bytes)
  }

  async get(conversation: ConversationId, id: FileId): Promise<(StoredFile & { readonly putMs: number }) | undefined> {
    const path = join(this.#root, conversation, id)
    const known = await readKnown(`${path}.json`)
    const bytes = known === undefined ? undefined : await unlessMissing(readFile(path))
    if (known === undefined || bytes === undefined) return undefined
    return { name: known.name, mediaType: known.mediaType, bytes, putMs: known.putMs }
  }

  async forgetBefore(ms: number): Promise<void> {
    for (const name of await readdir(this.#root)) {
      const conversation = readConversationId(name)
      if (conversation === undefined) continue
      if (await this.#forgetIn(join(this.#root, conversation), ms)) this.#bytes.delete(conversation)
    }
  }

  async forgetConversation(conversation: ConversationId): Promise<void> {
    await rm(join(this.#root, conversation), { recursive: true, force: true })
    this.#bytes.delete(conversation)
  }

  /** Whether anything has been forgotten. */
  async #forgetIn(folder: string, ms: number): Promise<boolean> {
    let forgot = false
    const names = new Set(await unlessMissing(readdir(folder)))
    for (const name of names) {
      const path = join(folder, name)
      if (name.endsWith('.json')) {
        const known = await readKnown(path)
        if (known === undefined || known.putMs >= ms) continue
        // The JSON goes first: in between, the file is not there rather than half there.
        await rm(path, { force: true })
        await rm(path.slice(0, -'.json'.length), { force: true })
        forgot = true
      } else if (!names.has(`${name}.json`)) {
        // Bytes alone: somebody is just putting them there, or a crash has left them.
        const leftover = await unlessMissing(stat(path))
        if (leftover !== undefined && leftover.mtimeMs < ms) await rm(path, { force: true })
      }
    }
    // Only if nobody has put or removed anything for as long: a put may have found the folder a moment ago.
    const unused = await unlessMissing(stat(folder))
    if (unused !== undefined && unused.mtimeMs < ms) await unlessMissing(rmdir(folder))
    return forgot
  }

  /** Under another name until every byte is on disk, so that a name never stands for half a file. */
  async #write(folder: string, name: string, bytes: Uint8Array): Promise<void> {
    this.#written += 1
    const path = join(folder, name)
    const unfinished = `${path}.${process.pid}-${this.#written}.new`
    try {
      const handle = await this.#create(folder, unfinished)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(unfinished, path)
    } catch (error) {
      await rm(unfinished, { force: true })
      throw error
    }
  }

  /** The folder may have been removed since it was found; one just made is not. */
  async #create(folder: string, path: string): Promise<FileHandle> {
    const handle = await unlessMissing(open(path, 'w', 0o600))
    if (handle !== undefined) return handle
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(this.#root)
    return await open(path, 'w', 0o600)
  }
}

/** Promises of numbers, so that puts made while a count is running are added to what it finds. */
async function plus(counted: Promise<number>, more: number): Promise<number> {
  return (await counted) + more
}

/** What the files in a folder take, what is known of them included. */
async function countBytes(folder: string): Promise<number> {
  let sum = 0
  for (const name of (await unlessMissing(readdir(folder))) ?? [])
    sum += (await unlessMissing(stat(join(folder, name))))?.size ?? 0
  return sum
}

async function readKnown(path: string): Promise<Known | undefined> {
  const text = await unlessMissing(readFile(path, 'utf8'))
  return text === undefined ? undefined : (JSON.parse(text) as Known)
}

/** Not there, or a folder that is not empty (Solaris says EEXIST): both are answers here, not errors. */
const expected = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST'])

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error && expected.has(String(error.code))) return undefined
    throw error
  }
}

/** A new name is there after a power cut only if its folder has been synced. Windows offers no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
