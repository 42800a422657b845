/**
 * A clock that jumps, forth and back, under load: order and timestamps hold, no token is refused that has not truly
 * expired, and no socket is closed. The service runs in this process, where its clock can be moved.
 */
import { startApp } from '../test/support/app.ts'
import { call } from '../test/support/http.ts'
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { verdictOn } from './verdict.ts'
import { atMost, type Part, pause } from './world.ts'

/** The jumps, one after another. Tokens live half an hour, and the clock never gets that far ahead. */
const minuteMs = 60_000
const jumpsMs = [
  -10 * minuteMs,
  10 * minuteMs,
  25 * minuteMs,
  -20 * minuteMs,
  -5_000,
  5_000,
  -10 * minuteMs,
  1,
  12 * minuteMs,
]

/** How long everybody goes on between two jumps: milliseconds. */
const betweenMs = 600

/** Beyond the life of every token: milliseconds. */
const beyondMs = 40 * minuteMs

/** Runs the part. */
export const clockJumps: Part = async ({ dice, scale, folder, tell }) => {
  await using bot = new Bot({ dice: dice.apart('bot'), thinksMsMax: 10 })
  await using app = await startApp({
    bot: await bot.listen(),
    dir: await folder(),
    settings: { rateLimits: false },
  })
  using crowd = new Crowd({
    target: app,
    bot,
    dice: dice.apart('crowd'),
    conversations: 12,
    flaky: false,
    pauseMsMax: 30,
  })
  await crowd.begin()
  let jumps = 0
  for (const jump of jumpsMs) {
    app.advanceClock(jump)
    jumps += 1
    tell(`${jumps} jumps`)
    await pause(Math.max(150, betweenMs * scale))
  }
  const closed = crowd.windows.flatMap(({ closeCodes }) => closeCodes).length
  const { figures, failures } = await verdictOn(crowd, bot)
  const [group] = crowd.groups
  app.advanceClock(beyondMs)
  const expired = await call(`${app.base}/conversations/${group?.address.conversation}/activities`, {
    bearer: group?.address.token,
  })
  return {
    figures: [
      { name: 'jumps', value: jumps },
      atMost('sockets closed by a jump', closed, 0),
      { name: 'a token past its end is answered', value: expired.status, bar: '403', isMet: expired.status === 403 },
      ...figures,
    ],
    failures,
  }
}
