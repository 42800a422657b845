/**
 * What has been revoked, and how long that must be remembered: until every token it concerns has expired anyway.
 *
 * Nothing is looked up as long as nothing is revoked; otherwise a few keys in one map. A revocation by time concerns
 * what was issued up to its moment, and whatever is issued later is dated later, even within the same millisecond or
 * after the clock has been set back.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { BotId, ConversationId, SiteId } from '../protocol/ids.ts'
import type { Clock, ConversationStore } from './ports.ts'
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

const settingName = 'revocations'

/** The revocations in force. */
export class Revocations {
  readonly #store: ConversationStore
  readonly #clock: Clock
  readonly #memoryMs: number
  readonly #entries = new Map<string, Entry>()
  /** The latest date that anything known was issued at. */
  #latestMs = 0
  #saved: Promise<void> = Promise.resolve()

  /** @param ports.tokenLifeMs how long a token is taken after it was issued */
  constructor(ports: { store: ConversationStore; clock: Clock; tokenLifeMs: number }) {
    this.#store = ports.store
    this.#clock = ports.clock
    this.#memoryMs = Math.max(ports.tokenLifeMs, leastMemoryMs)
  }

  /** Takes up what was revoked before the last start. */
  async load(): Promise<void> {
    const text = await this.#store.setting(settingName)
    const kept = text === undefined ? [] : (JSON.parse(text) as readonly Entry[])
    for (const entry of kept) this.#entries.set(entry.key, entry)
    this.#forgetPast()
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
      const untilMs = isForAll || key.startsWith('secret') ? Number.MAX_SAFE_INTEGER : nowMs
      this.#entries.set(key, { key, untilMs, endsMs: nowMs + this.#memoryMs })
    }
    await this.#save()
  }

  /** One write after another, each of all there is then: none can put back what a later one has added. */
  #save(): Promise<void> {
    const saved = this.#saved.then(() =>
      this.#store.putSetting(settingName, JSON.stringify([...this.#entries.values()])),
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
      return `gone ${revocable.conversation}`
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
