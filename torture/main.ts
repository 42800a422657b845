/**
 * `npm run torture`: the service under kills, power cuts, full disks and bad bots, with an oracle that knows what must
 * have come of it. Prints figures; exits with 0 only if every checker is clean.
 */
import { runTorture } from './command.ts'
import { leaveNothing } from './world.ts'

process.once('exit', leaveNothing)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { stderr, stdout } = process

/** One line that is written over; on its own line now and then where nobody can write over it. */
const everyMs = stderr.isTTY ? 100 : 10_000
let toldMs = 0
const progress = (line: string) => {
  if (performance.now() - toldMs < everyMs) return
  toldMs = performance.now()
  stderr.write(stderr.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
}
const print = (text: string) => {
  if (stderr.isTTY) stderr.write('\r\x1b[2K')
  stdout.write(text)
}

process.exitCode = await runTorture(process.argv.slice(2), print, progress)
// Connections that clients keep open for another call would hold the process for a while.
process.exit()
