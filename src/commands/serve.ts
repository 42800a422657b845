/**
 * `landline serve`: the service for others than the person who starts it. It says what it decided, one line each, and
 * never anything that only a person at a terminal could use.
 */
import type { Flags } from '../config.ts'
import { type CommonOptions, type Definition, withManners } from './context.ts'
import { Output } from './output.ts'
import { readOrFail, sourcesOf, withSettings } from './settings-flags.ts'

/** Adds the command. */
export const serve: Definition = (command, context) => {
  withManners(withSettings(command)).action(async (flags: Flags & CommonOptions) => {
    const { reloadOnSignal, stopOnSignals } = await import('./signals.ts')
    context.survivePipe()
    const out = new Output(flags)
    const sources = sourcesOf(flags, context, 'serve')
    const read = readOrFail(sources)
    const starting = import('./running.ts').then(({ startService }) => startService(read, context))
    // Whoever runs it may have it read its settings again before it is up.
    reloadOnSignal(starting, read, sources)
    for (const warning of read.warnings) process.stderr.write(`landline: ${warning}\n`)
    const running = await starting
    stopOnSignals(running)
    const { startLines } = await import('./greeting.ts')
    for (const line of startLines(running, read.file)) if (flags.quiet !== true) out.line(line)
  })
}
