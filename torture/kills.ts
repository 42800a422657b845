/**
 * Kills: the real process under load, ended with SIGKILL at random moments, in the very moment of an acknowledgement,
 * and while it starts; and started again on the same port and folder. Nothing may be lost, doubled or out of order.
 */
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { faultsIn } from './log-file.ts'
import { serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atMost, type Part, pause, quantile } from './world.ts'

/** How many kills a run of full length makes. */
const killsOfFullRun = 200

/** Bounds of what a life of the service may be: milliseconds. */
const lifeMsMax = 300
const startMsMax = 400

/** How long a kill waits for its acknowledgement: milliseconds. */
const acknowledgementTimeoutMs = 2_000

/** How long a start may take to the first acknowledgement: milliseconds, on a machine that does nothing else. */
const backAtWorkMs = { p50: 1_500, p99: 4_000 }

/** Makes the part. @param kills how many; of a full run's number if not given */
export const kills =
  (given: number | undefined): Part =>
  async ({ dice, scale, folder, tell }) => {
    const count = given ?? Math.max(3, Math.round(killsOfFullRun * scale))
    await using bot = new Bot({ dice: dice.apart('bot'), thinksMsMax: 20 })
    const dir = await folder()
    const service = await serviceFor(bot, dir)
    using crowd = new Crowd({
      target: service,
      bot,
      dice: dice.apart('crowd'),
      conversations: scale < 0.5 ? 8 : 24,
      flaky: true,
      pauseMsMax: 30,
    })
    const backMs: number[] = []
    const made = { random: 0, acknowledgement: 0, start: 0 }
    const start = async () => {
      const beganMs = performance.now()
      await service.start()
      // Lives that end sooner than anybody is acknowledged do not count for this figure.
      crowd.whenAcknowledged(() => backMs.push(performance.now() - beganMs))
    }
    try {
      await service.start()
      await crowd.begin()
      while (made.random + made.acknowledgement + made.start < count) {
        const how = dice.below(5)
        if (how === 0) {
          made.random += 1
          await service.kill()
          service.begin()
          await pause(dice.below(startMsMax))
          made.start += 1
        } else if (how < 3) {
          await crowd.acknowledgements(1 + dice.below(60), acknowledgementTimeoutMs)
          made.acknowledgement += 1
        } else {
          await pause(dice.below(lifeMsMax))
          made.random += 1
        }
        await service.kill()
        await start()
        tell(`${made.random + made.acknowledgement + made.start} of ${count} kills, ${crowd.acknowledged} acknowledged`)
      }
      const { figures, failures } = await verdictOn(crowd, bot)
      await service.kill()
      return {
        figures: [
          { name: 'kills', value: made.random + made.acknowledgement + made.start },
          { name: 'at a random moment', value: made.random },
          { name: 'at an acknowledgement', value: made.acknowledgement },
          { name: 'while starting', value: made.start },
          ...figures,
          atMost('start to first acknowledgement, p50', quantile(backMs, 0.5), backAtWorkMs.p50, ' ms'),
          atMost('start to first acknowledgement, p99', quantile(backMs, 0.99), backAtWorkMs.p99, ' ms'),
        ],
        failures: [...failures, ...faultsIn(dir)],
      }
    } finally {
      await service.kill()
    }
  }
