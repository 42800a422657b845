/**
 * Everything worth noting that happens inside, as one union. The log and the figures are its listeners; nothing
 * here carries what people wrote, a secret or a token.
 */
import type { BotId, ConversationId } from '../protocol/ids.ts'

/** One thing that happened. */
export type Event =
  | { readonly event: 'conversationStarted'; readonly conversation: ConversationId; readonly bot: BotId }
  | { readonly event: 'conversationsForgotten'; readonly count: number }
  /** The bot did not accept a turn. `status` is absent when it gave none. */
  | {
      readonly event: 'turnFailed'
      readonly conversation: ConversationId
      readonly bot: BotId
      readonly reason: string
      readonly status: number | undefined
    }
  /** A socket was closed by us. */
  | { readonly event: 'socketClosed'; readonly conversation: ConversationId; readonly reason: string }
  /** Somebody has used the admin API for what must be traceable, or tried to. `subject` names what it was about. */
  | {
      readonly event: 'audit'
      readonly action: AuditedAction
      readonly subject: string
      readonly address: string | undefined
    }
  /** The service has too much to do, or no longer has. */
  | {
      readonly event: 'overload'
      readonly state: 'began' | 'ended'
      readonly loopLateMs: number
      /** Of what the process may have: 1 is all of it. */
      readonly memoryShare: number
      readonly commitWaitMs: number
      /** How many were refused while it lasted. */
      readonly turnedAway: number
    }
  /** News no longer comes from other processes, or goes to them: whoever listens here asks the store; and does again. */
  | { readonly event: 'busLost'; readonly reason: unknown }
  | { readonly event: 'busBack' }
  /** Told at start: the store is set such that it may lose what was acknowledged. `why`: a sentence for each reason. */
  | { readonly event: 'storeAtRisk'; readonly why: string }
  /** Something that should not happen did, and nobody was waiting for an answer. */
  | { readonly event: 'fault'; readonly during: string; readonly error: unknown }

/** What is audited. */
export type AuditedAction =
  | 'wrongKey'
  | 'secretRevealed'
  | 'secretRegenerated'
  | 'secretRevoked'
  | 'tokenIssued'
  | 'tokenRevoked'
  | 'siteRevoked'
  | 'siteSwitched'
  | 'siteAdded'
  | 'siteChanged'
  | 'siteRemoved'
  | 'botAdded'
  | 'botChanged'
  | 'botRemoved'
  | 'loggedIn'
  | 'loggedOut'
  | 'activitySent'
  | 'conversationRevoked'
  | 'conversationDeleted'
  | 'keysRotated'

/** Hears of every event. Must not throw. */
export type Events = (event: Event) => void
