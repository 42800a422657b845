/**
 * An upload becomes stored files and an activity that points at them; inline files become stored ones.
 */
import { type Activity, parseActivity } from '../protocol/activity.ts'
import { type Attachment, readDataUrl } from '../protocol/attachment.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { fileNameIn } from '../protocol/file-name.ts'
import { type ConversationId, newFileId, randomIdLength, readFileId } from '../protocol/ids.ts'
import { attachmentsMax, defaultLimits, type Limits } from '../protocol/limits.ts'
import { FileSpace } from './file-space.ts'
import { type FileName, type Links, thumbnailOf } from './links.ts'
import type { Clock, Files, Random, ReadBase64, StoredFile } from './ports.ts'

/** What an upload request held. */
export type Upload = { readonly activity: Activity | undefined; readonly files: readonly StoredFile[] }

/** Stores files of conversations. */
export class Attachments {
  readonly #files: Files
  readonly #space: FileSpace
  readonly #links: Links
  readonly #clock: Clock
  readonly #random: Random
  readonly #readBase64: ReadBase64
  readonly #lifetimeMs: number

  constructor(
    ports: {
      files: Files
      links: Links
      clock: Clock
      random: Random
      readBase64: ReadBase64
      fileLifetimeSeconds: number
    },
    limits: Pick<Limits, 'fileBytesPerConversation'> = defaultLimits,
  ) {
    this.#files = ports.files
    this.#space = new FileSpace(ports.files, limits.fileBytesPerConversation)
    this.#links = ports.links
    this.#clock = ports.clock
    this.#random = ports.random
    this.#readBase64 = ports.readBase64
    this.#lifetimeMs = ports.fileLifetimeSeconds * 1000
  }

  /**
   * Stores the files of an upload and gives the activity that carries their links.
   *
   * @param origin how the client reaches us; its links begin with it
   * @throws ProtocolError `Unacceptable` for more attachments than an activity may have, `TooLarge` for more than the
   * conversation has room for
   */
  async stored(conversation: ConversationId, upload: Upload, origin: string): Promise<Activity> {
    const activity = upload.activity ?? parseActivity({ type: 'message' })
    const merged = merge(activity.attachments ?? [], upload.files)
    if (merged.length > attachmentsMax)
      throw new ProtocolError('Unacceptable', `An activity may have ${attachmentsMax} attachments.`)
    return { ...activity, attachments: await this.#storeAll(conversation, merged, origin) }
  }

  /**
   * Stores what an activity carries in `data:` URLs, and puts links in their place. One that can't be read stays.
   *
   * @throws ProtocolError `TooLarge` for more than the conversation has room for
   */
  async withoutDataUrls(conversation: ConversationId, activity: Activity, origin: string): Promise<Activity> {
    if (!hasDataUrls(activity)) return activity
    const found = (activity.attachments ?? []).map(attachment => withInlineFile(attachment, this.#readBase64))
    return { ...activity, attachments: await this.#storeAll(conversation, found, origin) }
  }

  /**
   * Stores what a bot uploads by the Connector, with its small picture if it sent one.
   *
   * @returns the id under which the bot finds it again
   * @throws ProtocolError `TooLarge` for more than the conversation has room for
   */
  async uploaded(conversation: ConversationId, file: StoredFile, thumbnail: Uint8Array | undefined): Promise<string> {
    const id = newFileId(this.#random.text(randomIdLength))
    const small = thumbnail === undefined ? undefined : { ...file, bytes: thumbnail }
    const smallId = readFileId(thumbnailOf(id))
    await this.#space.during(conversation, small === undefined ? [file] : [file, small], async () => {
      await this.#files.put(conversation, id, file, this.#clock.nowMs())
      if (small !== undefined && smallId !== undefined)
        await this.#files.put(conversation, smallId, small, this.#clock.nowMs())
    })
    return this.#links.attachmentId({ conversation, file: id })
  }

  /** A view of what a bot has uploaded; undefined if there is none or it has expired. */
  async view(id: string, view: 'original' | 'thumbnail'): Promise<StoredFile | undefined> {
    const name = this.#links.readAttachmentId(id)
    if (name === undefined) return undefined
    const file = view === 'original' ? name.file : readFileId(thumbnailOf(name.file))
    return file === undefined ? undefined : this.#kept({ conversation: name.conversation, file })
  }

  /** The file behind a signed link; undefined if the link is not genuine or the file is gone. */
  async linked(name: FileName, expires: string, mark: string): Promise<StoredFile | undefined> {
    return this.#links.opensFile(name, expires, mark) ? this.#kept(name) : undefined
  }

  async #kept({ conversation, file }: FileName): Promise<StoredFile | undefined> {
    const found = await this.#files.get(conversation, file)
    return found !== undefined && this.#clock.nowMs() < found.putMs + this.#lifetimeMs ? found : undefined
  }

  /** All of them or, where there is no room, none. */
  #storeAll(conversation: ConversationId, merged: readonly Merged[], origin: string): Promise<readonly Attachment[]> {
    const files = merged.map(({ file }) => file).filter(file => file !== undefined)
    return this.#space.during(conversation, files, () =>
      Promise.all(
        merged.map(async ({ attachment, file }) =>
          file === undefined ? attachment : { ...attachment, contentUrl: await this.#put(conversation, file, origin) },
        ),
      ),
    )
  }

  async #put(conversation: ConversationId, file: StoredFile, origin: string): Promise<string> {
    const id = newFileId(this.#random.text(randomIdLength))
    await this.#files.put(conversation, id, file, this.#clock.nowMs())
    return this.#links.fileLink(origin, { conversation, file: id }, file.name)
  }
}

type Merged = { readonly attachment: Attachment; readonly file: StoredFile | undefined }

/**
 * Brings the metadata in an activity and the files beside it together. DirectLineJS sends files in the order their
 * downloads completed, so names decide: a file fills the first entry of its name that has neither content nor address;
 * a file named like a card is what the client got when it tried to download the card, and is discarded; any other file
 * is a new attachment. Entries left with nothing are dropped.
 */
function merge(entries: readonly Attachment[], files: readonly StoredFile[]): Merged[] {
  const merged: { attachment: Attachment; file: StoredFile | undefined }[] = entries.map(attachment => ({
    attachment,
    file: undefined,
  }))
  for (const file of files) {
    const named = merged.filter(({ attachment }) => isNamedAlike(attachment, file))
    const empty = named.find(entry => entry.file === undefined && isEmpty(entry.attachment))
    if (empty !== undefined) {
      empty.file = file
      empty.attachment = { ...empty.attachment, contentType: empty.attachment.contentType || file.mediaType }
    } else if (!named.some(({ attachment }) => hasContent(attachment))) {
      merged.push({ attachment: { contentType: file.mediaType, name: file.name }, file })
    }
  }
  return merged.filter(({ attachment, file }) => file !== undefined || !isEmpty(attachment))
}

/**
 * Whether a file came under the name of an attachment, which is compared as the file's own was read. Browsers call a file
 * without a name `blob`.
 */
function isNamedAlike({ name, contentType }: Attachment, file: StoredFile): boolean {
  if (name) return name === file.name || fileNameIn(name) === file.name
  return file.name === namelessFile && contentType === file.mediaType
}

const namelessFile = 'blob'

const hasContent = (attachment: Attachment): boolean => attachment.content !== undefined && attachment.content !== null
const isEmpty = (attachment: Attachment): boolean => !hasContent(attachment) && !attachment.contentUrl

const isDataUrl = (url: string | null | undefined): url is string => typeof url === 'string' && /^data:/i.test(url)

/** Whether an activity has attachments in `data:` URLs. */
export const hasDataUrls = ({ attachments }: Activity): boolean =>
  attachments?.some(attachment => isDataUrl(attachment.contentUrl)) ?? false

/** The type in the URL goes with it: where the attachment itself names none, it is kept there. */
function withInlineFile(attachment: Attachment, readBase64: ReadBase64): Merged {
  const file = inlineFile(attachment, readBase64)
  return file === undefined || attachment.contentType
    ? { attachment, file }
    : { attachment: { ...attachment, contentType: file.mediaType }, file }
}

function inlineFile(attachment: Attachment, readBase64: ReadBase64): StoredFile | undefined {
  if (!isDataUrl(attachment.contentUrl)) return undefined
  const inline = readDataUrl(attachment.contentUrl)
  const bytes = inline?.base64 === true ? readBase64(inline.payload) : undefined
  if (inline === undefined || bytes === undefined) return undefined
  return { name: fileNameIn(attachment.name ?? ''), mediaType: inline.mediaType, bytes }
}
