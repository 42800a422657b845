/**
 * The addresses the service hands out: where a bot answers, and where a file can be fetched. Both are capabilities:
 * whoever holds one may use it. Only a bot with a credential of its own answers at an address that everybody knows.
 */
import { type ConversationId, type FileId, readConversationId, readFileId } from '../protocol/ids.ts'
import type { Clock, Keys } from './ports.ts'
import { type Bot, isAuthenticated } from './sites.ts'

/** A file of a conversation, by the two ids that lead to it. */
export type FileName = { readonly conversation: ConversationId; readonly file: FileId }

/** Makes links and checks them. */
export class Links {
  readonly #keys: Keys
  readonly #clock: Clock
  readonly #publicUrl: () => string
  readonly #fileLifetimeSeconds: number

  /** @param ports.publicUrl our own address, without a slash at its end */
  constructor(ports: { keys: Keys; clock: Clock; publicUrl: () => string; fileLifetimeSeconds: number }) {
    this.#keys = ports.keys
    this.#clock = ports.clock
    this.#publicUrl = ports.publicUrl
    this.#fileLifetimeSeconds = ports.fileLifetimeSeconds
  }

  /**
   * The `serviceUrl` of a bot's conversation. Its path can't be guessed where the bot has nothing else to show. A bot
   * that shows tokens has one for all conversations, because the token it is shown names it. Stays the same for the
   * life of the conversation: bots store it and use it days later.
   */
  serviceUrl(bot: Bot, conversation: ConversationId): string {
    const own = bot.serviceUrl ?? this.#publicUrl()
    if (isAuthenticated(bot)) return `${own}/`
    return `${own}/connector/${conversation}/${this.#keys.mark('connector', conversation)}/`
  }

  /** Whether this is the unguessable part of the conversation's `serviceUrl`. */
  opensConnector(conversation: ConversationId, mark: string): boolean {
    return this.#keys.isMark('connector', conversation, mark)
  }

  /**
   * A signed link to a file, good until the file is gone.
   *
   * @param origin how the reader reaches us: an address without a slash at its end
   */
  fileLink(origin: string, { conversation, file }: FileName, name: string): string {
    const expires = Math.floor(this.#clock.nowMs() / 1000) + this.#fileLifetimeSeconds
    const mark = this.#keys.mark('file', `${conversation}/${file}/${expires}`)
    return `${origin}/attachments/${conversation}/${file}/${encodeURIComponent(name)}?e=${expires}&s=${mark}`
  }

  /** Whether a link to this file is genuine and has not expired. */
  opensFile({ conversation, file }: FileName, expires: string, mark: string): boolean {
    if (!/^\d{1,12}$/.test(expires) || this.#clock.nowMs() >= Number(expires) * 1000) return false
    return this.#keys.isMark('file', `${conversation}/${file}/${expires}`, mark)
  }

  /** The id under which a bot knows a file it has uploaded. */
  attachmentId({ conversation, file }: FileName): string {
    return `${conversation}.${file}`
  }

  /** Reads the id of an uploaded attachment. */
  readAttachmentId(id: string): FileName | undefined {
    const [first, second, ...more] = id.split('.')
    if (first === undefined || second === undefined || more.length > 0) return undefined
    const conversation = readConversationId(first)
    const file = readFileId(second)
    return conversation === undefined || file === undefined ? undefined : { conversation, file }
  }

  /**
   * Hides every `serviceUrl` in what a bot says: addresses of attachments the bot has uploaded become
   * links, and whatever else holds the unguessable part loses it. Clients must never see it: it lets anyone speak as
   * the bot. What stands before and after an address stays as it is.
   *
   * @param text JSON text
   */
  withoutServiceUrl(text: string, conversation: ConversationId): string {
    const linked = text.includes('/v3/attachments/')
      ? text.replace(uploadsOf(conversation), (address, id: string, view: string) => {
          const file = readFileId(view === 'thumbnail' ? thumbnailOf(id) : id)
          return file === undefined ? address : this.fileLink(this.#publicUrl(), { conversation, file }, view)
        })
      : text
    const pathless = linked.includes('connector') ? linked.replace(connectorPath, '$1connector$1hidden') : linked
    const mark = this.#keys.mark('connector', conversation)
    return pathless.includes(mark) ? pathless.replaceAll(mark, 'hidden') : pathless
  }
}

/**
 * What the address of one of our own is made of, up to the file: from the last `http://` or `https://` before it on,
 * since texts hold other addresses, with hardly anything between two. A text is passed over once: each beginning is
 * followed no further than to the next.
 */
const beginning = String.raw`https?://(?:(?!https?://)[\w.~:@%+/[\]-]){0,300}?`

/**
 * A slash or a query that the bot has put behind an address, perhaps written for HTML: behind a link, which has a query
 * of its own, it would break it. Another address belongs to the query only as a value, and what ends a sentence, a
 * bracket or a quotation does not belong to it.
 */
const slash = String.raw`(?:/(?!\w))?`
const joint = String.raw`(?:[.:@]|&amp;|&(?!(?:amp|quot|apos|lt|gt|nbsp|#\w{1,6});))`
const ending = String.raw`${slash}(?:\?(?:${joint}*(?!(?<!=)https?://)[\w%=+~/-])+)?`

/** The addresses under which a bot knows what it has uploaded to a conversation. */
const uploadsOf = (conversation: ConversationId): RegExp =>
  new RegExp(
    String.raw`${beginning}/v3/attachments/${conversation}\.([A-Za-z0-9-]{1,55})/views/(original|thumbnail)${ending}`,
    'g',
  )

/** The path of any conversation's `serviceUrl`: a bot may tell one conversation of another, in the query of an address too. */
const connectorPath = /(\/|%(?:25)*2[Ff])connector\1[\w-]{1,55}\1[\w-]{43}/g

/** The id of the small picture that was uploaded with a file. */
export const thumbnailOf = (file: string): string => `${file}-thumbnail`
