/**
 * A group of appends and settled entries, of many conversations, as one statement.
 */
import type { LogLimits } from '../../domain/ports.ts'
import { placed } from '../../protocol/activity.ts'
import { activityIdAt, position } from '../../protocol/watermark.ts'
import { type AppendChange, type SettleChange, seenLagMs, type Written } from './changes.ts'
import type { Connections, Statement } from './connections.ts'
import { turnMs } from './holding.ts'
import { bound } from './text.ts'

/** As the function in the database counts them. */
const outcomes = ['unknown', 'full', 'missing', 'appended', 'repeated'] as const

/** As it counts the states of a turn. */
const turns = ['open', 'underWay', 'accepted'] as const

type Row = readonly [
  outcome: number,
  at: number,
  target: number,
  timestampMs: number,
  turn: number,
  send: string | null,
]

/**
 * Makes a group of changes in one transaction, those of one conversation in their order: first entries that were settled,
 * then appends, no two with the same key, and a replace alone. Answers each append, and undefined for what was settled.
 */
export async function makeGroup(
  database: Connections,
  group: readonly (AppendChange | SettleChange)[],
  limits: LogLimits,
): Promise<readonly (Written | undefined)[]> {
  const settled = group.filter(change => change.kind === 'settle')
  const appends = inKeyOrder(group.filter(change => change.kind === 'append'))
  const requests = appends.map(({ request }) => request)
  const rows = await database.query<Row>(append, [
    requests.map(({ conversation }) => conversation),
    requests.map(({ bot }) => bot),
    requests.map(({ activity }) => bound(activity.rest)),
    requests.map(lengthOf),
    requests.map(({ activity }) => bound(activity.audience)),
    requests.map(({ atMs }) => atMs),
    appends.map(({ request, send }) => bound(request.key) ?? send),
    appends.map(({ request, send }) => (request.key === undefined ? null : send)),
    appends.map(({ target }) => target?.position ?? null),
    appends.map(({ target }) => target?.erase ?? null),
    appends.map(({ request }) => request.takesTurn === true),
    settled.map(({ conversation }) => conversation),
    settled.map(({ position }) => position),
    limits.entriesMax,
    limits.charactersMax,
    seenLagMs,
    turnMs,
  ])
  const written = new Map(appends.map((change, at) => [change, writtenOf(rows[at], change.send)]))
  return group.map(change => (change.kind === 'append' ? written.get(change) : undefined))
}

/** By conversation, and each one's as they were: sorting keeps what is equal in its order. */
const inKeyOrder = (appends: readonly AppendChange[]): readonly AppendChange[] =>
  appends.toSorted(({ request: { conversation: a } }, { request: { conversation: b } }) => (a < b ? -1 : a > b ? 1 : 0))

/** How long the activity will be in its place, as far as the limit goes: positions and times are taken to be usual ones. */
const lengthOf = ({ conversation, activity }: AppendChange['request']): number =>
  placed('', activityIdAt(conversation, position(1)), 0).length + activity.rest.length

/** What is there already under the name of this very send was written by it, and the answer was lost. */
function writtenOf(row: Row | undefined, send: string): Written {
  const [code, at, target, timestampMs, turnCode, first] = row ?? [-1, 0, 0, 0, 0, null]
  const outcome = outcomes[code]
  const turn = turns[turnCode] ?? 'open'
  switch (outcome) {
    case 'appended':
      return { outcome, position: at, target, timestampMs, turn }
    case 'repeated':
      // Unless somebody else has gone on with it meanwhile.
      return {
        outcome: first === send && turn === 'open' ? 'appended' : outcome,
        position: at,
        target,
        timestampMs,
        turn,
      }
    case 'unknown':
    case 'full':
    case 'missing':
      return { outcome }
    case undefined:
      throw new Error('The database has answered an append with what no append is answered with.')
    default:
      return outcome satisfies never
  }
}

const append: Statement = {
  name: 'landline append',
  text: 'SELECT * FROM landline.append_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)',
}
