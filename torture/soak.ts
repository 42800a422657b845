/**
 * A soak: steady load for a long time with conversations coming and going, and the process's memory, handles and waits
 * watched. Flat means that the last third is as the second one, within bounds that are printed beside it: the first
 * third is left to caches that fill.
 */
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import type { ConversationHistory } from './history.ts'
import { findings, isClean, judge } from './oracle.ts'
import { openHandles, residentMebibytes, serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atMost, type Figure, type Part, pause, quantile } from './world.ts'

/** How long a full soak takes, and how often it is looked at: milliseconds and times. */
const soakMs = 600_000
const samplesMax = 120
const sampleMsMin = 1_000

const conversationsAtOnce = 24

/** A conversation leaves and another one joins this often: milliseconds. */
const churnMs = 700

/** A shorter soak is only told, not judged: it is over before the caches have filled. Milliseconds. */
const judgedMsMin = 60_000

/** What the last third may be: so many times the second one, and so much on top of it. */
const flat = {
  memory: { times: 1.1, plus: 10, unit: ' MiB' },
  handles: { times: 1.1, plus: 10, unit: '' },
  p50: { times: 1.25, plus: 3, unit: ' ms' },
  p99: { times: 1.5, plus: 15, unit: ' ms' },
} as const

type Sample = { readonly [Name in keyof typeof flat]: number | undefined }

/** Runs the part. */
export const soak: Part = async ({ dice, scale, folder, tell }) => {
  await using bot = new Bot({ dice: dice.apart('bot'), thinksMsMax: 10 })
  const service = await serviceFor(bot, await folder())
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: conversationsAtOnce,
    flaky: true,
    pauseMsMax: 200,
  })
  const ms = soakMs * scale
  const sampleMs = Math.max(sampleMsMin, ms / samplesMax)
  const samples: Sample[] = []
  const failures: string[] = []
  let left = 0
  try {
    await service.start()
    await crowd.begin()
    const endMs = performance.now() + ms
    const churn = (async () => {
      while (performance.now() < endMs) {
        await pause(churnMs)
        const group = crowd.groups[dice.below(crowd.groups.length)]
        if (group === undefined) continue
        await crowd.join(`c${conversationsAtOnce + left + 1}`)
        failures.push(...foundIn(await crowd.leave(group)))
        left += 1
      }
    })()
    while (performance.now() < endMs) {
      samples.push(await sample(crowd, service.pid, sampleMs))
      const { memory, handles, p99 } = samples.at(-1) ?? {}
      tell(
        `${Math.max(0, (endMs - performance.now()) / 1000).toFixed(0)} s left, ${crowd.acknowledged} acknowledged, ${memory?.toFixed(0)} MiB, ${handles} handles, p99 ${p99?.toFixed(1)} ms`,
      )
    }
    await churn
    const acknowledged = crowd.acknowledged
    const verdict = await verdictOn(crowd, bot)
    return {
      figures: [
        { name: 'soaked for', value: `${(ms / 1000).toFixed(0)} s` },
        { name: 'acknowledged to people', value: acknowledged },
        { name: 'conversations that came and went', value: left },
        ...thirds(samples, ms >= judgedMsMin),
        ...verdict.figures.filter(({ bar }) => bar !== undefined),
      ],
      failures: [...failures.slice(0, 10), ...verdict.failures],
      ...(samples.some(({ memory }) => memory === undefined)
        ? { skipped: ['this system does not tell memory and handles of a process'] }
        : {}),
    }
  } finally {
    await service.kill()
  }
}

async function sample(crowd: Crowd, pid: number, ms: number): Promise<Sample> {
  const before = new Map(crowd.talkers.map(talker => [talker, talker.tookMs.length]))
  await pause(ms)
  const took = crowd.talkers.flatMap(talker => talker.tookMs.slice(before.get(talker) ?? 0))
  return {
    memory: await residentMebibytes(pid),
    handles: await openHandles(pid),
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
  }
}

/** The medians of the three thirds, the last judged by the second. */
function thirds(samples: readonly Sample[], isJudged: boolean): readonly Figure[] {
  const third = Math.floor(samples.length / 3)
  const parts = [samples.slice(0, third), samples.slice(third, 2 * third), samples.slice(2 * third)]
  return (Object.keys(flat) as (keyof typeof flat)[]).flatMap(name => {
    const { times, plus, unit } = flat[name]
    const [first = 0, second = 0, last = 0] = parts.map(part =>
      quantile(
        part.flatMap(one => one[name] ?? []),
        0.5,
      ),
    )
    return [
      { name: `${name}, first and second third`, value: `${first.toFixed(1)} → ${second.toFixed(1)}${unit}` },
      isJudged
        ? atMost(`${name}, last third`, last, second * times + plus, unit)
        : { name: `${name}, last third`, value: `${last.toFixed(1)}${unit}` },
    ]
  })
}

function foundIn(history: ConversationHistory): readonly string[] {
  const verdict = judge([history])
  return isClean(verdict) ? [] : findings.flatMap(kind => verdict[kind].map(finding => `${kind}: ${finding}`))
}
