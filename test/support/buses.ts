/**
 * Buses of several processes, as `src/outside.ts` makes them, and what each has heard.
 */

import { LocalBus } from '../../src/adapters/memory/bus.ts'
import { postgresLink } from '../../src/adapters/postgres/bus.ts'
import { redisLink } from '../../src/adapters/redis/bus.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { CarriedBus } from '../../src/domain/carried-bus.ts'
import type { Event } from '../../src/domain/events.ts'
import type { News } from '../../src/domain/ports.ts'
import { Changes } from './until.ts'

/** How news is carried, and where the server is. */
export type Carrier = { readonly kind: 'postgres' | 'redis'; readonly url: string }

/** One process's bus, with everything it has heard and said. */
export type Node = AsyncDisposable & {
  readonly bus: CarriedBus
  readonly heard: readonly News[]
  readonly events: readonly Event[]
  /** Told of each piece of news and each event. */
  readonly changes: Changes
}

/** Opens the bus of a process of this name. */
export async function openNode({ kind, url }: Carrier, node: string): Promise<Node> {
  const heard: News[] = []
  const events: Event[] = []
  const changes = new Changes(() => JSON.stringify({ heard: heard.slice(-5), events }))
  const noting = (event: Event) => {
    events.push(event)
    changes.tell()
  }
  const bus = new CarriedBus({
    local: new LocalBus(error => noting({ event: 'fault', during: 'telling listeners', error })),
    open: kind === 'redis' ? redisLink({ url, node }) : postgresLink({ url, node }),
    clock: systemClock,
    events: noting,
    soon: callback => void setImmediate(callback),
  })
  bus.listen(news => {
    heard.push(news)
    changes.tell()
  })
  await bus.open()
  return { bus, heard, events, changes, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() }
}

/** Resolves once what `from` announces in a conversation is heard at `to`: following takes a moment, and so does coming back. */
export async function hearing(from: Node, to: Node, news: News): Promise<void> {
  const isHeard = () =>
    to.heard.some(one => one.conversation === news.conversation && one.position >= news.position && !('shown' in one))
  const again = setInterval(() => from.bus.announce(news), 20)
  from.bus.announce(news)
  try {
    await to.changes.until(`position ${news.position} at the other bus`, isHeard)
  } finally {
    clearInterval(again)
  }
}
