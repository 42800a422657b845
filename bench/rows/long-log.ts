/**
 * A conversation as long as one may be: read page by page, and replayed whole over a socket.
 */
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { inTime } from '../../test/support/until.ts'
import { type Figure, interleaved, inWords, median, type Say } from '../figures.ts'
import { appendTo, fillAtOnce, startWritten, type Written } from '../fill.ts'
import { HttpPool } from '../load/http-line.ts'
import { comeBack } from '../load/return.ts'
import { type Opened, openConversations, Talker } from '../load/talker.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'
import { fillFloor } from './storm.ts'

const timeoutMs = 120_000

/** Runs the row. */
export async function longLog(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const activities = scale.longLog
  say(`long log: writing ${activities} activities into one conversation`)
  let written: readonly Written[] = []
  await using rig = await openRig({
    prepare: async dir => {
      await using store = await openSqliteStore({ dir })
      written = await startWritten(store, 1)
      await appendTo(store, written, activities, fillAtOnce)
    },
  })
  await fillFloor(rig.floor, written, activities)
  const ids = written.map(({ id }) => id)
  const [floor] = await openConversations(rig.floor, ids)
  const [landline] = await openConversations(rig.Landline, ids)
  if (floor === undefined || landline === undefined) throw new Error('The long conversation can not be opened.')
  const figure = async (id: string, what: string, measure: (side: Side, opened: Opened) => Promise<void>) => {
    const measurements = {
      floor: () => timed(measure(rig.floor, floor)),
      Landline: () => timed(measure(rig.Landline, landline)),
    }
    await interleaved(1, measurements, () => say(`long log, ${what}: warming up`))
    const rounds = await interleaved(scale.rounds, measurements, round => say(`long log, ${what}: ${round}`))
    return {
      id: `long.${id}`,
      what: `a conversation of ${inWords(activities)} activities: ${what}`,
      unit: 'ms',
      value: median(rounds.Landline),
      baseline: median(rounds.floor),
    } satisfies Figure
  }
  return [
    await figure('pages', 'read page by page', readPages),
    await figure('replay', 'replayed over a socket', (side, opened) => replay(side, opened, activities)),
  ]
}

async function readPages(side: Side, opened: Opened): Promise<void> {
  const reader = new Talker(side, opened)
  await reader.readAll()
  reader.close()
}

async function replay(side: Side, opened: Opened, activities: number): Promise<void> {
  const pool = new HttpPool(side)
  const line = await comeBack(pool, opened, activities)
  line.close()
  pool.close()
}

async function timed(work: Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await inTime('a long conversation to be read', work, timeoutMs)
  return performance.now() - startedMs
}
