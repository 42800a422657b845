/**
 * Every way to refuse a request: one table, and the one error that carries a row of it to the caller. Each
 * surface's `errors.ts` gives the answer its shape. Names are a promise and are never reused.
 */

type Failure = {
  /** HTTP status. */
  readonly status: number
  /** `error.code` of Direct Line 3.0. */
  readonly code: string
  /** `error.code` of the Bot Connector, where it differs. */
  readonly connectorCode?: string
  /** `error.code` of Direct Line 1.1 and of v1 bots: one of a closed list, which generated clients know as an enumeration. */
  readonly oldCode: OldCode
}

type OldCode =
  | 'MissingProperty'
  | 'MalformedData'
  | 'NotFound'
  | 'ServiceError'
  | 'Internal'
  | 'InvalidRange'
  | 'NotSupported'
  | 'NotAllowed'

/** Name of the failure → how it is answered (Direct Line 3.0: error table of the API; Connector: ErrorResponse). */
export const failures = {
  /** A body that is not JSON where a JSON object is optional, or not an object, or a field of the wrong type. */
  MalformedBody: { status: 400, code: 'BadArgument', oldCode: 'MalformedData' },
  /** An activity body that is missing or can't be read. */
  UnreadableActivity: { status: 400, code: 'MissingProperty', connectorCode: 'BadSyntax', oldCode: 'MalformedData' },
  /** Something that must be given is not. */
  MissingProperty: { status: 400, code: 'MissingProperty', oldCode: 'MissingProperty' },
  /** Something given that can't be used: a reserved id, a type that is not for clients, a limit passed. */
  Unacceptable: { status: 400, code: 'BadArgument', oldCode: 'MalformedData' },
  /** The conversation's log has reached its limit. */
  ConversationFull: { status: 400, code: 'ConversationFull', oldCode: 'InvalidRange' },
  /** A file, or an activity with attachments, for a site that takes none. Not 403: DirectLineJS takes that for an expired token. */
  UploadsOff: { status: 400, code: 'UploadsOff', oldCode: 'NotSupported' },
  /** No credential, or none that can be read. */
  Unauthenticated: { status: 401, code: 'BadArgument', connectorCode: 'Unauthorized', oldCode: 'MissingProperty' },
  /** The admin API asked without its key, or with a wrong one. */
  AdminKeyNeeded: { status: 401, code: 'AdminKeyNeeded', oldCode: 'NotAllowed' },
  /** A genuine token past its end. DirectLineJS understands only 403 here. */
  TokenExpired: { status: 403, code: 'TokenExpired', oldCode: 'NotAllowed' },
  /** A credential that is wrong, foreign, or of a kind that may not do this. */
  Forbidden: { status: 403, code: 'BadArgument', connectorCode: 'Forbidden', oldCode: 'NotAllowed' },
  /** A token, or a stream URL, that has been revoked. */
  Revoked: { status: 403, code: 'BadArgument', oldCode: 'NotAllowed' },
  /** The site, or this API for it, is switched off. */
  SwitchedOff: { status: 403, code: 'BadArgument', oldCode: 'NotAllowed' },
  /** The admin API asked with a cookie by a page of another origin, or by what does not say where it comes from. */
  ForeignOrigin: { status: 403, code: 'ForeignOrigin', oldCode: 'NotAllowed' },
  /** A secret that the admin API may not show. */
  SecretNotRevealable: { status: 403, code: 'SecretNotRevealable', oldCode: 'NotAllowed' },
  /** Refresh asked for with something that can't be refreshed. */
  NotRefreshable: { status: 403, code: 'ServiceError', oldCode: 'NotAllowed' },
  /** `getsessionid` where no trusted origins are set. */
  NoTrustedOrigins: { status: 403, code: 'ServiceError', oldCode: 'NotAllowed' },
  /** A conversation that does not exist, has not been started, or has been forgotten. */
  UnknownConversation: { status: 404, code: 'BadArgument', connectorCode: 'ConversationNotFound', oldCode: 'NotFound' },
  /** A bot that the admin API is asked for and the service does not have. */
  UnknownBot: { status: 404, code: 'UnknownBot', oldCode: 'NotFound' },
  /** A site that the admin API is asked for and the service does not have, or a name that several have. */
  UnknownSite: { status: 404, code: 'UnknownSite', oldCode: 'NotFound' },
  /** An activity the bot names that this conversation does not have. */
  UnknownActivity: {
    status: 404,
    code: 'BadArgument',
    connectorCode: 'ActivityNotFoundInConversation',
    oldCode: 'NotFound',
  },
  /** A turn that the admin API is asked for and nobody remembers. */
  UnknownTurn: { status: 404, code: 'UnknownTurn', oldCode: 'NotFound' },
  /** A member the bot names that this conversation does not have. */
  UnknownMember: {
    status: 404,
    code: 'BadArgument',
    connectorCode: 'MemberNotFoundInConversation',
    oldCode: 'NotFound',
  },
  /** A file that does not exist or has expired. */
  UnknownFile: { status: 404, code: 'BadArgument', oldCode: 'NotFound' },
  /** No such path. */
  UnknownPath: { status: 404, code: 'BadArgument', oldCode: 'NotFound' },
  /** A known path, a method it does not have. */
  WrongMethod: { status: 405, code: 'BadArgument', oldCode: 'NotSupported' },
  /** An operation of the Connector that this channel does not offer. */
  NotOffered: { status: 405, code: 'BadArgument', oldCode: 'NotSupported' },
  /** The body took too long to arrive. */
  TooSlow: { status: 408, code: 'BadArgument', oldCode: 'MalformedData' },
  /** A bot or site of that id is there already. */
  IdTaken: { status: 409, code: 'IdTaken', oldCode: 'NotAllowed' },
  /** A bot that stands in the settings: it is changed there. */
  OwnedBySettings: { status: 409, code: 'OwnedBySettings', oldCode: 'NotAllowed' },
  /** Data has changed since it was read (eTag). */
  Stale: { status: 412, code: 'BadArgument', oldCode: 'NotAllowed' },
  /** A body over its limit. */
  TooLarge: { status: 413, code: 'MessageSizeTooBig', oldCode: 'InvalidRange' },
  /** An upload over its limit. Unlike after others, the rest of it is let pass, and the connection goes on. */
  UploadTooLarge: { status: 413, code: 'MessageSizeTooBig', oldCode: 'InvalidRange' },
  /** An address longer than may be. */
  TargetTooLong: { status: 414, code: 'BadArgument', oldCode: 'InvalidRange' },
  /** A compressed body: none is accepted. */
  Compressed: { status: 415, code: 'BadArgument', oldCode: 'MalformedData' },
  /** The admin API called by a name that is not this service's: it may be a page elsewhere that has given its own name our address. */
  Misdirected: { status: 421, code: 'Misdirected', oldCode: 'NotFound' },
  /** More often than may be, or more at once. Comes with Retry-After. */
  TooManyRequests: { status: 429, code: 'TooManyRequests', oldCode: 'ServiceError' },
  /** Headers larger than may be. */
  HeadersTooLarge: { status: 431, code: 'BadArgument', oldCode: 'InvalidRange' },
  /** Our own fault. */
  Internal: { status: 500, code: 'ServiceError', oldCode: 'Internal' },
  /** The token service that bots sign users in with: this service has none. Not 404: botbuilder takes its body for a token. */
  NoTokenService: { status: 501, code: 'NotImplemented', oldCode: 'NotSupported' },
  /** The bot could not be reached, answered badly or was late. */
  BotFailed: { status: 502, code: 'BotError', oldCode: 'ServiceError' },
  /** Stopping, too much to do, or the store can't serve now. Comes with Retry-After. */
  Unavailable: { status: 503, code: 'ServiceError', oldCode: 'ServiceError' },
} as const satisfies Record<string, Failure>

/** A row of the table. */
export type FailureName = keyof typeof failures

/** What ends a request: the caller is answered by the row it names. The message is for people and may improve. */
export class ProtocolError extends Error {
  readonly failure: FailureName
  /** On `BotFailed`: the status the bot answered with, or 504 if it gave none. */
  readonly botStatus: number | undefined
  /** On `BotFailed`: whether the bot gave an answer at all. */
  readonly botAnswered: boolean
  /** On `TooManyRequests` and `Unavailable`: when to come back, in whole seconds. */
  readonly retryAfterSeconds: number

  constructor(
    failure: FailureName,
    message: string,
    options: { botStatus?: number; botAnswered?: boolean; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ProtocolError'
    this.failure = failure
    this.botStatus = options.botStatus
    this.botAnswered = options.botAnswered ?? false
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1
  }
}
