/**
 * Sends only: what a message costs that the bot accepts and does not reply to, in the words of Direct Line 3.0 and of
 * 1.1, beside the floor.
 */
import { inTime } from '../../test/support/until.ts'
import { type Figure, interleaved, median, quantile, type Say } from '../figures.ts'
import { startConversations, Talker } from '../load/talker.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'

type Round = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number }

const lostMs = 30_000

/** Runs the row. */
export async function sends(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const count of scale.senders) {
    await using rig = await openRig()
    const talkers = async (side: Side) => (await startConversations(side, count)).map(one => new Talker(side, one))
    const floor = await talkers(rig.floor)
    const v3 = await talkers(rig.Landline)
    const v1 = await talkers(rig.Landline)
    const measurements = (ms: number) => ({
      floor: () => measure(floor, '3.0', ms),
      v3: () => measure(v3, '3.0', ms),
      v1: () => measure(v1, '1.1', ms),
    })
    await interleaved(1, measurements(scale.warmMs), () => say(`sends, ${count} senders: warming up`))
    const rounds = await interleaved(scale.rounds, measurements(scale.sendMs), round =>
      say(`sends, ${count} senders: ${round}`),
    )
    for (const talker of [...floor, ...v3, ...v1]) talker.close()
    const value = (api: keyof typeof rounds, name: keyof Round) => median(rounds[api].map(round => round[name]))
    const added = (value('v1', 'p50Ms') / value('v3', 'p50Ms') - 1) * 100
    for (const api of ['v3', 'v1'] as const) {
      const name = api === 'v3' ? '3.0' : '1.1'
      figures.push(
        {
          id: `sends.${count}.${api}.rate`,
          what: `${count} senders by ${name}: sends`,
          unit: '/s',
          value: value(api, 'perSecond'),
          baseline: value('floor', 'perSecond'),
        },
        {
          id: `sends.${count}.${api}.p50`,
          what: `${count} senders by ${name}: p50 of a send`,
          unit: 'ms',
          value: value(api, 'p50Ms'),
          baseline: value('floor', 'p50Ms'),
          ...(api === 'v1' ? { note: `1.1 adds ${added.toFixed(1)} % to the p50 of 3.0` } : {}),
        },
      )
    }
  }
  return figures
}

async function measure(talkers: readonly Talker[], api: '3.0' | '1.1', ms: number): Promise<Round> {
  const took: number[] = []
  const startedMs = performance.now()
  const untilMs = startedMs + ms
  const talk = async (talker: Talker) => {
    while (performance.now() < untilMs) took.push(await talker.send(api))
  }
  await inTime('answers to sends', Promise.all(talkers.map(talk)), ms + lostMs)
  const seconds = (performance.now() - startedMs) / 1000
  return { perSecond: took.length / seconds, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }
}
