/**
 * What has been revoked, and how long that must be remembered: until every token it concerns has expired anyway.
 *
 * Nothing is looked up as long as nothing is revoked; otherwise a few keys in one map. A revocation by time concerns
 * what was issued up to its moment, and whatever is issued later is dated later, even within the same millisecond or
 * after the clock has been set back.
 */
import { ProtocolError } from '../protocol/errors.ts'
import { type BotId, type ConversationId, readConversationId, type SiteId } from '../protocol/ids.ts'
import type { Clock } from './ports.ts'
import { changeSetting } from './setting-change.ts'
import type { SettingStore } from './setting-port.ts'
import { nameOf } from './sites.ts'

/** What a token or ticket stems from. Each part can be revoked, and with it everything that stems from it. */
export type Lineage = {
  readonly bot: BotId
  readonly site: SiteId
  readonly conversation: ConversationId
  /** The id of the first token of its chain. */
  readonly family: string
  /** The id of the secret at the beginning. Undefined where a token does not tell. */
  readonly secret: string | undefined
  /** Milliseconds since 1970. */
  readonly issuedMs: number
}

/** What can be revoked. */
export type Revocable =
  | { readonly what: 'family'; readonly family: string }
  | { readonly what: 'secret'; readonly bot: BotId; readonly site: SiteId; readonly secret: string }
  | { readonly what: 'site'; readonly bot: BotId; readonly site: SiteId }
  | { readonly what: 'conversation'; readonly conversation: ConversationId }
  /** The conversation is gone for good: no token begins it anew. */
  | { readonly what: 'gone'; readonly conversation: ConversationId }

/** Revocations in force at one time. Each is for one token, conversation, secret or site. */
const revocationsMax = 5_000

/** A token's life may have been longer before the last start: what is revoked is remembered at least this long, in milliseconds. */
const leastMemoryMs = 24 * 60 * 60 * 1000

type Entry = {
  readonly key: string
  /** Concerns what was issued up to here: milliseconds since 1970. */
  readonly untilMs: number
  /** When it may be forgotten: milliseconds since 1970. */
  readonly endsMs: number
}

/** The setting in which they are kept. */
export const revocationsSetting = 'revocations'

/** How the key of a conversation begins that is gone for good. */
const gonePrefix = 'gone '

/** The revocations in force. */
export class Revocations {
  readonly #store: SettingStore
  readonly #clock: Clock
  readonly #memoryMs: number
  readonly #aheadMs: number
  readonly #entries = new Map<string, Entry>()
  /** The latest date that anything known was issued at. */
  #latestMs = 0
  #saved: Promise<void> = Promise.resolve()

  /**
   * @param ports.tokenLifeMs how long a token is taken after it was issued
   * @param ports.aheadMs how far the clocks of other nodes, which issue tokens too, may be ahead of ours. Not given:
   *   there are none
   */
  constructor(ports: { store: SettingStore; clock: Clock; tokenLifeMs: number; aheadMs?: number }) {
    this.#store = ports.store
    this.#clock = ports.clock
    this.#aheadMs = ports.aheadMs ?? 0
    this.#memoryMs = Math.max(ports.tokenLifeMs, leastMemoryMs)
  }

  /**
   * Takes up what is kept: what was revoked before the last start, or on another node. Answers the conversations that
   * are gone and were not known to be.
   */
  async takeUp(): Promise<readonly ConversationId[]> {
    const kept = readEntries(await this.#store.setting(revocationsSetting))
    const isNews = (key: string) => key.startsWith(gonePrefix) && !this.#entries.has(key)
    const gone = kept.flatMap(({ key }) =>
      isNews(key) ? (readConversationId(key.slice(gonePrefix.length)) ?? []) : [],
    )
    for (const entry of kept) this.#entries.set(entry.key, later(entry, this.#entries.get(entry.key)))
    this.#forgetPast()
    return gone
  }

  /** Why a token or ticket is refused, or undefined if it is not. */
  refusal(lineage: Lineage): 'revoked' | 'gone' | undefined {
    if (this.#entries.size === 0) return undefined
    const { conversation, issuedMs } = lineage
    const covers = (key: string) => issuedMs <= (this.#entries.get(key)?.untilMs ?? Number.NEGATIVE_INFINITY)
    if (covers(keyOf({ what: 'gone', conversation }))) return 'gone'
    return keysOf(lineage).some(covers) ? 'revoked' : undefined
  }

  /** The date of what is issued now: later than every revocation that would concern it. Milliseconds since 1970. */
  issue(lineage: Omit<Lineage, 'issuedMs'>): number {
    let atMs = this.#clock.nowMs()
    if (this.#entries.size > 0) {
      for (const key of datedKeysOf(lineage)) atMs = Math.max(atMs, (this.#entries.get(key)?.untilMs ?? 0) + 1)
    }
    this.note(atMs)
    return atMs
  }

  /** Something issued at this time is about: what is revoked from now on concerns it, whatever the clock says. */
  note(issuedMs: number): void {
    if (issuedMs > this.#latestMs) this.#latestMs = issuedMs
  }

  /**
   * Revokes. In effect when it returns its promise, and over restarts when that resolves.
   *
   * @throws ProtocolError `Unacceptable` if too much is revoked already; what the store throws
   */
  async revoke(revocable: Revocable): Promise<void> {
    this.#forgetPast()
    const keys = [keyOf(revocable), ...(revocable.what === 'secret' ? [untoldKey(revocable)] : [])]
    if (this.#entries.size + keys.length > revocationsMax && !keys.every(key => this.#entries.has(key))) {
      throw new ProtocolError('Unacceptable', 'Too many revocations are in force: revoke a whole site instead.')
    }
    const nowMs = Math.max(this.#clock.nowMs(), this.#latestMs)
    const isForAll = revocable.what === 'family' || revocable.what === 'gone'
    for (const key of keys) {
      // What another node has issued since the last time may be dated one later than that.
      const datedMs = Math.max(nowMs + this.#aheadMs, (this.#entries.get(key)?.untilMs ?? 0) + 1)
      const untilMs = isForAll || key.startsWith('secret') ? Number.MAX_SAFE_INTEGER : datedMs
      this.#entries.set(key, { key, untilMs, endsMs: nowMs + this.#aheadMs + this.#memoryMs })
    }
    await this.#save()
  }

  /**
   * One write after another, each of all there is then: none can put back what a later one has added. What others have
   * added meanwhile stays, and is taken up when this node hears of it.
   */
  #save(): Promise<void> {
    const saved = this.#saved.then(() =>
      changeSetting(this.#store, revocationsSetting, text => {
        const nowMs = this.#clock.nowMs()
        const all = new Map(this.#entries)
        for (const entry of readEntries(text)) all.set(entry.key, later(entry, all.get(entry.key)))
        return { next: JSON.stringify([...all.values()].filter(({ endsMs }) => endsMs > nowMs)), result: undefined }
      }),
    )
    // Whoever revoked hears of it.
    this.#saved = saved.catch(() => undefined)
    return saved
  }

  #forgetPast(): void {
    const nowMs = this.#clock.nowMs()
    for (const { key, endsMs } of this.#entries.values()) if (endsMs <= nowMs) this.#entries.delete(key)
  }
}

const readEntries = (text: string | undefined): readonly Entry[] =>
  text === undefined ? [] : (JSON.parse(text) as readonly Entry[])

/** Of two that are about the same, what either concerns for as long as either lasts. */
const later = (one: Entry, other: Entry | undefined): Entry => ({
  key: one.key,
  untilMs: Math.max(one.untilMs, other?.untilMs ?? 0),
  endsMs: Math.max(one.endsMs, other?.endsMs ?? 0),
})

function keyOf(revocable: Revocable): string {
  switch (revocable.what) {
    case 'family':
      return `family ${revocable.family}`
    case 'secret':
      return `secret ${revocable.secret} ${nameOf(revocable.bot, revocable.site)}`
    case 'site':
      return `site ${nameOf(revocable.bot, revocable.site)}`
    case 'conversation':
      return `conversation ${revocable.conversation}`
    case 'gone':
      return `${gonePrefix}${revocable.conversation}`
    default:
      return revocable satisfies never
  }
}

/** A token that does not tell its secret may stem from the one that is revoked. */
const untoldKey = ({ bot, site }: Pick<Lineage, 'bot' | 'site'>): string => `untold ${nameOf(bot, site)}`

/** What concerns a lineage up to a date. */
const datedKeysOf = ({ bot, site, conversation, secret }: Omit<Lineage, 'issuedMs'>): readonly string[] => [
  keyOf({ what: 'conversation', conversation }),
  keyOf({ what: 'site', bot, site }),
  ...(secret === undefined ? [untoldKey({ bot, site })] : []),
]

/** What concerns a lineage. */
const keysOf = (lineage: Lineage): readonly string[] => [
  ...datedKeysOf(lineage),
  keyOf({ what: 'family', family: lineage.family }),
  ...(lineage.secret === undefined ? [] : [keyOf({ ...lineage, what: 'secret', secret: lineage.secret })]),
]
