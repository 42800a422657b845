/**
 * Polling: clients without a socket ask again and again for what is new, of which there is nothing, or one activity.
 */
import { inTime } from '../../test/support/until.ts'
import { type Figure, interleaved, loadNote, median, type Say } from '../figures.ts'
import { startConversations, Talker } from '../load/talker.ts'
import { watchLoad } from '../process.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'

type Round = { readonly perSecond: number; readonly loadShare: number }

const lostMs = 30_000

/** What each log holds: one message, asked for from before it or from after it. */
const end = 1
const kinds = [
  { id: 'empty', what: 'empty polls', after: end },
  { id: 'one', what: 'polls that find one activity', after: end - 1 },
] as const

/** Runs the row. */
export async function polling(scale: Scale, say: Say): Promise<readonly Figure[]> {
  await using rig = await openRig()
  const pollers = async (side: Side) => {
    const talkers = (await startConversations(side, scale.pollers)).map(one => new Talker(side, one))
    await Promise.all(talkers.map(talker => talker.send('3.0')))
    return talkers
  }
  const floor = await pollers(rig.floor)
  const landline = await pollers(rig.Landline)
  const figures: Figure[] = []
  for (const { id, what, after } of kinds) {
    const measurements = (ms: number) => ({
      floor: () => measure(floor, after, ms),
      Landline: () => measure(landline, after, ms),
    })
    await interleaved(1, measurements(scale.warmMs), () => say(`${what}: warming up`))
    const rounds = await interleaved(scale.rounds, measurements(scale.pollMs), round => say(`${what}: ${round}`))
    figures.push({
      id: `polling.${id}`,
      what: `${scale.pollers} clients: ${what}`,
      unit: '/s',
      value: median(rounds.Landline.map(({ perSecond }) => perSecond)),
      baseline: median(rounds.floor.map(({ perSecond }) => perSecond)),
      note: loadNote({
        floor: rounds.floor.map(({ loadShare }) => loadShare),
        Landline: rounds.Landline.map(({ loadShare }) => loadShare),
      }),
    })
  }
  for (const talker of [...floor, ...landline]) talker.close()
  return figures
}

async function measure(talkers: readonly Talker[], after: number, ms: number): Promise<Round> {
  let polls = 0
  const loadShare = watchLoad()
  const startedMs = performance.now()
  const untilMs = startedMs + ms
  const ask = async (talker: Talker) => {
    while (performance.now() < untilMs) {
      await talker.poll(after, end)
      polls += 1
    }
  }
  await inTime('answers to polls', Promise.all(talkers.map(ask)), ms + lostMs)
  return { perSecond: (polls / (performance.now() - startedMs)) * 1000, loadShare: loadShare() }
}
