/**
 * Turns in memory: gone with the process. They are few, because the newest are in memory anyway.
 */
import { type KeptTurn, reachMax, type TurnStore } from '../../domain/turn-port.ts'
import type { ConversationId } from '../../protocol/ids.ts'

/** Turns kept; of more, the oldest are forgotten. */
const turnsMax = 200

/** Keeps turns as long as the process lives. Each call has taken effect when it returns its promise. */
export class MemoryTurns implements TurnStore {
  /** In the order they were first put. */
  readonly #turns = new Map<string, KeptTurn>()

  async putTurns(turns: readonly KeptTurn[]): Promise<void> {
    for (const turn of turns) {
      const before = this.#turns.get(turn.id)
      const isErased = before !== undefined && before.exchange === undefined
      this.#turns.set(turn.id, isErased ? { ...turn, exchange: undefined } : turn)
    }
    await this.forgetTurns(Number.NEGATIVE_INFINITY, turnsMax, this.#turns.size)
  }

  async turn(id: string): Promise<Pick<KeptTurn, 'text' | 'exchange'> | undefined> {
    return this.#turns.get(id)
  }

  async turnsAbout(conversation: ConversationId, from: number, to: number, max: number): Promise<readonly string[]> {
    const found = this.#of(conversation).filter(
      ({ first, last }) =>
        first !== undefined && last !== undefined && first >= from - reachMax && first <= to && last >= from,
    )
    return found.slice(-max).map(({ text }) => text)
  }

  async eraseExchanges(conversation: ConversationId, position: number): Promise<void> {
    for (const turn of this.#of(conversation)) {
      const { id, first, last } = turn
      if (first !== undefined && last !== undefined && first <= position && last >= position)
        this.#turns.set(id, { ...turn, exchange: undefined })
    }
  }

  async forgetTurns(beforeMs: number, keep: number, max: number): Promise<number> {
    let forgotten = 0
    let looked = 0
    for (const { id, startedMs } of this.#turns.values()) {
      looked += 1
      if (looked > max) break
      if (startedMs >= beforeMs && this.#turns.size <= keep) continue
      this.#turns.delete(id)
      forgotten += 1
    }
    return forgotten
  }

  /** Every turn, in the order they were first put. */
  get all(): Iterable<KeptTurn> {
    return this.#turns.values()
  }

  /** Forgets the turns of a conversation that is gone. */
  forget(conversation: ConversationId): void {
    for (const { id } of this.#of(conversation)) this.#turns.delete(id)
  }

  #of(conversation: ConversationId): readonly KeptTurn[] {
    return [...this.#turns.values()].filter(turn => turn.conversation === conversation)
  }
}
