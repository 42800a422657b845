/**
 * Where the service's time goes: the closed loop with 64 messages in flight, and the functions that took the most
 * time themselves, of each thread.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CpuProfile, readProfile, selfTimes } from './cpu-profile.ts'
import type { Say } from './figures.ts'
import { makeFolder } from './folder.ts'
import { startBot } from './load/bot.ts'
import { openTalkers } from './load/talker.ts'
import { measureLoop } from './rows/closed-loop.ts'
import type { Scale } from './scale.ts'
import { startLandline } from './side.ts'

const inFlight = 64
const functionsShown = 25
/** How many rounds of the closed loop are watched. */
const rounds = 5
/** Microseconds between two looks. */
const intervalUs = 500

/** Runs the loop under V8's sampling profiler and tells what it saw. */
export async function profile(scale: Scale, say: Say): Promise<string> {
  await using bot = await startBot()
  await using store = await makeFolder()
  await using profiles = await makeFolder()
  const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${profiles.path}`, `--cpu-prof-interval=${intervalUs}`]
  const landline = await startLandline(bot.url, store.path, { nodeArgs })
  const talkers = await openTalkers(landline, inFlight)
  say('profile: warming up')
  await measureLoop(landline, talkers, scale.warmMs)
  say('profile: watching')
  const beganUs = monotonicUs()
  const { perSecond, cpuUs } = await measureLoop(landline, talkers, scale.loopMs * rounds)
  const endedUs = monotonicUs()
  for (const talker of talkers) talker.close()
  // Profiles are written when the process ends.
  await landline.stop()
  const names = (await readdir(profiles.path)).filter(name => name.endsWith('.cpuprofile'))
  const read = await Promise.all(
    names.map(async name => readProfile(await readFile(join(profiles.path, name), 'utf8'))),
  )
  const head = `${perSecond.toFixed(0)} round trips/s with ${inFlight} in flight, ${cpuUs.toFixed(0)} µs of the service's CPU each. The profiler itself slows it down.\n`
  return head + read.map(one => section(one, beganUs, endedUs)).join('')
}

/** On Linux V8 stamps its samples with the same clock. */
const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n)

function section(read: CpuProfile, beganUs: number, endedUs: number): string {
  const { totalUs, busyUs, functions } = selfTimes(read, beganUs, endedUs)
  const thread = functions.some(({ place }) => place.includes('adapters/sqlite/writer.ts'))
    ? 'writing thread'
    : 'main thread'
  const lines = functions
    .slice(0, functionsShown)
    .map(
      ({ name, place, selfUs }) =>
        `${(selfUs / 1000).toFixed(0).padStart(7)} ms ${((selfUs / busyUs) * 100).toFixed(1).padStart(5)} %  ${name}  ${place}`,
    )
  const busy = ((busyUs / totalUs) * 100).toFixed(0)
  return `\n${thread}: busy ${busy} % of ${(totalUs / 1000).toFixed(0)} ms; time in a function itself, as a part of the busy time\n${lines.join('\n')}\n`
}
