/**
 * The log as simply as it can be said: an array for each conversation, in which nothing is ever changed, and every
 * answer is worked out from the whole array. The oracle of the simulation.
 */
import type { Append, Conversation, Page, Replace, Replaced } from '../../src/domain/ports.ts'
import { placed } from '../../src/protocol/activity.ts'
import type { BotId, ConversationId, UserId } from '../../src/protocol/ids.ts'
import { activityIdAt, position } from '../../src/protocol/watermark.ts'

type Logged = { request: Append; target: number; timestampMs: number; text: string; erases: boolean }

/** One conversation. */
export class ModelLog {
  readonly head: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>
  readonly log: Logged[] = []
  readonly settled = new Set<number>()
  members: { id: UserId; told: boolean }[] = []
  botTold = false
  seenMs: number

  constructor(head: Pick<Conversation, 'id' | 'bot' | 'site' | 'locale'>, atMs: number) {
    this.head = head
    this.seenMs = atMs
  }

  get lastTimestampMs(): number {
    return Math.max(0, ...this.log.map(logged => logged.timestampMs))
  }

  append(request: Append & Partial<Replace>): Replaced {
    const known = request.key === undefined ? -1 : this.log.findIndex(logged => logged.request.key === request.key)
    if (known >= 0)
      return { outcome: 'repeated', ...this.#named(known + 1), turn: this.settled.has(known + 1) ? 'accepted' : 'open' }
    const first = request.target === undefined ? undefined : this.log[request.target - 1]
    const versions = this.log.filter(logged => logged.target === request.target)
    if (request.target !== undefined && (first?.target !== request.target || versions.some(({ erases }) => erases))) {
      return { outcome: 'missing' }
    }
    const at = this.log.length + 1
    const timestampMs = first?.timestampMs ?? Math.max(request.atMs, this.lastTimestampMs + 1)
    const target = request.target ?? at
    const text = placed(request.activity.rest, activityIdAt(this.head.id, position(target)), timestampMs)
    this.log.push({ request, target, timestampMs, text, erases: request.erase ?? false })
    this.seenMs = Math.max(this.seenMs, request.atMs)
    return { outcome: 'appended', entry: this.#entry(at), id: this.#named(at).id, timestampMs }
  }

  /** What is shown, in order: the newest version of each. */
  get shown() {
    return this.log
      .map((_, at) => this.#entry(at + 1))
      .filter(({ position: at }) => this.entryAt(this.log[at - 1]?.target ?? 0)?.position === at)
  }

  entryAt(target: number) {
    const newest = this.log.findLastIndex(logged => logged.target === target)
    return newest < 0 ? undefined : this.#entry(newest + 1)
  }

  read(after: number, limits: { entries: number; characters: number }): Page {
    const rest = this.shown.filter(entry => entry.position > after)
    const charactersUpTo = (at: number) => rest.slice(0, at + 1).reduce((sum, { text }) => sum + text.length, 0)
    const beyond = rest.findIndex((_, at) => at > 0 && charactersUpTo(at) > limits.characters)
    const count = Math.min(limits.entries, beyond < 0 ? rest.length : beyond)
    const entries = rest.slice(0, count)
    const more = count < rest.length
    return { entries, end: position(more ? (entries.at(-1)?.position ?? 0) : this.log.length), more }
  }

  #named(at: number) {
    const logged = this.log[at - 1]
    if (logged === undefined) throw new Error('the model lost an entry')
    return {
      position: position(at),
      id: activityIdAt(this.head.id, position(logged.target)),
      timestampMs: logged.timestampMs,
    }
  }

  #entry(at: number) {
    const logged = this.log[at - 1]
    return { position: position(at), text: logged?.text ?? '', audience: logged?.request.activity.audience }
  }
}

/** All conversations. */
export class Model extends Map<ConversationId, ModelLog> {
  /** The conversation if it is this bot's. */
  of(bot: BotId, conversation: ConversationId): ModelLog | undefined {
    const log = this.get(conversation)
    return log?.head.bot === bot ? log : undefined
  }
}
