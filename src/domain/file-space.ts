/**
 * How much one conversation may keep in files.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { ConversationId } from '../protocol/ids.ts'
import type { Files, StoredFile } from './ports.ts'

/** Gives files their room. */
export class FileSpace {
  readonly #files: Files
  readonly #bytesMax: number
  /** Bytes on their way, which the store may not count yet. */
  readonly #arriving = new Map<ConversationId, number>()
  /** How many ways have ended. */
  #ended = 0

  constructor(files: Files, bytesMax: number) {
    this.#files = files
    this.#bytesMax = bytesMax
  }

  /**
   * Does what stores files, if there is room for all of them: none is stored if there is not.
   *
   * @throws ProtocolError `TooLarge`; `Unavailable` where the disk is nearly full, or fails
   */
  async during<Result>(
    conversation: ConversationId,
    files: readonly Pick<StoredFile, 'bytes'>[],
    store: () => Promise<Result>,
  ): Promise<Result> {
    if (files.length === 0) return store()
    try {
      return await this.#within(conversation, files, store)
    } catch (error) {
      throw error instanceof ProtocolError ? error : unavailable(error)
    }
  }

  async #within<Result>(
    conversation: ConversationId,
    files: readonly Pick<StoredFile, 'bytes'>[],
    store: () => Promise<Result>,
  ): Promise<Result> {
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
    if (!(await this.#files.hasRoomFor(bytes))) throw new Error('The disk of the files is nearly full.')
    const kept = await this.#kept(conversation)
    if (kept + (this.#arriving.get(conversation) ?? 0) + bytes > this.#bytesMax)
      throw new ProtocolError('TooLarge', `The files of a conversation may have ${this.#bytesMax} bytes.`)
    this.#count(conversation, bytes)
    try {
      return await store()
    } finally {
      this.#count(conversation, -bytes)
      this.#ended += 1
    }
  }

  /** What is kept now. What has ended its way while the store was asked may be in neither sum, so it is asked again. */
  async #kept(conversation: ConversationId): Promise<number> {
    for (;;) {
      const ended = this.#ended
      const kept = await this.#files.bytesOf(conversation)
      if (ended === this.#ended) return kept
    }
  }

  #count(conversation: ConversationId, more: number): void {
    const sum = (this.#arriving.get(conversation) ?? 0) + more
    if (sum === 0) this.#arriving.delete(conversation)
    else this.#arriving.set(conversation, sum)
  }
}

/** Whoever runs the service is told the cause. */
const unavailable = (cause: unknown): ProtocolError =>
  new ProtocolError('Unavailable', 'The service cannot store files now.', { cause })
