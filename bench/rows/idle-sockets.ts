/**
 * What a socket costs that nothing is said on, its conversation included: memory of the service with ten thousand of
 * them, less what it had before.
 */
import { setTimeout as rest } from 'node:timers/promises'
import type { Figure, Say } from '../figures.ts'
import { openTalkers } from '../load/talker.ts'
import { rssBytes } from '../process.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'

/** Opened and closed beforehand: what a service makes once and keeps is not what a socket costs. */
const warmSockets = 500

/** Memory has settled when it has not moved by more than this part from one look to the next, three times. */
const settledWithin = 0.005
const looksMax = 40
const lookIntervalMs = 500
/** By then connections to the bot have been given up, which sockets do not need. */
const leastMs = 6_000

type Settled = { readonly rss: number; readonly heap: number; readonly external: number }

/** Runs the row. */
export async function idleSockets(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const count = scale.idleSockets
  await using rig = await openRig({ collects: true })
  const measure = async (side: Side) => {
    say(`idle sockets: warming up ${side.name}`)
    for (const talker of await openTalkers(side, Math.min(warmSockets, count))) talker.close()
    const before = await settled(side)
    say(`idle sockets: opening ${count} at ${side.name}`)
    const talkers = await openTalkers(side, count)
    say(`idle sockets: letting ${side.name} settle`)
    const after = await settled(side)
    for (const talker of talkers) talker.close()
    const each = (name: keyof Settled) => (after[name] - before[name]) / count / 1024
    return { rss: each('rss'), heap: each('heap'), external: each('external') }
  }
  const floor = await measure(rig.floor)
  const landline = await measure(rig.Landline)
  return [
    {
      id: 'sockets.memory',
      what: `${count} idle sockets: memory for each`,
      unit: 'KB',
      value: landline.rss,
      baseline: floor.rss,
      note: `${landline.heap.toFixed(1)} KB of it in JavaScript's heap and ${landline.external.toFixed(1)} in buffers; the floor's ${floor.heap.toFixed(1)} and ${floor.external.toFixed(1)}`,
    },
  ]
}

/** Memory when garbage has been collected and nothing moves any more. */
async function settled(side: Side): Promise<Settled> {
  await rest(leastMs)
  let last = Number.NaN
  let still = 0
  for (let look = 1; ; look += 1) {
    const { rss, heapUsed, external } = await side.collect()
    // The system's word for it counts, where there is one: it is what an operator sees.
    const seen = rssBytes(side.pid)
    const now = Number.isNaN(seen) ? rss : seen
    still = Math.abs(now - last) <= last * settledWithin ? still + 1 : 0
    last = now
    if (still >= 3 || look >= looksMax) return { rss: now, heap: heapUsed, external }
    await rest(lookIntervalMs)
  }
}
