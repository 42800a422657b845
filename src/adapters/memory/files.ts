/**
 * Files in memory: gone with the process.
 */
import type { Files, StoredFile } from '../../domain/ports.ts'
import type { ConversationId, FileId } from '../../protocol/ids.ts'

type Kept = StoredFile & { readonly putMs: number }

/** Keeps files as long as the process lives. */
export class MemoryFiles implements Files {
  readonly #conversations = new Map<ConversationId, Map<FileId, Kept>>()
  readonly #bytes = new Map<ConversationId, number>()

  async put(conversation: ConversationId, id: FileId, file: StoredFile, atMs: number): Promise<void> {
    let files = this.#conversations.get(conversation)
    if (files === undefined) {
      files = new Map()
      this.#conversations.set(conversation, files)
    }
    this.#count(conversation, file.bytes.length - (files.get(id)?.bytes.length ?? 0))
    // A copy: the caller's bytes may be part of a buffer that is used again.
    files.set(id, { name: file.name, mediaType: file.mediaType, bytes: new Uint8Array(file.bytes), putMs: atMs })
  }

  async get(conversation: ConversationId, id: FileId): Promise<Kept | undefined> {
    return this.#conversations.get(conversation)?.get(id)
  }

  async bytesOf(conversation: ConversationId): Promise<number> {
    return this.#bytes.get(conversation) ?? 0
  }

  async hasRoomFor(): Promise<boolean> {
    return true
  }

  async forgetBefore(ms: number): Promise<void> {
    for (const [conversation, files] of this.#conversations) {
      for (const [id, file] of files) {
        if (file.putMs < ms && files.delete(id)) this.#count(conversation, -file.bytes.length)
      }
      if (files.size === 0) await this.forgetConversation(conversation)
    }
  }

  async forgetConversation(conversation: ConversationId): Promise<void> {
    this.#conversations.delete(conversation)
    this.#bytes.delete(conversation)
  }

  #count(conversation: ConversationId, more: number): void {
    this.#bytes.set(conversation, (this.#bytes.get(conversation) ?? 0) + more)
  }
}
