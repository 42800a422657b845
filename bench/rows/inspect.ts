/**
 * What watching turns costs: the closed loop through a service that watches them as `serve` does, against one that
 * watches nothing, and one that keeps bodies as `dev` does.
 */
import assert from 'node:assert/strict'
import { type Figure, interleaved, median, type Say } from '../figures.ts'
import { makeFolder } from '../folder.ts'
import { startBot } from '../load/bot.ts'
import { openTalkers } from '../load/talker.ts'
import type { Scale } from '../scale.ts'
import { type Side, startWatched } from '../side.ts'
import { measureLoop, type Round } from './closed-loop.ts'

const inFlight = 64

/**
 * Processes of each kind, which take turns: what one is compiled to, and where it lies in memory, makes it some hundredths
 * faster or slower than another of its kind for as long as it lives, which is as much as is to be measured.
 */
const processes = 3

/** Runs the row. */
export async function inspect(scale: Scale, say: Say): Promise<readonly Figure[]> {
  await using opened = new AsyncDisposableStack()
  const bot = opened.use(await startBot())
  const start = async (watched: 'off' | 'none' | 'full') => {
    const side: Side = await startWatched(bot.url, opened.use(await makeFolder()).path, watched)
    opened.defer(() => side.stop())
    const talkers = await openTalkers(side, inFlight)
    opened.defer(() => {
      for (const talker of talkers) talker.close()
    })
    await measureLoop(side, talkers, scale.warmMs)
    return () => measureLoop(side, talkers, scale.loopMs)
  }
  const inTurn = async (watched: 'off' | 'none' | 'full') => {
    const measures: (() => Promise<Round>)[] = []
    while (measures.length < processes) measures.push(await start(watched))
    let round = 0
    return () => measures[round++ % processes]?.() ?? assert.fail()
  }
  say('inspect: warming up')
  const measurements = { off: await inTurn('off'), none: await inTurn('none'), full: await inTurn('full') }
  // One difference of a few hundredths takes more rounds than one of halves.
  const rounds = await interleaved(scale.rounds * processes, measurements, round => say(`inspect: ${round}`))
  return (['none', 'full'] as const).flatMap(watched => figuresOf(watched, rounds[watched], rounds.off))
}

function figuresOf(watched: 'none' | 'full', on: readonly Round[], off: readonly Round[]): readonly Figure[] {
  const what = watched === 'none' ? 'turns watched, no bodies kept' : 'turns watched, bodies kept'
  const value = (rounds: readonly Round[], name: keyof Round) => median(rounds.map(round => round[name]))
  const figure = (id: string, told: string, unit: Figure['unit'], name: keyof Round): Figure => ({
    id: `inspect.${watched}.${id}`,
    what: `${what}: ${told}`,
    unit,
    value: value(on, name),
    baseline: value(off, name),
    note: 'the baseline watches nothing',
  })
  return [
    figure('rate', 'round trips', '/s', 'perSecond'),
    figure('cpu', 'CPU of the service for a round trip', 'µs', 'cpuUs'),
  ]
}
