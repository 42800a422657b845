/**
 * The inspection in a world that is set by hand: a clock that goes when it is told to, and a store that takes its time.
 */
import type { Delivered } from '../../src/domain/delivery.ts'
import type { Event } from '../../src/domain/events.ts'
import { Inspection, type InspectionLimits } from '../../src/domain/inspection.ts'
import type { Bot } from '../../src/domain/sites.ts'
import type { TurnMarks } from '../../src/domain/turn-marks.ts'
import type { KeptTurn } from '../../src/domain/turn-port.ts'
import { botId, type ConversationId, newConversationId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'

/** A bot. */
export const bot: Bot = {
  id: botId('orders'),
  name: 'Orders',
  endpoint: 'http://localhost:3978/api/messages',
  schema: 'v3',
  app: undefined,
  authority: 'none',
  tenant: 'landline',
  allowLinkLocal: false,
  allowSelfSigned: false,
  serviceUrl: undefined,
  timeoutMs: 15_000,
  echo: 'before',
  expectReplies: false,
  passDeliveryMode: false,
  updates: true,
  owner: 'settings',
  where: undefined,
}

const accepted: Delivered = { outcome: 'accepted', answer: '' }
const failed = { outcome: 'failed', answered: true, status: 500, message: 'It has failed.' } as const

const limits: InspectionLimits = { bodies: 'full', maxBody: 1024, turns: 100, hours: 24, redact: [] }

/** An inspection, in a world of which every part is at hand: what bots there are can be changed. */
export function inspected(more: Partial<InspectionLimits> = {}, isShared = false) {
  const bots = [bot]
  const events: Event[] = []
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  const puts: { readonly turns: readonly KeptTurn[]; readonly done: () => void }[] = []
  let nowMs = 1_000_000
  const inspection = new Inspection(
    {
      store: {
        putTurns: turns => new Promise(resolve => puts.push({ turns, done: resolve })),
        turn: async () => undefined,
        turnsAbout: async () => [],
        eraseExchanges: async () => undefined,
        forgetTurns: async () => 0,
      },
      clock: {
        nowMs: () => nowMs,
        monotonicMs: () => nowMs,
        after: (ms, callback) => {
          const timer = { atMs: nowMs + ms, callback }
          timers.add(timer)
          return () => timers.delete(timer)
        },
      },
      random: { text: characters => 'r'.repeat(characters) },
      events: event => events.push(event),
      sites: { bots },
      isShared,
      sockets: () => 7,
      node: 'node',
      development: true,
    },
    { ...limits, ...more },
  )
  const go = (ms: number) => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 50) {
      for (const timer of timers) if (timer.atMs <= nowMs && timers.delete(timer)) timer.callback()
    }
  }
  return { inspection, bots, events, timers, puts, go, now: () => nowMs }
}

type World = ReturnType<typeof inspected>

/** A conversation's id, made of a word. */
export const conversation = (word: string): ConversationId => newConversationId(word.padEnd(22, '0'))

/** What every call is sent with. */
export const headers = { 'content-type': 'application/json' }

/** A message goes to the bot, which takes 200 ms for it. */
export function takeTurn(
  { inspection, go, now }: World,
  { word = 'a', at = 1, type = 'message', status = 200, body = '' } = {},
): TurnMarks {
  const marks = inspection.begin(conversation(word), bot, now()) as TurnMarks
  marks.appending()
  marks.stored(position(at))
  marks.goesTo(type, bot.timeoutMs)
  marks.calling(headers, false, '{"type":"message"}')
  marks.connected(undefined)
  marks.sent()
  go(200)
  const isWanted = marks.answering(status, { 'content-type': 'text/plain' })
  marks.answerRead(body.length, isWanted ? body : '')
  marks.came({ outcome: 'answered', status, body: '' })
  marks.settled(status < 300 ? accepted : { ...failed, status })
  return marks
}

/** A turn in no time. */
export function takeQuickly({ inspection, now }: World, fails: boolean): void {
  const marks = inspection.begin(conversation('a'), bot, now())
  marks?.goesTo('message', bot.timeoutMs)
  marks?.came({ outcome: 'answered', status: fails ? 500 : 200, body: '' })
  marks?.settled(fails ? failed : accepted)
}
