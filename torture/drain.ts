/**
 * Stopping under load: SIGTERM while turns are under way. Turns in flight end well, the bot's replies are taken until
 * they have, every socket gets a close frame, and the process ends with 0 in time.
 */
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atLeast, atMost, type Part, pause } from './world.ts'

const stopsOfFullRun = 6

/** How long the bot thinks before it replies, at most; it ends its turn only after its replies: milliseconds. */
const thinksMsMax = 700

/** What a stop may take beyond the turns that are under way, and with none at all: milliseconds. */
const stopMs = 2_000

/** Runs the part. */
export const drain: Part = async ({ dice, scale, folder, tell }) => {
  const stops = Math.max(1, Math.round(stopsOfFullRun * scale))
  await using bot = new Bot({ dice: dice.apart('bot'), repliesFirst: true, thinksMsMax })
  const service = await serviceFor(bot, await folder())
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 16,
    flaky: false,
    pauseMsMax: 30,
  })
  const failures: string[] = []
  const tookMs: number[] = []
  let inFlight = 0
  try {
    await service.start()
    const idle = await service.stop()
    if (idle.code !== 0) failures.push(`a stop with nothing to do ended with ${idle.code}`)
    await service.start()
    await crowd.begin()
    for (let stop = 1; stop <= stops; stop += 1) {
      await pause(300 + dice.below(600))
      inFlight += bot.turnsUnderWay
      const { code, ms } = await service.stop()
      tookMs.push(ms)
      if (code !== 0) failures.push(`stop ${stop} ended with ${code}: ${service.output}`)
      if (bot.turnsUnderWay > 0) failures.push(`stop ${stop} left ${bot.turnsUnderWay} turns without an end`)
      await service.start()
      tell(`${stop} of ${stops} stops`)
    }
    const refusedReplies = bot.retries
    const repeatedTurns = bot.repeatedTurns
    const codes = crowd.windows.flatMap(({ closeCodes }) => closeCodes)
    const { figures, failures: found } = await verdictOn(crowd, bot)
    return {
      figures: [
        { name: 'stops under load', value: stops },
        atLeast('turns under way at a stop', inFlight, 1),
        atMost('longest stop, turns included', Math.max(...tookMs), thinksMsMax * 2 + stopMs, ' ms'),
        atMost('stop with nothing to do', idle.ms, stopMs, ' ms'),
        { name: 'sockets closed with 1001', value: codes.filter(code => code === 1001).length },
        atMost('sockets closed otherwise', codes.filter(code => code !== 1001).length, 0),
        atMost('replies refused or cut', refusedReplies, 0),
        atMost('turns the bot was posted twice', repeatedTurns, 0),
        ...figures,
      ],
      failures: [...failures, ...found],
    }
  } finally {
    await service.kill()
  }
}
