/**
 * What has been said since those who look in were last told: gathered as news, and made into records only then.
 */
import type { LiveEvents } from '../protocol/admin-live.ts'
import type { BotId, ConversationId } from '../protocol/ids.ts'
import { position } from '../protocol/watermark.ts'
import type { Events } from './events.ts'
import { charactersMax, eventsMax, liveCharactersMax } from './live-feeds.ts'
import { lookEntryOf, recordOf } from './log-record.ts'
import type { Look, LookEntry } from './look-port.ts'
import type { ConversationStore, News } from './ports.ts'

/** An entry that has come, before anybody has asked for its JSON. */
export type Arrived = {
  readonly conversation: ConversationId
  readonly bot: BotId
  readonly entry: LookEntry
  /** Made once for all. */
  readonly event: () => LiveEvents['records']
}

/** Characters of what is gathered: beyond it the rest is counted. */
const newsCharactersMax = 4 * charactersMax

type ArrivalPorts = {
  readonly store: Pick<ConversationStore, 'find'>
  readonly look: Pick<Look, 'entries'>
  readonly events: Events
}

/** Gathers news. */
export class LiveArrivals {
  readonly #ports: ArrivalPorts
  #news: News[] = []
  #characters = 0
  #lost = 0

  constructor(ports: ArrivalPorts) {
    this.#ports = ports
  }

  /** Takes a piece of news, or counts it as lost where there are too many. */
  hear(news: News): void {
    this.#characters += news.entry?.text.length ?? 0
    if (this.#news.length < eventsMax && this.#characters < newsCharactersMax) this.#news.push(news)
    else this.#lost += 1
  }

  /** Forgets what has been gathered. */
  clear(): void {
    this.#news = []
    this.#characters = 0
    this.#lost = 0
  }

  /** What has been gathered, in the order it was heard, and how much is missing from it. */
  async take(): Promise<{ readonly arrived: readonly Arrived[]; readonly lost: number }> {
    const heard = this.#news
    let lost = this.#lost
    this.clear()
    const arrived: Arrived[] = []
    for (const news of heard) {
      try {
        const one = await this.#arrived(news)
        if (one !== undefined) arrived.push(one)
      } catch (error) {
        this.#ports.events({ event: 'fault', during: 'reading for who looks in', error })
        lost += 1
      }
    }
    return { arrived, lost }
  }

  async #arrived({ conversation, position: at, entry: given }: News): Promise<Arrived | undefined> {
    const { store, look } = this.#ports
    const known = await store.find(conversation)
    if (known === undefined) return undefined
    const before = { after: position(at - 1) }
    const entry =
      given === undefined
        ? (await look.entries(conversation, before, { entries: 1, characters: 1 }))?.entries[0]
        : lookEntryOf(given)
    if (entry === undefined) return undefined
    return arrivedOf(conversation, known.bot, entry)
  }
}

/** An entry that has been read. */
export function arrivedOf(conversation: ConversationId, bot: BotId, entry: LookEntry): Arrived {
  let made: LiveEvents['records'] | undefined
  const event = () => {
    made ??= { conversation, bot, record: recordOf(entry, undefined, liveCharactersMax) }
    return made
  }
  return { conversation, bot, entry, event }
}
