/**
 * The looking thread: reads for people on a connection of its own, one thing after another, so that whoever looks in
 * holds up no message and no commit.
 */
import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { FromLooker, LookerSetup, ToLooker } from './look-commands.ts'
import { Looking } from './looking.ts'

/** How long it waits for a lock that somebody else's tool holds before it fails: milliseconds. */
const busyTimeoutMs = 1_000

/** Page cache of the connection: KiB. */
const cacheKibibytes = 8 * 1024

function serve(port: MessagePort, { file }: LookerSetup): void {
  const database = new DatabaseSync(file, { readOnly: true })
  // A mapped page would turn a read error into a signal that ends the process.
  database.exec(`PRAGMA mmap_size = 0; PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA cache_size = ${-cacheKibibytes}`)
  const looking = new Looking(database)
  const answer = (message: FromLooker) => port.postMessage(message)
  port.on('message', (message: ToLooker) => {
    if (message === 'close') {
      // Without its port nothing keeps the thread alive.
      port.close()
      database.close()
      return
    }
    try {
      answer({ result: looking.look(message) })
    } catch (error) {
      answer({ error: error instanceof Error ? error : new Error(String(error)) })
    }
  })
}

if (parentPort !== null) serve(parentPort, workerData as LookerSetup)
