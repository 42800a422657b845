/**
 * Which conversations mention some words: the database finds what may, and it is looked at here, where upper and lower
 * case of every script are known.
 */
import type { ConversationId } from '../../protocol/ids.ts'
import { contains, textOf } from '../../protocol/said.ts'
import type { Connections } from './connections.ts'
import { likeOf } from './look-filter.ts'
import { unbound } from './text.ts'

/** How many entries of one conversation are looked at before the others have had their turn. */
const entriesMax = 50

type EntryRow = readonly [id: ConversationId, position: number, rest: string]

/** Looks for words. */
export class Mentions {
  readonly #database: Connections

  constructor(database: Connections) {
    this.#database = database
  }

  /** Those of some conversations whose id begins with the words, or in which a member's id or a text contains them. @param words in lower case */
  async among(ids: readonly ConversationId[], words: string): Promise<ReadonlySet<ConversationId>> {
    const found = new Set(ids.filter(id => id.toLowerCase().startsWith(words)))
    const members = await this.#database.read<[ConversationId, string]>(sql.members, [others(ids, found)])
    for (const [id, member] of members) if (contains(unbound(member), words)) found.add(id)
    await this.#inTexts(others(ids, found), words, found)
    return found
  }

  /** From the newest entry to the oldest, until something is found or nothing is left. */
  async #inTexts(ids: readonly ConversationId[], words: string, found: Set<ConversationId>): Promise<void> {
    let befores = new Map<ConversationId, number>(ids.map(id => [id, positionMax]))
    while (befores.size > 0) {
      const values = [[...befores.keys()], [...befores.values()], likeOf(words)]
      const rows = await this.#database.read<EntryRow>(sql.entries, values)
      const counts = new Map<ConversationId, number>()
      for (const [id, at, rest] of rows) {
        counts.set(id, (counts.get(id) ?? 0) + 1)
        befores.set(id, at)
        if (!found.has(id) && contains(textOf(`{${unbound(rest)}`), words)) found.add(id)
      }
      befores = new Map([...befores].filter(([id]) => counts.get(id) === entriesMax && !found.has(id)))
    }
  }
}

/** Beyond every position. */
const positionMax = 2_147_483_647

const others = (ids: readonly ConversationId[], found: ReadonlySet<ConversationId>): readonly ConversationId[] =>
  ids.filter(id => !found.has(id))

const sql = {
  members: {
    name: 'landline look members',
    text: 'SELECT conversation, id FROM landline.members WHERE conversation = ANY ($1::text[])',
  },
  entries: {
    name: 'landline look words',
    text: `SELECT given.id, e.position, e.rest FROM unnest($1::text[], $2::integer[]) AS given (id, before), LATERAL (
        SELECT position, rest FROM landline.entries WHERE conversation = given.id AND position < given.before
          AND state = 0 AND rest COLLATE "C" ILIKE $3 ORDER BY position DESC LIMIT ${entriesMax}
      ) e ORDER BY given.id, e.position DESC`,
  },
}
