/**
 * Every request asks for its conversation first. Those who ask at the same time share a query: each is answered by one
 * that began after it was called, so nothing that had been acknowledged then is missing.
 */
import type { Conversation } from '../../domain/ports.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import type { Reading } from './reading.ts'

/** How many conversations one query may ask for, and how many queries are under way at once. */
const idsMax = 256
const queriesMax = 2

type Asked = {
  readonly id: ConversationId
  readonly resolve: (found: Conversation | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Finds conversations. */
export class Finds {
  readonly #reading: Reading
  #asked: Asked[] = []
  #underWay = 0
  #collecting = false

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** The conversation as it is now, or undefined. */
  find(id: ConversationId): Promise<Conversation | undefined> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ id, resolve, reject })
      if (this.#collecting) return
      this.#collecting = true
      setImmediate(() => {
        this.#collecting = false
        this.#send()
      })
    })
  }

  #send(): void {
    while (this.#asked.length > 0 && this.#underWay < queriesMax) {
      const asked = this.#asked.splice(0, idsMax)
      this.#underWay += 1
      void this.#ask(asked)
    }
  }

  async #ask(asked: readonly Asked[]): Promise<void> {
    try {
      const found = await this.#reading.conversations([...new Set(asked.map(({ id }) => id))])
      const byId = new Map(found.map(conversation => [conversation.id, conversation]))
      for (const { id, resolve } of asked) resolve(byId.get(id))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    } finally {
      this.#underWay -= 1
      this.#send()
    }
  }
}
