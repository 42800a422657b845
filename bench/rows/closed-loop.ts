/**
 * The closed loop: in each conversation one message is in flight, from the client's POST to the bot, back by the
 * Connector, and to the client's socket. The next follows when both the answer and the reply have come.
 */
import { inTime } from '../../test/support/until.ts'
import { type Figure, interleaved, loadNote, median, quantile, type Say } from '../figures.ts'
import { openTalkers, type Talker } from '../load/talker.ts'
import { cpuMs, watchLoad } from '../process.ts'
import type { Scale } from '../scale.ts'
import { openRig, type Side } from '../side.ts'

/** What one round has measured. */
export type Round = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU of the service's process for each round trip: microseconds. */
  readonly cpuUs: number
  /** How much of one core the load itself has taken. */
  readonly loadShare: number
}

/** A reply that takes longer is taken for lost: milliseconds. */
const lostMs = 30_000

/** Runs the row. */
export async function closedLoop(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const count of scale.conversations) {
    // A new pair each time: the floor keeps all it has heard, and grows slower with it.
    await using rig = await openRig()
    const floor = await openTalkers(rig.floor, count)
    const landline = await openTalkers(rig.Landline, count)
    say(`closed loop, ${count} conversations: warming up`)
    await measureLoop(rig.floor, floor, scale.warmMs)
    await measureLoop(rig.Landline, landline, scale.warmMs)
    const rounds = await interleaved(
      scale.rounds,
      {
        floor: () => measureLoop(rig.floor, floor, scale.loopMs),
        Landline: () => measureLoop(rig.Landline, landline, scale.loopMs),
      },
      round => say(`closed loop, ${count} conversations: ${round}`),
    )
    for (const talker of [...floor, ...landline]) talker.close()
    figures.push(...figuresOf(count, rounds))
  }
  return figures
}

/** Lets everybody talk for a while. */
export async function measureLoop(side: Side, talkers: readonly Talker[], ms: number): Promise<Round> {
  const took: number[] = []
  const loadShare = watchLoad()
  const cpuBefore = cpuMs(side.pid)
  const startedMs = performance.now()
  const untilMs = startedMs + ms
  const talk = async (talker: Talker) => {
    while (performance.now() < untilMs) took.push(await talker.roundTrip())
  }
  await inTime(`replies through ${side.name}`, Promise.all(talkers.map(talk)), ms + lostMs)
  const tookMs = performance.now() - startedMs
  return {
    perSecond: (took.length / tookMs) * 1000,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    cpuUs: ((cpuMs(side.pid) - cpuBefore) * 1000) / took.length,
    loadShare: loadShare(),
  }
}

function figuresOf(count: number, rounds: { readonly floor: Round[]; readonly Landline: Round[] }): readonly Figure[] {
  const value = (side: 'floor' | 'Landline', name: keyof Round) => median(rounds[side].map(round => round[name]))
  const figure = (id: string, what: string, unit: Figure['unit'], name: keyof Round, note?: string): Figure => ({
    id: `loop.${count}.${id}`,
    what: `${count} in flight: ${what}`,
    unit,
    value: value('Landline', name),
    baseline: value('floor', name),
    ...(note === undefined ? {} : { note }),
  })
  const added = (id: string, what: string, name: keyof Round): Figure => ({
    id: `loop.${count}.${id}`,
    what: `${count} in flight: time added to the floor, ${what}`,
    unit: 'ms',
    value: value('Landline', name) - value('floor', name),
  })
  const shares = (side: 'floor' | 'Landline') => rounds[side].map(({ loadShare }) => loadShare)
  return [
    figure(
      'rate',
      'round trips',
      '/s',
      'perSecond',
      loadNote({ floor: shares('floor'), Landline: shares('Landline') }),
    ),
    figure('p50', 'p50 of the reply on the socket', 'ms', 'p50Ms'),
    figure('p99', 'p99 of the reply on the socket', 'ms', 'p99Ms'),
    figure('cpu', 'CPU of the service for a round trip', 'µs', 'cpuUs'),
    ...(count === 1 ? [added('added50', 'p50', 'p50Ms'), added('added99', 'p99', 'p99Ms')] : []),
  ]
}
