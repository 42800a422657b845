/**
 * A window of a client in the simulation.
 */
import type { Listener } from '../../src/domain/cursor.ts'
import type { ConversationGrant } from '../../src/domain/grant.ts'
import type { Cursor } from '../../src/domain/hub.ts'
import { markOf, type Sighting } from '../../torture/history.ts'
import type { Life } from './domain-life.ts'

/** An activity as it is shown: what the simulation looks at. */
export type WireActivity = {
  readonly id: string
  readonly channelData?: unknown
  readonly replyToId?: string
  readonly timestamp: string
}

/** A window of a client: it applies each set together with its watermark. */
export class SimulatedWindow implements Listener {
  readonly grant: ConversationGrant
  readonly user = undefined
  readonly name: string
  readonly seen: Sighting[] = []
  watermark = 0
  life: Life | undefined
  cursor: Cursor | undefined
  room = 1
  stallsAfter = 1

  constructor(grant: ConversationGrant, name: string) {
    this.grant = grant
    this.name = name
  }

  send(frame: string): boolean {
    if (this.life === undefined || this.life.isOver) return true
    const set = JSON.parse(frame) as { activities: readonly WireActivity[]; watermark?: string }
    this.apply(set.activities, set.watermark)
    this.room -= 1
    return this.room > 0
  }

  apply(activities: readonly WireActivity[], watermark: string | undefined): void {
    for (const { id, channelData } of activities) this.seen.push({ id, mark: markOf(channelData) })
    if (watermark !== undefined) this.watermark = Number(watermark)
  }

  close(): void {
    this.life = undefined
  }

  cut(): void {
    this.cursor?.end()
    this.cursor = undefined
    this.life = undefined
  }

  drain(): void {
    this.room = this.stallsAfter
    this.cursor?.resume()
  }
}
