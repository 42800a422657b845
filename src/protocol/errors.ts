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
}

/** Name of the failure → how it is answered (Direct Line 3.0: error table of the API; Connector: ErrorResponse). */
export const failures = {
  /** A body that is not JSON where a JSON object is optional, or not an object, or a field of the wrong type. */
  MalformedBody: { status: 400, code: 'BadArgument' },
  /** An activity body that is missing or can't be read. */
  UnreadableActivity: { status: 400, code: 'MissingProperty', connectorCode: 'BadSyntax' },
  /** Something that must be given is not. */
  MissingProperty: { status: 400, code: 'MissingProperty' },
  /** Something given that can't be used: a reserved id, a type that is not for clients, a limit passed. */
  Unacceptable: { status: 400, code: 'BadArgument' },
  /** The conversation's log has reached its limit. */
  ConversationFull: { status: 400, code: 'ConversationFull' },
  /** No credential, or none that can be read. */
  Unauthenticated: { status: 401, code: 'BadArgument', connectorCode: 'Unauthorized' },
  /** A genuine token past its end. DirectLineJS understands only 403 here. */
  TokenExpired: { status: 403, code: 'TokenExpired' },
  /** A credential that is wrong, foreign, or of a kind that may not do this. */
  Forbidden: { status: 403, code: 'BadArgument', connectorCode: 'Forbidden' },
  /** Refresh asked for with something that can't be refreshed. */
  NotRefreshable: { status: 403, code: 'ServiceError' },
  /** `getsessionid` where no trusted origins are set. */
  NoTrustedOrigins: { status: 403, code: 'ServiceError' },
  /** A conversation that does not exist, has not been started, or has been forgotten. */
  UnknownConversation: { status: 404, code: 'BadArgument', connectorCode: 'ConversationNotFound' },
  /** An activity the bot names that this conversation does not have. */
  UnknownActivity: { status: 404, code: 'BadArgument', connectorCode: 'ActivityNotFoundInConversation' },
  /** A member the bot names that this conversation does not have. */
  UnknownMember: { status: 404, code: 'BadArgument', connectorCode: 'MemberNotFoundInConversation' },
  /** A file that does not exist or has expired. */
  UnknownFile: { status: 404, code: 'BadArgument' },
  /** No such path. */
  UnknownPath: { status: 404, code: 'BadArgument' },
  /** A known path, a method it does not have. */
  WrongMethod: { status: 405, code: 'BadArgument' },
  /** An operation of the Connector that this channel does not offer. */
  NotOffered: { status: 405, code: 'BadArgument' },
  /** The body took too long to arrive. */
  TooSlow: { status: 408, code: 'BadArgument' },
  /** A body over its limit. */
  TooLarge: { status: 413, code: 'MessageSizeTooBig' },
  /** A compressed body: none is accepted. */
  Compressed: { status: 415, code: 'BadArgument' },
  /** Our own fault. */
  Internal: { status: 500, code: 'ServiceError' },
  /** The bot could not be reached, answered badly or was late. */
  BotFailed: { status: 502, code: 'BotError' },
  /** Stopping, or the store can't serve now. Comes with Retry-After. */
  Unavailable: { status: 503, code: 'ServiceError' },
} as const satisfies Record<string, Failure>

/** A row of the table. */
export type FailureName = keyof typeof failures

/** What ends a request: the caller is answered by the row it names. The message is for people and may improve. */
export class ProtocolError extends Error {
  readonly failure: FailureName
  /** On `BotFailed`: the status the bot answered with, or 504 if it gave none. */
  readonly botStatus: number | undefined

  constructor(failure: FailureName, message: string, options: { botStatus?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ProtocolError'
    this.failure = failure
    this.botStatus = options.botStatus
  }
}
