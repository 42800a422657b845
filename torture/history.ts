/**
 * What a run has seen of each conversation, from every side: the material the oracle judges.
 *
 * Everything durable that is sent carries a mark of its own, `{conversation's tag}/{sender}/{number}` for people and
 * `{activity it answers}#{number}` for the bot, so that whatever turns up anywhere can be traced to who sent it.
 */

/** Something a person or the bot has sent, from its first try on. */
export type Sent = {
  readonly mark: string
  /** Who sent it: everything of one sender was sent after the acknowledgement of the one before. */
  readonly sender: string
  /** Ids it was acknowledged with: none if it never was, more than one if the service gave two. */
  readonly acknowledged: Set<string>
  /** When it was first acknowledged, on the system's monotonic clock: milliseconds. */
  acknowledgedAtMs?: number
  /** The activity it answers, for what a bot sent. */
  readonly answers: string | undefined
}

/** An activity as it turned up somewhere. */
export type Sighting = { readonly id: string; readonly mark: string | undefined }

/** An entry of the log as it was read at the end. */
export type Logged = Sighting & { readonly replyToId: string | undefined; readonly timestamp: string }

/** A window of a client: it applies each set together with its watermark, and resumes by it. */
export type View = { readonly name: string; readonly seen: Sighting[] }

/** One conversation from all sides. */
export type ConversationHistory = {
  readonly id: string
  /** How its marks begin. */
  readonly tag: string
  readonly sent: Sent[]
  readonly views: readonly View[]
  /** What the bot was posted, in its order. */
  readonly posted: Sighting[]
  /** The log at the end, from its beginning. */
  log: readonly Logged[]
}

/** The mark of a person's message, as its `clientActivityID`; or of a bot's, beside it. */
export function markOf(channelData: unknown): string | undefined {
  if (typeof channelData !== 'object' || channelData === null) return undefined
  const { clientActivityID, botMark } = channelData as { clientActivityID?: unknown; botMark?: unknown }
  const mark = clientActivityID ?? botMark
  return typeof mark === 'string' ? mark : undefined
}
