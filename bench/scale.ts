/**
 * How much of everything is measured: in full, and in a hurry.
 */

/** Sizes of one run. */
export type Scale = {
  /** Rounds of whatever is interleaved. */
  readonly rounds: number
  readonly warmMs: number
  /** One round of the closed loop: milliseconds. */
  readonly loopMs: number
  /** One round of sends, and of polls: milliseconds. */
  readonly sendMs: number
  readonly pollMs: number
  /** Conversations at once in the closed loop, and in the row of sends. */
  readonly conversations: readonly number[]
  readonly senders: readonly number[]
  readonly pollers: number
  /** Sockets that come back at once, and what each finds in its log. */
  readonly stormSockets: number
  readonly stormActivities: number
  readonly idleSockets: number
  /** Activities in the store at which it is measured, in rising order; the first is what the others are held against. */
  readonly storeSizes: readonly [number, ...number[]]
  /** In one round of the store: appends, replays of live conversations, and replays of others. */
  readonly appends: number
  readonly replays: number
  readonly coldReplays: number
  /** Activities in the store of the service whose start is timed: one of `storeSizes`. */
  readonly startSize: number
  readonly starts: number
  /** Activities in the one long conversation: the limit of a log is 100,000. */
  readonly longLog: number
  /** How many nodes over one PostgreSQL. */
  readonly nodes: readonly number[]
}

/** What `npm run bench` measures: about seventeen minutes. */
export const fullScale: Scale = {
  rounds: 5,
  warmMs: 2_000,
  loopMs: 2_000,
  sendMs: 1_500,
  pollMs: 1_500,
  conversations: [1, 16, 64, 256],
  senders: [16, 64],
  pollers: 64,
  stormSockets: 2_000,
  stormActivities: 50,
  idleSockets: 10_000,
  storeSizes: [10_000, 1_000_000, 10_000_000],
  appends: 20_000,
  replays: 400,
  coldReplays: 100,
  startSize: 1_000_000,
  starts: 5,
  longLog: 100_000,
  nodes: [1, 2, 3],
}

/** Whether everything works: two minutes. The figures mean little. */
export const quickScale: Scale = {
  rounds: 5,
  warmMs: 300,
  loopMs: 300,
  sendMs: 200,
  pollMs: 200,
  conversations: [1, 16, 64, 256],
  senders: [16],
  pollers: 16,
  stormSockets: 200,
  stormActivities: 50,
  idleSockets: 1_000,
  storeSizes: [10_000, 50_000, 100_000],
  appends: 2_000,
  replays: 50,
  coldReplays: 20,
  startSize: 50_000,
  starts: 3,
  longLog: 5_000,
  nodes: [1, 2, 3],
}
