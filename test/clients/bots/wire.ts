/**
 * Activities as the tests and their bots read them: loosely, because it is the service and the SDKs that are on
 * trial here, not these types.
 */

/** Who sends, receives or joins. */
export type Account = { readonly id: string; readonly name?: string; readonly role?: string }

/** What an activity says of a file or a card. */
export type SomeAttachment = {
  readonly name?: string
  readonly contentType?: string
  readonly contentUrl?: string
  readonly content?: unknown
}

/** An activity of any type. */
export type SomeActivity = {
  readonly type: string
  readonly id?: string
  readonly timestamp?: string
  readonly from?: Account
  readonly recipient?: Account
  readonly conversation?: { readonly id: string }
  readonly text?: string
  readonly name?: string
  readonly value?: unknown
  readonly code?: string
  readonly replyToId?: string
  readonly serviceUrl?: string
  readonly membersAdded?: readonly Account[]
  readonly attachments?: readonly SomeAttachment[]
  readonly suggestedActions?: { readonly actions: readonly { readonly title?: string; readonly value?: unknown }[] }
  readonly entities?: readonly Readonly<Record<string, unknown>>[]
  readonly channelData?: Readonly<Record<string, unknown>>
  readonly [name: string]: unknown
}

/** A file as it lies on somebody's disk. */
export type File = { readonly name: string; readonly type: string; readonly bytes: Uint8Array }
