/**
 * A turn as people see it: spans made of its marks, and what went to the bot and came back.
 */
import type { Exchange, Span, TurnBody } from '../protocol/admin-conversations.ts'
import { type Redaction, redacted } from './redaction.ts'
import { unset } from './reply-marks.ts'
import type { TurnMarks } from './turn-marks.ts'

/** What a turn is called, and how its start is told. */
export type TurnName = { readonly id: string; readonly node: string; readonly startedMs: number }

/** The turn without its exchange. */
export function turnBody(marks: TurnMarks, { id, node, startedMs }: TurnName, nowUs: number): TurnBody {
  const spans = spansOf(marks)
  const end = spans.reduce((last, { start, ms }) => Math.max(last, tenths(start + ms)), 0)
  return {
    id,
    conversation: marks.conversation,
    bot: marks.bot.id,
    ...(marks.cause === 0 ? {} : { cause: marks.cause }),
    type: marks.type,
    again: marks.again,
    startedAt: new Date(startedMs).toISOString(),
    totalMs: marks.outcome === 'running' ? Math.max(end, inTenths(nowUs)) : end,
    outcome: marks.outcome,
    ...(marks.status === 0 ? {} : { status: marks.status }),
    ...(marks.problem === undefined ? {} : { problem: marks.problem }),
    spans,
    replies: marks.replies.map(({ position }) => position),
    node,
  }
}

/** What went to the bot and came back; undefined if it was never called. */
export function exchangeOf(marks: TurnMarks, redaction: Redaction): Exchange | undefined {
  const { requestHeaders } = marks
  if (requestHeaders === undefined) return undefined
  const sent = redaction.headers(requestHeaders)
  return {
    url: redaction.address(marks.bot.endpoint),
    requestHeaders: marks.isSigned ? [...sent, ['authorization', redacted]] : sent,
    requestBody: marks.requestBody,
    ...(marks.status === 0 ? {} : { status: marks.status }),
    responseHeaders: marks.responseHeaders,
    body: marks.responseBody,
    ...(marks.bodyUs === unset ? {} : { bytes: marks.bytes }),
    cut: marks.cut,
    error: marks.reason,
  }
}

/** In the order they began. What has not ended is left out, but for what the turn broke off in. */
function spansOf(marks: TurnMarks): readonly Span[] {
  const spans: Span[] = []
  const add = (name: string, fromUs: number, toUs: number, note?: string) => {
    if (fromUs === unset || toUs === unset || toUs < fromUs) return
    const start = inTenths(fromUs)
    spans.push({ name, start, ms: tenths(inTenths(toUs) - start), ...(note === undefined ? {} : { note }) })
  }
  const { receivedUs, settledUs, sentUs, statusUs, connectedUs } = marks
  add('receive', receivedUs === unset ? unset : 0, receivedUs)
  add('store', marks.appendUs, marks.storedUs)
  add('credential', marks.askedUs, marks.credentialUs)
  if (marks.made !== undefined) add('connect', marks.callUs, connectedUs, marks.made)
  else if (connectedUs === unset) add('connect', marks.callUs, settledUs, marks.reason)
  // A bot that never gave a status took until the turn was given up.
  add('bot', sentUs, statusUs === unset ? settledUs : statusUs, statusUs === unset ? marks.reason : undefined)
  add('body', statusUs, marks.bodyUs)
  for (const [at, reply] of marks.replies.entries()) {
    add(`reply ${at + 1}`, Math.max(reply.receivedUs, 0), reply.storedUs)
    add(`push ${at + 1}`, reply.storedUs, reply.pushedUs, socketsNote(reply.sockets))
  }
  add('answer', settledUs, marks.answeredUs)
  return spans.sort((a, b) => a.start - b.start)
}

const socketsNote = (sockets: number): string => (sockets === 1 ? '1 socket' : `${sockets} sockets`)

/** Microseconds as milliseconds with one decimal. */
const inTenths = (us: number): number => Math.round(us / 100) / 10

/** What adding tenths has made inexact. */
const tenths = (ms: number): number => Math.round(ms * 10) / 10
