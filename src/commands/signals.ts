/**
 * What a running service does when it is signalled: stops in order, or reads its settings again.
 */
import { changedSettings, type ReadSettings, readSettings, type SettingSources, SettingsError } from '../config.ts'
import { exitCodes } from './failure.ts'
import type { Running } from './running.ts'

/**
 * Stops on SIGINT and SIGTERM: the first stops the service in order and ends the process with 0; a second one ends it
 * at once, which loses nothing acknowledged. Answers what does the same for a key of the terminal.
 */
export function stopOnSignals(running: Running): () => void {
  let stopping = false
  const onSignal = () => {
    if (stopping) process.exit(exitCodes.interrupted)
    stopping = true
    running.stop().then(
      () => process.exit(exitCodes.done),
      (error: unknown) => {
        say(`stopping failed: ${error instanceof Error ? error.message : String(error)}`)
        process.exit(exitCodes.unexpected)
      },
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return onSignal
}

/**
 * Reads bots and sites again on SIGHUP, and names what has changed and needs a restart. While the service is still
 * starting, that waits until it is up.
 *
 * @param read the settings it starts with
 */
export function reloadOnSignal(starting: Promise<Running>, read: ReadSettings, sources: SettingSources): void {
  let last = Promise.resolve()
  const started = read
  process.on('SIGHUP', () => {
    last = last.then(() => reload(starting, started, sources))
  })
}

async function reload(starting: Promise<Running>, started: ReadSettings, sources: SettingSources): Promise<void> {
  // Of a start that fails whoever began it hears.
  const running = await starting.catch(() => undefined)
  if (running === undefined) return
  try {
    const read = readSettings(sources)
    for (const warning of read.warnings) say(warning)
    const { added, changed: touched, removed } = await running.landline.reload(read.settings.bots)
    const told = Object.entries({ added, changed: touched, removed }).filter(([, ids]) => ids.length > 0)
    say(
      `Bots and sites were read again: ${told.map(([how, ids]) => `${how} ${ids.join(', ')}`).join('; ') || 'nothing is new'}`,
    )
    const changed = changedSettings(started, read)
    if (changed.length > 0) say(`These changed too, and take a restart: ${changed.join(', ')}`)
  } catch (error) {
    const lines = error instanceof SettingsError ? error.message.split('\n') : [String(error)]
    say('Nothing was changed, because the settings can’t be read:')
    for (const line of lines) say(line)
  }
}

/** To whoever reads the log: standard error is where a service speaks. */
const say = (text: string) => process.stderr.write(`landline: ${text}\n`)
