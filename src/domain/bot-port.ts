/**
 * What the domain asks of whoever calls bots. The comments are the contract; `test/contract/bot-client.test.ts` runs it.
 */
import type { BotId, ConversationId } from '../protocol/ids.ts'
import type { CallWatch } from './turn-port.ts'

/** Where a bot is called. */
export type BotEndpoint = {
  readonly bot: BotId
  /** The messaging endpoint: an http or https URL. */
  readonly url: string
  /** Whether it may be at a link-local address or one where clouds hand out credentials. */
  readonly allowLinkLocal: boolean
  /** Whether a certificate that nobody vouches for, or of another name or time, is taken from it. Not if not said. */
  readonly allowSelfSigned?: boolean
}

/** One turn: an activity for a bot. */
export type BotCall = {
  readonly endpoint: BotEndpoint
  readonly conversation: ConversationId
  /** The activity as JSON text. */
  readonly activity: string
  /** The Authorization header, for bots that want one. */
  readonly authorization: string | undefined
  /** From now to the last byte of the answer: milliseconds. */
  readonly timeoutMs: number
  /** How long the answer's body may be: bytes. No more is read; a longer one is `unreachable`, but for an error's, which is cut. */
  readonly answerBytesMax: number
  /** Whether the answer's text is wanted. */
  readonly needsBody: boolean
  /** Hears how the call goes. */
  readonly watch?: CallWatch | undefined
}

/** What came of a turn. */
export type BotAnswer =
  | { readonly outcome: 'answered'; readonly status: number; readonly body: string }
  | { readonly outcome: 'timedOut' }
  | { readonly outcome: 'unreachable'; readonly reason: string }

/**
 * Calls bots over HTTP. Never rejects: a bot being down is an outcome. Never follows a redirect, never repeats a
 * call, never lets one bot's calls wait for another's. Calls of one conversation are written in the order they were
 * made, each without waiting for the answer to the one before. A connection that breaks before the answer is whole
 * is `unreachable`; so is an address that the endpoint may not be at, however it is written or found, with the reason
 * `EADDRREFUSED`.
 */
export interface BotClient extends AsyncDisposable {
  call(call: BotCall): Promise<BotAnswer>
}
