/**
 * Files that clients put into an activity itself, as `data:` URLs. Small ones pass as they are; others are stored, and
 * links put in their place: bots' servers refuse large bodies, and every reload would be as large as the files.
 */
import type { Activity } from '../protocol/activity.ts'
import type { ConversationId } from '../protocol/ids.ts'
import { inlineCharactersMax } from '../protocol/limits.ts'
import { type Attachments, hasDataUrls } from './attachments.ts'

/** Stores what is too large to be passed on. */
export class InlineFiles {
  readonly #attachments: Attachments
  readonly #publicUrl: () => string
  /** The last that is on its way in a conversation, where one is whose files are being stored. */
  readonly #last = new Map<ConversationId, Promise<Activity>>()

  /** @param ports.publicUrl our own address, as links to stored files begin */
  constructor(ports: { attachments: Attachments; publicUrl: () => string }) {
    this.#attachments = ports.attachments
    this.#publicUrl = ports.publicUrl
  }

  /**
   * The activity as it is recorded, shown and delivered: nearly always itself, at once. What is said while files of the
   * same conversation are being stored is answered after them, so that the order stays.
   *
   * @throws ProtocolError `TooLarge` for more than the conversation has room for, `Unavailable` where files can't be stored
   */
  stored(conversation: ConversationId, activity: Activity): Activity | Promise<Activity> {
    const before = this.#last.get(conversation)
    if (before === undefined && !isTooLarge(activity)) return activity
    const stored = this.#storedAfter(before, conversation, activity)
    this.#last.set(conversation, stored)
    const forget = () => {
      if (this.#last.get(conversation) === stored) this.#last.delete(conversation)
    }
    stored.then(forget, forget)
    return stored
  }

  async #storedAfter(
    before: Promise<Activity> | undefined,
    conversation: ConversationId,
    activity: Activity,
  ): Promise<Activity> {
    // What went wrong with it, its own sender is told.
    await before?.catch(() => undefined)
    return isTooLarge(activity)
      ? this.#attachments.withoutDataUrls(conversation, activity, this.#publicUrl())
      : activity
  }
}

const isTooLarge = (activity: Activity): boolean =>
  hasDataUrls(activity) && JSON.stringify(activity).length > inlineCharactersMax
