/**
 * The reconnect storm: everybody's network is back at once. Each client asks for a new stream from the beginning and
 * opens it; the storm is over when every socket has been sent its whole log.
 */
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { inTime } from '../../test/support/until.ts'
import { type Figure, interleaved, loadNote, median, type Say } from '../figures.ts'
import { appendTo, fillAtOnce, startWritten, type Written } from '../fill.ts'
import { HttpPool } from '../load/http-line.ts'
import { comeBack } from '../load/return.ts'
import type { StreamLine } from '../load/stream-line.ts'
import { atOnce, type Opened, openConversations } from '../load/talker.ts'
import { watchLoad } from '../process.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'

type Round = { readonly ms: number; readonly loadShare: number }

/**
 * Clients on their way in at a time. Without a limit the system's queue of connections overflows, and what is
 * measured is its one second until the next try.
 */
const comingAtOnce = 256

const stormTimeoutMs = 60_000

/** Runs the row. */
export async function storm(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const { stormSockets: sockets, stormActivities: activities } = scale
  say(`reconnect storm: writing ${sockets} logs`)
  let written: readonly Written[] = []
  await using rig = await openRig({
    prepare: async dir => {
      await using store = await openSqliteStore({ dir })
      written = await startWritten(store, sockets)
      await appendTo(store, written, sockets * activities, fillAtOnce)
    },
  })
  await fillFloor(rig.floor, written, activities)
  const ids = written.map(({ id }) => id)
  const before = {
    floor: await openConversations(rig.floor, ids),
    Landline: await openConversations(rig.Landline, ids),
  }
  const measurements = {
    floor: () => measure(rig.floor, before.floor, activities),
    Landline: () => measure(rig.Landline, before.Landline, activities),
  }
  await interleaved(1, measurements, () => say('reconnect storm: warming up'))
  const rounds = await interleaved(scale.rounds, measurements, round => say(`reconnect storm: ${round}`))
  return [
    {
      id: 'storm',
      what: `${sockets} sockets come back, ${activities} activities each`,
      unit: 'ms',
      value: median(rounds.Landline.map(({ ms }) => ms)),
      baseline: median(rounds.floor.map(({ ms }) => ms)),
      note: loadNote({
        floor: rounds.floor.map(({ loadShare }) => loadShare),
        Landline: rounds.Landline.map(({ loadShare }) => loadShare),
      }),
    },
  ]
}

/** Gives the floor the same logs. */
export async function fillFloor(floor: Side, written: readonly Written[], activities: number): Promise<void> {
  const pool = new HttpPool(floor)
  const [first] = written
  const ids = written.map(({ id }) => id)
  await pool.call('POST', '/fill', { json: { ids, activities, rest: first?.activity.rest } })
  pool.close()
}

async function measure(side: Side, conversations: readonly Opened[], activities: number): Promise<Round> {
  const pool = new HttpPool(side)
  const lines: StreamLine[] = []
  const loadShare = watchLoad()
  const startedMs = performance.now()
  const everybody = atOnce(conversations, comingAtOnce, async conversation => {
    lines.push(await comeBack(pool, conversation, activities))
  })
  await inTime(`everybody to be back at ${side.name}`, everybody, stormTimeoutMs)
  const round = { ms: performance.now() - startedMs, loadShare: loadShare() }
  pool.close()
  for (const line of lines) line.close()
  return round
}
