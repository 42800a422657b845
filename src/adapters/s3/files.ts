/**
 * Files in a bucket of an S3-compatible service, which any number of nodes may share. Each file is one object: a line of
 * JSON with what is known of it, and its bytes. A second, empty one stands where objects are in the order of their time,
 * so that what is past its time is found without a look at everything else. Nothing people wrote becomes part of a key.
 */
import type { Files, StoredFile } from '../../domain/ports.ts'
import { type ConversationId, type FileId, readConversationId, readFileId } from '../../protocol/ids.ts'
import { Bucket, type BucketOptions } from './bucket.ts'
import { ByteCounts } from './byte-counts.ts'

/** Objects removed at once. */
const removedAtOnce = 16

/** Digits of a time in a key: milliseconds for some 30,000 years. */
const timeDigits = 15

/** JSON has none of its own. */
const lineEnd = 0x0a

type Known = { readonly name: string; readonly mediaType: string; readonly putMs: number }

/** Files in a bucket. Disposing of them closes the connections. */
export type S3Files = Files & Disposable

/**
 * Opens the files in a bucket, which must be there. That it can't be reached is no reason not to start: what needs no
 * files goes on.
 *
 * @param options.prefix what all keys begin with: empty, or with a slash at its end
 * @param failed hears, soon after, if the bucket can't be listed
 */
export function openS3Files(
  options: BucketOptions & { readonly prefix: string },
  failed: (error: unknown) => void,
): S3Files {
  const { prefix, ...where } = options
  const files = new BucketFiles(new Bucket(where), prefix)
  files.look().catch(failed)
  return files
}

/** A file is there once its object is. */
export class BucketFiles implements S3Files {
  readonly #bucket: Bucket
  readonly #prefix: string
  readonly #counts: ByteCounts

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket
    this.#prefix = prefix
    this.#counts = new ByteCounts(conversation => bucket.list(this.#key(conversation, '')))
  }

  /** Rejects if the bucket can't be listed. */
  async look(): Promise<void> {
    for await (const _ of this.#bucket.list(`${this.#prefix}times/`)) return
  }

  async put(conversation: ConversationId, id: FileId, file: StoredFile, atMs: number): Promise<void> {
    const known: Known = { name: file.name, mediaType: file.mediaType, putMs: atMs }
    const key = this.#key(conversation, id)
    // Its time goes first: one without a file does no harm, and a file without one would stay for ever.
    await this.#bucket.put(this.#timeKey(atMs, conversation, id), new Uint8Array())
    const object = withHead(known, file.bytes)
    await this.#bucket.put(key, object)
    this.#counts.put(conversation, { key, size: object.length })
  }

  async get(conversation: ConversationId, id: FileId): Promise<(StoredFile & { readonly putMs: number }) | undefined> {
    const found = await this.#bucket.get(this.#key(conversation, id))
    if (found === undefined) return undefined
    const { known, bytes } = readHead(found)
    return { name: known.name, mediaType: known.mediaType, bytes, putMs: known.putMs }
  }

  bytesOf(conversation: ConversationId): Promise<number> {
    return this.#counts.of(conversation)
  }

  /** No service tells how much room it has; one that has none says so when something is put. */
  async hasRoomFor(): Promise<boolean> {
    return true
  }

  async forgetBefore(ms: number): Promise<void> {
    for await (const page of this.#bucket.list(`${this.#prefix}times/`)) {
      const times = page.map(({ key }) => this.#readTimeKey(key)).filter(time => time !== undefined)
      const past = times.filter(({ atMs }) => atMs < ms)
      await eachOf(past, async ({ atMs, conversation, id }) => {
        await this.#bucket.remove(this.#key(conversation, id))
        this.#counts.forget(conversation)
        await this.#bucket.remove(this.#timeKey(atMs, conversation, id))
      })
      // They come in the order of their time.
      if (past.length < times.length) return
    }
  }

  /** Times of its files stay until they have come: they say nothing but two ids. */
  async forgetConversation(conversation: ConversationId): Promise<void> {
    for await (const page of this.#bucket.list(this.#key(conversation, '')))
      await eachOf(page, ({ key }) => this.#bucket.remove(key))
    this.#counts.forget(conversation)
  }

  [Symbol.dispose](): void {
    this.#bucket[Symbol.dispose]()
  }

  #key(conversation: ConversationId, id: FileId | ''): string {
    return `${this.#prefix}files/${conversation}/${id}`
  }

  #timeKey(atMs: number, conversation: ConversationId, id: FileId): string {
    const time = String(Math.max(0, Math.trunc(atMs))).padStart(timeDigits, '0')
    return `${this.#prefix}times/${time}/${conversation}/${id}`
  }

  /** Undefined for what is not ours. */
  #readTimeKey(key: string) {
    const [time = '', first = '', second = '', ...more] = key.slice(this.#prefix.length + 'times/'.length).split('/')
    const [conversation, id] = [readConversationId(first), readFileId(second)]
    if (!/^\d{15}$/.test(time) || conversation === undefined || id === undefined || more.length > 0) return undefined
    return { atMs: Number(time), conversation, id }
  }
}

/**
 * Before the bytes, and not in the object's metadata: of that, some services take only 256 characters, and a name may
 * have more.
 */
const withHead = (known: Known, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${JSON.stringify(known)}\n`), bytes])

function readHead(object: Uint8Array): { readonly known: Known; readonly bytes: Uint8Array } {
  const end = object.indexOf(lineEnd)
  if (end === -1) throw new Error('An object in the storage of files is not of this service.')
  const head = Buffer.from(object.buffer, object.byteOffset, end)
  return { known: JSON.parse(head.toString()) as Known, bytes: object.subarray(end + 1) }
}

/** Does something to each, some at once. All that have begun have ended when it rejects. */
async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += removedAtOnce) {
    const ends = await Promise.allSettled(items.slice(from, from + removedAtOnce).map(act))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
}
