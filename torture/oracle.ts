/**
 * Judges a history: what was lost, doubled, out of order, never sent by anybody, or seen where it does not belong.
 * Pure, so that it can be tested itself: a checker that has never caught anything proves nothing.
 */
import type { ConversationHistory, Logged, Sighting } from './history.ts'

/** What the oracle found, each finding a sentence. A clean run has none. */
export type Verdict = {
  /** Acknowledged and not in the log, not at a window that applied all sets, or never posted to the bot. */
  readonly lost: readonly string[]
  /** Twice in the log, twice at a window, or one message under two ids. */
  readonly doubled: readonly string[]
  /** A window's order that is not the log's, an answer before its question, a sender's later before its earlier. */
  readonly outOfOrder: readonly string[]
  /** In the log, at a window or at the bot, though nobody sent it. */
  readonly ghosts: readonly string[]
  /** Of one conversation and seen in another. */
  readonly crossedOver: readonly string[]
}

/** The kinds of findings, in the order they are told. */
export const findings = ['lost', 'doubled', 'outOfOrder', 'ghosts', 'crossedOver'] as const

type Findings = { readonly [Kind in (typeof findings)[number]]: string[] }

/** Judges all conversations of a run. */
export function judge(histories: readonly ConversationHistory[]): Verdict {
  const found: Findings = { lost: [], doubled: [], outOfOrder: [], ghosts: [], crossedOver: [] }
  for (const history of histories) {
    judgeLog(history, found)
    judgeSent(history, found)
    for (const { name, seen } of history.views) judgeView(history, name, seen, found)
    judgePosted(history, found)
  }
  return found
}

/** Whether nothing was found. */
export const isClean = (verdict: Verdict): boolean => findings.every(kind => verdict[kind].length === 0)

/** Whether something belongs elsewhere, by its id or by its mark. */
function isForeign({ id, tag }: ConversationHistory, one: Sighting): boolean {
  if (!one.id.startsWith(`${id}|`)) return true
  if (one.mark === undefined) return false
  return one.mark.includes('#') ? !one.mark.startsWith(`${id}|`) : !one.mark.startsWith(`${tag}/`)
}

function judgeLog(history: ConversationHistory, found: Findings): void {
  const { id, log, sent } = history
  const known = new Set(sent.map(({ mark }) => mark))
  for (const one of log) {
    if (isForeign(history, one)) found.crossedOver.push(`${id}: the log holds ${told(one)}`)
    else if (one.mark === undefined || !known.has(one.mark))
      found.ghosts.push(`${id}: the log holds ${told(one)}, which nobody sent`)
  }
  for (const repeated of repeats(log.map(one => one.id))) found.doubled.push(`${id}: the log holds ${repeated} twice`)
  for (const repeated of repeats(log.flatMap(({ mark }) => mark ?? [])))
    found.doubled.push(`${id}: the log holds what was sent as ${repeated} twice`)
  for (const [at, one] of log.entries()) {
    const before = log[at - 1]
    if (before !== undefined && !(before.timestamp < one.timestamp))
      found.outOfOrder.push(
        `${id}: ${one.id} is of ${one.timestamp}, and ${before.id} before it of ${before.timestamp}`,
      )
  }
  judgeAnswers(history, found)
}

function judgeAnswers({ id, log }: ConversationHistory, found: Findings): void {
  const places = placesOf(log)
  for (const [at, one] of log.entries()) {
    if (one.replyToId === undefined) continue
    const question = places.get(one.replyToId)
    if (question === undefined || question > at)
      found.outOfOrder.push(`${id}: ${one.id} stands before ${one.replyToId}, which it answers`)
  }
}

function judgeSent({ id, log, sent, posted }: ConversationHistory, found: Findings): void {
  const places = placesOf(log)
  const marks = new Map(log.map(one => [one.id, one.mark]))
  const atBot = new Set(posted.map(one => one.id))
  const lastOf = new Map<string, { place: number; mark: string }>()
  for (const { mark, sender, acknowledged, answers } of sent) {
    if (acknowledged.size > 1) found.doubled.push(`${id}: ${mark} was given the ids ${[...acknowledged].join(', ')}`)
    for (const given of acknowledged) {
      const place = places.get(given)
      if (place === undefined || marks.get(given) !== mark) {
        found.lost.push(`${id}: ${mark} was acknowledged as ${given} and is not in the log`)
        continue
      }
      const last = lastOf.get(sender)
      if (last !== undefined && last.place > place)
        found.outOfOrder.push(`${id}: ${mark} was sent after ${last.mark} was acknowledged and stands before it`)
      lastOf.set(sender, { place, mark })
      if (answers === undefined && !atBot.has(given))
        found.lost.push(`${id}: ${mark} was acknowledged as ${given} and never posted to the bot`)
    }
  }
}

function judgeView(history: ConversationHistory, name: string, seen: readonly Sighting[], found: Findings): void {
  const { id, log } = history
  const places = placesOf(log)
  let highest = -1
  for (const one of seen) {
    if (isForeign(history, one)) {
      found.crossedOver.push(`${id}: ${name} was shown ${told(one)}`)
      continue
    }
    const place = places.get(one.id)
    if (place === undefined) found.ghosts.push(`${id}: ${name} was shown ${told(one)}, which is not in the log`)
    else if (place < highest)
      found.outOfOrder.push(`${id}: ${name} was shown ${one.id} after what follows it in the log`)
    else highest = place
  }
  for (const repeated of repeats(seen.map(one => one.id)))
    found.doubled.push(`${id}: ${name} was shown ${repeated} twice`)
  const shown = new Set(seen.map(one => one.id))
  for (const one of log) if (!shown.has(one.id)) found.lost.push(`${id}: ${name} was never shown ${told(one)}`)
}

function judgePosted(history: ConversationHistory, found: Findings): void {
  const { id, log, posted } = history
  const places = placesOf(log)
  for (const one of posted) {
    if (isForeign(history, one)) found.crossedOver.push(`${id}: the bot was posted ${told(one)}`)
    else if (!places.has(one.id)) found.ghosts.push(`${id}: the bot was posted ${told(one)}, which is not in the log`)
  }
}

const placesOf = (log: readonly Logged[]): ReadonlyMap<string, number> => new Map(log.map((one, at) => [one.id, at]))

const told = ({ id, mark }: Sighting): string => (mark === undefined ? id : `${id} (${mark})`)

/** What stands in a list more than once. */
function repeats(list: readonly string[]): ReadonlySet<string> {
  const known = new Set<string>()
  const twice = new Set<string>()
  for (const one of list) {
    if (known.has(one)) twice.add(one)
    known.add(one)
  }
  return twice
}
