/**
 * Every number the protocol fixes or that keeps a request bounded, with its unit in its name.
 */

/** An activity, in characters of JSON. The hosted service's documents say 256 K. */
export const activityCharactersMax = 256 * 1024

/** An activity on the wire, in bytes: a character takes up to three, and escapes take more. */
export const activityBytesMax = 1024 * 1024

/** Any other JSON body, in bytes. */
export const jsonBytesMax = 64 * 1024

/** Nesting of arrays and objects in JSON. Deeper text could exhaust the stack when it is written again. */
export const jsonDepthMax = 100

/** Values, of all kinds, in one JSON text. */
export const jsonValuesMax = 50_000

/** `from.id`, `clientActivityID`, names of people: characters. */
export const idCharactersMax = 256

/** `type` and `locale`: characters. */
export const wordCharactersMax = 64

/** `user.id` in a token: characters. */
export const tokenUserCharactersMax = 64

/** Trusted origins in a token. */
export const tokenOriginsMax = 20

/** One trusted origin: characters. */
export const originCharactersMax = 255

/** A token as presented: characters. */
export const tokenCharactersMax = 4096

/** Attachments in one activity. */
export const attachmentsMax = 50

/**
 * An activity of a client with files in it as `data:` URLs that is passed on as it is: characters. The server of the
 * Agents SDK takes 100 KiB, and a character may take three bytes.
 */
export const inlineCharactersMax = 32 * 1024

/** An upload request, in bytes. */
export const uploadBytesMax = 4 * 1024 * 1024

/** Parts in an upload. */
export const uploadPartsMax = 32

/** The headers of one part of an upload, in bytes. */
export const partHeaderBytesMax = 8 * 1024

/** A stored file's name, in bytes of UTF-8; longer names are shortened. */
export const fileNameBytesMax = 255

/** A bot's attachment, or an activity with pictures in it, in bytes of JSON: base64 makes 4 MiB into 5.4. */
export const connectorBytesMax = 6 * 1024 * 1024

/** A page of activities, or a frame of replay: entries. */
export const pageEntriesMax = 500

/** A page of activities: characters, at least one entry whatever its size. */
export const pageCharactersMax = 1024 * 1024

/** A frame on a socket: characters, at least one entry. Small, because a slow reader keeps one in memory. */
export const frameCharactersMax = 64 * 1024

/** Bytes a socket may hold unsent before its listener waits. */
export const unsentBytesMax = 64 * 1024

/** A frame from a client on `/stream`: bytes. */
export const clientFrameBytesMax = 64 * 1024

/** A frame from a client on `/stream/multimodal`, where frames are activities: bytes. */
export const multimodalFrameBytesMax = 256 * 1024

/** A stream URL can be opened for this long: seconds. */
export const streamTicketSeconds = 60

/** What a clock may be off by before an unexpired token is refused: seconds. */
export const clockSkewSeconds = 60

/** From the request's last byte to our answer: milliseconds. DirectLineJS gives up at 20 s. */
export const sendDeadlineMs = 18_000

/** How long an activity waits for its sender's join to reach the bot: milliseconds. */
export const joinWaitMs = 5_000

/** Least time a turn is given, however long the join before it took: milliseconds. */
export const turnLeastMs = 13_000

/** A bot's answer, in bytes: read no further, it holds nothing we use. */
export const botAnswerBytesMax = 64 * 1024

/** A bot's answer that holds replies or the result of an invoke: bytes. */
export const botRepliesBytesMax = 1024 * 1024

/** How long an uploaded file is kept: seconds. */
export const fileLifetimeSeconds = 24 * 60 * 60

/** A conversation without any activity is kept for this long by default: seconds. */
export const conversationLifetimeSeconds = 14 * 24 * 60 * 60

/** A token's life by default: seconds. Shorter ones break DirectLineJS, which refreshes every 15 minutes. */
export const tokenLifetimeSeconds = 1800

/** Data a bot of an old schema keeps about one user or conversation: characters of JSON. */
export const bagCharactersMax = 64 * 1024

/** The same in the state API of v3 bots, whose documents say 32 KiB. */
export const stateCharactersMax = 32 * 1024

/** How often something may be done: so many at once, and so many a second in the long run. */
export type Rate = { readonly perSecond: number; readonly burst: number }

/** Limits an operator may set. Those above are the protocol's, or what keeps a single request bounded. */
export type Limits = {
  readonly rates: {
    /** Activities and uploads sent with one token, and activities sent on one socket. */
    readonly sendsPerToken: Rate
    /** Activities and uploads sent into one conversation, by whomever. */
    readonly sendsPerConversation: Rate
    /** Ways back into a conversation asked for with one token, by reconnecting or by starting again. */
    readonly reconnectsPerToken: Rate
    /** Tokens generated and conversations started with one secret. */
    readonly opensPerSecret: Rate
    /** Polls with one token. Beyond it they are delayed, never refused: DirectLineJS stops polling for good at any error. */
    readonly pollsPerToken: Rate
    /** Credentials that were wrong, from one address. A right one always passes. */
    readonly wrongCredentialsPerAddress: Rate
    readonly connectorCallsPerBot: Rate
    /** Frames from one socket, pings among them. Beyond it the socket is closed. */
    readonly framesPerSocket: Rate
  }
  /** Sockets of one conversation. Beyond it the oldest is closed. */
  readonly socketsPerConversation: number
  /** Sockets of the whole process. Beyond it further ones are refused. */
  readonly socketsPerNode: number
  /** Sockets from one address. High, because thousands of people may stand behind one. */
  readonly socketsPerAddress: number
  /** How often a socket is pinged, and how long it may be silent before it is taken for dead: milliseconds. */
  readonly pingMs: number
  readonly silenceMs: number
  /** How long a socket may hold unsent bytes without taking any: milliseconds. */
  readonly noProgressMs: number
  /** Turns of one conversation in flight; further ones wait. */
  readonly turnsPerConversation: number
  /** Turns of one bot in flight; further ones wait. */
  readonly turnsPerBot: number
  /** Activities in one conversation's log. */
  readonly logEntries: number
  /** One conversation's log: characters of stored text. */
  readonly logCharacters: number
  /** Files kept for one conversation: bytes. */
  readonly fileBytesPerConversation: number
  /** What is left free on the disk of the files, so that the log can go on: uploads are refused at whichever is less. */
  readonly diskReserve: {
    readonly bytes: number
    /** Of the whole disk: 1 is all of it. */
    readonly share: number
  }
  /** Beyond one of these for a second, those who would bring more work are turned away. */
  readonly overload: {
    /** What arrives waits so long for its turn of the event loop, one in a hundred: milliseconds. */
    readonly loopLateMs: number
    /** Memory in use, of the heap's limit or the container's: 1 is all of it. */
    readonly memoryShare: number
    /** A change has waited so long for its commit: milliseconds. */
    readonly commitWaitMs: number
  }
  /** Until the headers of a request are complete: milliseconds. */
  readonly headersMs: number
  /** Until its body is complete: milliseconds. */
  readonly bodyMs: number
  /** Until the body of an upload is complete, if it comes at the speed it must: milliseconds. */
  readonly uploadMs: number
  /** The least speed of an upload that takes longer than `bodyMs`. */
  readonly uploadBytesPerSecond: number
  /** How long a connection is kept between two requests: milliseconds. */
  readonly idleMs: number
}

/** Every limit at its default. */
export const defaultLimits: Limits = {
  rates: {
    sendsPerToken: { perSecond: 20, burst: 60 },
    sendsPerConversation: { perSecond: 50, burst: 200 },
    reconnectsPerToken: { perSecond: 2, burst: 20 },
    opensPerSecret: { perSecond: 200, burst: 1_000 },
    pollsPerToken: { perSecond: 10, burst: 10 },
    wrongCredentialsPerAddress: { perSecond: 10, burst: 50 },
    connectorCallsPerBot: { perSecond: 500, burst: 2_000 },
    framesPerSocket: { perSecond: 50, burst: 200 },
  },
  socketsPerConversation: 16,
  socketsPerNode: 50_000,
  socketsPerAddress: 20_000,
  pingMs: 30_000,
  silenceMs: 75_000,
  noProgressMs: 60_000,
  turnsPerConversation: 8,
  turnsPerBot: 512,
  logEntries: 100_000,
  logCharacters: 256 * 1024 * 1024,
  fileBytesPerConversation: 256 * 1024 * 1024,
  diskReserve: { bytes: 64 * 1024 * 1024, share: 0.02 },
  overload: { loopLateMs: 250, memoryShare: 0.85, commitWaitMs: 2_000 },
  headersMs: 10_000,
  bodyMs: 30_000,
  uploadMs: 120_000,
  uploadBytesPerSecond: 4 * 1024,
  idleMs: 65_000,
}
